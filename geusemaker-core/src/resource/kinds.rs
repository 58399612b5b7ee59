//! The lookup of any resource and the dispatch to its kind, generated from the table in `kind.rs`.
//!
//! To add a kind, write its file with a `Lookup` that implements [`Kind`](super::kind::Kind), declare the file in
//! `resource/mod.rs`, and add one line to the table.

use std::fmt;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::kind::{Kind, Sharing};
use super::observed::Observed;
use super::protection::Protection;
use super::tagged::TaggedResource;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::kind::{ResourceKind, for_all_kinds};
use crate::wait::Expected;

macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident => $file:ident,)+) => {
        /// The lookup of a resource of any kind, as the journal stores it.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case")]
        pub(crate) enum AnyLookup {
            $($kind(super::$file::Lookup),)+
        }

        $(impl From<super::$file::Lookup> for AnyLookup {
            fn from(lookup: super::$file::Lookup) -> Self {
                Self::$kind(lookup)
            }
        })+

        impl AnyLookup {
            pub(crate) fn kind(&self) -> ResourceKind {
                match self {
                    $(Self::$kind(_) => ResourceKind::$kind,)+
                }
            }

            /// Returns the name by which the resource is looked up, if it has one that people know.
            pub(crate) fn name(&self) -> Option<&str> {
                match self {
                    $(Self::$kind(lookup) => lookup.name(),)+
                }
            }

            /// Returns the id of the resource, if AWS shows one.
            pub(crate) async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
                none_if_not_found(match self {
                    $(Self::$kind(lookup) => find(lookup, aws).await,)+
                })
            }
        }

        impl ResourceKind {
            /// Returns the expected duration of a deletion.
            pub(crate) fn deletion(self) -> Expected {
                match self {
                    $(Self::$kind => super::$file::Lookup::DELETION,)+
                }
            }

            /// Returns the kinds whose resources are deleted first.
            pub(crate) fn after(self) -> &'static [Self] {
                match self {
                    $(Self::$kind => super::$file::Lookup::AFTER,)+
                }
            }

            /// Returns the kinds that block a deletion as long as one of their resources is left.
            pub(crate) fn blocked_by(self) -> &'static [Self] {
                match self {
                    $(Self::$kind => super::$file::Lookup::BLOCKED_BY,)+
                }
            }

            /// Returns the filter of the network interfaces that may be in the way of the deletion.
            pub(crate) fn holders(self, id: &str) -> Option<(&'static str, &str)> {
                match self {
                    $(Self::$kind => super::$file::Lookup::holders(id),)+
                }
            }

            /// Returns the way to ask who else lives on a resource.
            pub(crate) fn shared(self) -> Option<Sharing> {
                match self {
                    $(Self::$kind => super::$file::Lookup::SHARED,)+
                }
            }

            /// Returns true if a resource can be protected against its deletion.
            pub(crate) fn is_protectable(self) -> bool {
                match self {
                    $(Self::$kind => super::$file::Lookup::IS_PROTECTABLE,)+
                }
            }

            /// Returns the protection because of which AWS would refuse the deletion, if there is one.
            pub(crate) async fn protection(
                self,
                aws: &Reader,
                id: &str,
            ) -> Result<Option<Protection>, AwsError> {
                none_if_not_found(match self {
                    $(Self::$kind => protection::<super::$file::Lookup>(aws, id).await,)+
                })
            }

            /// Returns the AWS CLI command that deletes a resource of this kind by hand.
            #[must_use]
            pub fn removal_command(self, id: &str, region: &str) -> String {
                match self {
                    $(Self::$kind => super::$file::Lookup::removal_command(id, region),)+
                }
            }

            /// Returns the state that AWS reports, or `None` if the resource does not exist.
            pub(crate) async fn observe(
                self,
                aws: &Reader,
                id: &str,
            ) -> Result<Option<String>, AwsError> {
                none_if_not_found(match self {
                    $(Self::$kind => observe::<super::$file::Lookup>(aws, id).await,)+
                })
            }

            /// Returns the description that AWS has of a resource, or `None` if AWS knows none.
            pub(crate) async fn describe(
                self,
                aws: &Reader,
                id: &str,
            ) -> Result<Option<Observed>, AwsError> {
                none_if_not_found(match self {
                    $(Self::$kind => describe::<super::$file::Lookup>(aws, id).await,)+
                })
            }

            /// Returns the states in which a resource does its work.
            pub(crate) fn working(self) -> &'static [&'static str] {
                match self {
                    $(Self::$kind => super::$file::Lookup::WORKING,)+
                }
            }

            /// Sends the delete request once.
            pub(crate) async fn delete(
                self,
                aws: &Writer,
                reader: &Reader,
                id: &str,
            ) -> Result<(), AwsError> {
                match self {
                    $(Self::$kind => delete::<super::$file::Lookup>(aws, reader, id).await,)+
                }
            }
        }

        impl fmt::Display for ResourceKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$kind => super::$file::Lookup::NAME,)+
                })
            }
        }

        /// Returns all resources in the account and region that carry this program's tags, those of a deployment in the
        /// order of the table. AWS may not show resources that are only seconds old.
        pub(crate) async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
            let ($($file,)+) = futures::try_join!($(of_kind::<super::$file::Lookup>(aws)),+)?;
            let mut all = [$($file),+].concat();
            all.sort_by(|a, b| (&a.stack, &a.deployment).cmp(&(&b.stack, &b.deployment)));
            Ok(all)
        }
    };
}

for_all_kinds!(kinds);

// The futures of the kinds are large. Each is made in a function of its own, so that no stack frame holds all of them.

fn find<'a, K: Kind>(
    lookup: &'a K,
    aws: &'a Reader,
) -> BoxFuture<'a, Result<Option<String>, AwsError>> {
    lookup.find(aws).boxed()
}

fn observe<'a, K: Kind>(
    aws: &'a Reader,
    id: &'a str,
) -> BoxFuture<'a, Result<Option<String>, AwsError>> {
    K::observe(aws, id).boxed()
}

fn describe<'a, K: Kind>(
    aws: &'a Reader,
    id: &'a str,
) -> BoxFuture<'a, Result<Option<Observed>, AwsError>> {
    K::describe(aws, id).boxed()
}

fn protection<'a, K: Kind>(
    aws: &'a Reader,
    id: &'a str,
) -> BoxFuture<'a, Result<Option<Protection>, AwsError>> {
    K::protection(aws, id).boxed()
}

fn delete<'a, K: Kind>(
    aws: &'a Writer,
    reader: &'a Reader,
    id: &'a str,
) -> BoxFuture<'a, Result<(), AwsError>> {
    K::delete(aws, reader, id).boxed()
}

fn of_kind<K: Kind>(aws: &Reader) -> BoxFuture<'_, Result<Vec<TaggedResource>, AwsError>> {
    K::tagged(aws).boxed()
}

fn none_if_not_found<T>(answer: Result<Option<T>, AwsError>) -> Result<Option<T>, AwsError> {
    match answer {
        Err(error) if error.is_not_found() => Ok(None),
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::super::security_group_rule::Source;
    use super::super::{distribution, security_group, security_group_rule};
    use super::*;

    /// A removal begins with the top of the table, so that no kind waits for one below it.
    #[test]
    fn kinds_stand_in_removal_order() {
        for (place, kind) in ResourceKind::ALL.iter().enumerate() {
            for earlier in kind.after().iter().chain(kind.blocked_by()) {
                assert!(
                    ResourceKind::ALL[..place].contains(earlier),
                    "{kind:?} after {earlier:?}"
                );
            }
        }
    }

    /// Journals that earlier versions have written must stay readable.
    #[test]
    fn lookup_format_is_unchanged() {
        let caller_reference = "gm-1".to_owned();
        let distribution = distribution::Lookup { caller_reference };
        let group = security_group::Lookup {
            vpc: "vpc-0a1".parse().unwrap(),
            name: "llm-alb".to_owned(),
            deployment: "0123456789ab".parse().unwrap(),
        };
        let rule = security_group_rule::Lookup {
            group: "sg-0a1".parse().unwrap(),
            port: 80,
            source: Source::PrefixList("pl-0a1".parse().unwrap()),
        };
        for (lookup, json) in [
            (
                AnyLookup::from(distribution),
                r#"{"kind":"distribution","caller_reference":"gm-1"}"#,
            ),
            (
                AnyLookup::from(group),
                r#"{"kind":"security-group","vpc":"vpc-0a1","name":"llm-alb","deployment":"0123456789ab"}"#,
            ),
            (
                AnyLookup::from(rule),
                r#"{"kind":"security-group-rule","group":"sg-0a1","port":80,"source":{"prefix-list":"pl-0a1"}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&lookup).unwrap(), json);
            assert_eq!(serde_json::from_str::<AnyLookup>(json).unwrap(), lookup);
        }
    }
}
