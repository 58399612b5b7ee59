//! The policies of CloudFront: what is cached, what the load balancer gets, and which headers an answer gets.

use super::policy_id::PolicyId;
use crate::spec::error::SpecError;

/// Declares a kind of policy: the managed ones that have a word in a spec, and those that are named by their id.
macro_rules! policies {
    (
        $(#[$attribute:meta])*
        $kind:ident, $what:literal {
            $($(#[$doc:meta])+ $name:ident = $word:literal => $id:expr,)+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $kind {
            $($(#[$doc])+ $name,)+
            /// The policy of this id, which `gm plan` looks for in the account.
            Id(PolicyId),
        }

        impl $kind {
            const WORDS: &[&str] = &[$($word),+];

            /// Returns the id of the policy; none if there is none.
            pub(crate) fn id(&self) -> Option<&str> {
                match self {
                    $(Self::$name => $id,)+
                    Self::Id(id) => Some(id.as_str()),
                }
            }

            /// Returns the id, if the spec names the policy by it.
            pub(crate) fn named_by_id(&self) -> Option<&PolicyId> {
                match self {
                    $(Self::$name => None,)+
                    Self::Id(id) => Some(id),
                }
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $word,)+
                    Self::Id(id) => id.as_str(),
                })
            }
        }

        impl std::str::FromStr for $kind {
            type Err = SpecError;

            fn from_str(text: &str) -> Result<Self, SpecError> {
                match text {
                    $($word => Ok(Self::$name),)+
                    _ => match text.parse() {
                        Ok(id) => Ok(Self::Id(id)),
                        Err(_) => Err(unknown(text, $what, Self::WORDS)),
                    },
                }
            }
        }

        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

// The ids of the managed policies.
//
// Source: Amazon CloudFront Developer Guide, "Use managed cache policies", "Use managed origin request policies" and "Use
// managed response headers policies".
policies! {
    /// The policy that says what CloudFront caches, and what tells two answers apart.
    ///
    /// ```
    /// use geusemaker_core::spec::CachePolicy;
    ///
    /// assert_eq!("optimized".parse::<CachePolicy>()?, CachePolicy::Optimized);
    /// assert!("658327ea-f89d-4fab-a63d-7e88639e58f6".parse::<CachePolicy>().is_ok());
    /// let error = "aggressive".parse::<CachePolicy>().unwrap_err();
    /// assert!(error.message().starts_with("\"aggressive\" is not a cache policy: expected \"disabled\""));
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    CachePolicy, "cache policy" {
        /// CachingDisabled: nothing is cached.
        Disabled = "disabled" => Some("4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
        /// CachingOptimized: answers are cached for a day, or as they say, and compressed. Their path alone tells them
        /// apart.
        Optimized = "optimized" => Some("658327ea-f89d-4fab-a63d-7e88639e58f6"),
        /// UseOriginCacheControlHeaders: answers are cached if they say so. Their path, the viewer's Host and all
        /// cookies tell them apart; the application gets no query string.
        Origin = "origin" => Some("83da9c7e-98b4-4e11-a168-04f0df8e2c65"),
        /// UseOriginCacheControlHeaders-QueryStrings: the same, and the query string counts too.
        OriginWithQuery = "origin-with-query" => Some("4cc15a8a-d715-48a4-82b8-cc0b614638fe"),
    }
}

policies! {
    /// The policy that says which parts of a request the load balancer gets, beside those of the cache policy.
    ///
    /// ```
    /// use geusemaker_core::spec::OriginRequestPolicy;
    ///
    /// assert_eq!("all-viewer".parse::<OriginRequestPolicy>()?, OriginRequestPolicy::AllViewer);
    /// assert_eq!(OriginRequestPolicy::HostOnly.to_string(), "host-only");
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    OriginRequestPolicy, "policy for requests to the origin" {
        /// Nothing beside the parts of the cache policy.
        None = "none" => Option::None,
        /// AllViewer: all headers with the viewer's Host, all cookies, and the query string.
        AllViewer = "all-viewer" => Some("216adef6-5c7f-47e4-b989-5492eafa07d3"),
        /// AllViewerExceptHostHeader: the same, but Host is the name of the load balancer.
        AllViewerExceptHost = "all-viewer-except-host" => Some("b689b0a8-53d0-40ab-baf2-68738e2966ac"),
        /// AllViewerAndCloudFrontHeaders-2022-06: all of the viewer's, and what CloudFront knows of the viewer.
        AllViewerAndCloudFront = "all-viewer-and-cloudfront" => Some("33f36d7e-f396-46d9-90e0-52428a34d9dc"),
        /// HostHeaderOnly: the viewer's Host, and no cookies or query string.
        HostOnly = "host-only" => Some("bf0718e1-ba1e-49d1-88b1-f726733018ae"),
    }
}

policies! {
    /// The policy that says which headers CloudFront adds to an answer.
    ///
    /// ```
    /// use geusemaker_core::spec::ResponseHeadersPolicy;
    ///
    /// assert_eq!("security".parse::<ResponseHeadersPolicy>()?, ResponseHeadersPolicy::Security);
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    ResponseHeadersPolicy, "policy for headers of answers" {
        /// No header is added.
        None = "none" => Option::None,
        /// SecurityHeadersPolicy: Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options and the like.
        Security = "security" => Some("67f7725c-6f97-4210-82d7-5512b31e9d03"),
        /// SimpleCORS: pages of every site may read the answer.
        Cors = "cors" => Some("60669652-455b-4ae9-85a4-c4c02393f86c"),
        /// CORS-With-Preflight: the same, with every method.
        CorsWithPreflight = "cors-with-preflight" => Some("5cc3b908-e619-4b99-88e5-2cf7f45965bd"),
        /// CORS-and-SecurityHeadersPolicy.
        CorsAndSecurity = "cors-and-security" => Some("e61eb60c-9c35-4d20-a928-2b84e02af89c"),
        /// CORS-with-preflight-and-SecurityHeadersPolicy.
        CorsWithPreflightAndSecurity = "cors-with-preflight-and-security" => Some("eaab4381-ed33-4a86-88ca-d9558dc6cd63"),
    }
}

fn unknown(text: &str, what: &str, words: &[&str]) -> SpecError {
    let words: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
    SpecError::new(format!(
        "{text:?} is not a {what}: expected {}, or the id of one, as in \"658327ea-f89d-4fab-a63d-7e88639e58f6\"",
        words.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn words_and_ids_are_read_back() {
        for word in CachePolicy::WORDS {
            assert_eq!(word.parse::<CachePolicy>().unwrap().to_string(), *word);
        }
        let id = "0a1b2c3d-0000-4000-8000-0123456789ab";
        let policy: OriginRequestPolicy = id.parse().unwrap();
        assert_eq!(policy.id(), Some(id));
        assert_eq!(policy.named_by_id().map(PolicyId::as_str), Some(id));
        assert_eq!(OriginRequestPolicy::None.id(), None);
        assert_eq!(ResponseHeadersPolicy::Security.named_by_id(), None);
    }

    #[test]
    fn managed_policies_have_own_ids() {
        let parsed = |words: &[&str], id: fn(&str) -> Option<String>| -> Vec<String> {
            words.iter().filter_map(|word| id(word)).collect()
        };
        let cache = parsed(CachePolicy::WORDS, |word| {
            word.parse::<CachePolicy>().unwrap().id().map(str::to_owned)
        });
        let request = parsed(OriginRequestPolicy::WORDS, |word| {
            let policy: OriginRequestPolicy = word.parse().unwrap();
            policy.id().map(str::to_owned)
        });
        let headers = parsed(ResponseHeadersPolicy::WORDS, |word| {
            let policy: ResponseHeadersPolicy = word.parse().unwrap();
            policy.id().map(str::to_owned)
        });
        let all: Vec<_> = [cache, request, headers].concat();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|id| id.parse::<PolicyId>().is_ok()));
    }
}
