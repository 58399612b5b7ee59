//! Cache behaviors: the settings for the requests of a path pattern.

use http::Method;

use super::freshness::Limits;
use super::path_pattern::PathPattern;
use super::response_headers::ResponseHeaders;
use super::selection::{Names, Selection};
use crate::sim::cloudfront::at_edges::{
    cache_policy, items, origin_request_policy, response_headers_policy,
};
use crate::wire::xml::Element;

/// A cache behavior.
#[derive(Clone, Debug)]
pub(super) struct Behavior {
    /// None for the default behavior.
    pattern: Option<PathPattern>,
    /// The id of the origin.
    pub(super) origin: String,
    pub(super) protocol: ViewerProtocol,
    allowed: Vec<String>,
    cached: Vec<String>,
    pub(super) compresses: bool,
    pub(super) limits: Limits,
    /// The encodings whose support by viewers is in the cache key.
    pub(super) encodings: Encodings,
    /// The parts of requests that are in the cache key. They go to the origin too.
    pub(super) key: Selection,
    /// The further parts that go to the origin.
    pub(super) forwarded: Selection,
    /// True for the older settings, with which most headers go to the origin.
    pub(super) is_legacy: bool,
    pub(super) response_headers: Option<ResponseHeaders>,
}

/// The protocols that viewers may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ViewerProtocol {
    Any,
    HttpsOnly,
    RedirectToHttps,
}

/// Encodings for compressed responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Encodings {
    pub(super) brotli: bool,
    pub(super) gzip: bool,
}

impl Encodings {
    /// Returns those that both have.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            brotli: self.brotli && other.brotli,
            gzip: self.gzip && other.gzip,
        }
    }

    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl Behavior {
    pub(super) fn read(element: &Element) -> Self {
        let text = |name: &str| element.text_at(&[name]).unwrap_or_default();
        let policy = element.text_at(&["CachePolicyId"]).and_then(cache_policy);
        let mut behavior = match policy {
            Some(policy) => Self::of_policy(element, &policy),
            None => Self::of_forwarded_values(element),
        };
        let methods = element.find("AllowedMethods");
        let names = |list: &Element| -> Vec<String> {
            let items = list.find("Items").map_or(&[][..], Element::elements);
            items
                .iter()
                .map(|method| method.text().to_owned())
                .collect()
        };
        behavior.pattern = element.text_at(&["PathPattern"]).map(PathPattern::new);
        behavior.allowed = methods.map(names).unwrap_or_default();
        let cached = methods.and_then(|methods| methods.find("CachedMethods"));
        behavior.cached = cached.map(names).unwrap_or_default();
        behavior.origin = text("TargetOriginId").to_owned();
        behavior.compresses = text("Compress") == "true";
        behavior.protocol = match text("ViewerProtocolPolicy") {
            "https-only" => ViewerProtocol::HttpsOnly,
            "redirect-to-https" => ViewerProtocol::RedirectToHttps,
            _ => ViewerProtocol::Any,
        };
        let policy = element.text_at(&["ResponseHeadersPolicyId"]);
        let policy = policy.and_then(response_headers_policy);
        behavior.response_headers = policy.map(|policy| ResponseHeaders::read(&policy));
        behavior
    }

    fn of_policy(element: &Element, policy: &Element) -> Self {
        let number = |name: &str| seconds(policy, name).unwrap_or_default();
        let parameters = policy.find("ParametersInCacheKeyAndForwardedToOrigin");
        let is_on = |name: &str| {
            parameters.and_then(|parameters| parameters.text_at(&[name])) == Some("true")
        };
        let forwarded = element.text_at(&["OriginRequestPolicyId"]);
        let forwarded = forwarded.and_then(origin_request_policy);
        Self {
            limits: Limits {
                min: number("MinTTL"),
                default: number("DefaultTTL"),
                max: number("MaxTTL"),
            },
            encodings: Encodings {
                brotli: is_on("EnableAcceptEncodingBrotli"),
                gzip: is_on("EnableAcceptEncodingGzip"),
            },
            key: parameters.map(Selection::of_policy).unwrap_or_default(),
            forwarded: forwarded
                .map(|policy| Selection::of_policy(&policy))
                .unwrap_or_default(),
            is_legacy: false,
            ..Self::empty()
        }
    }

    fn of_forwarded_values(element: &Element) -> Self {
        let values = element.find("ForwardedValues");
        let (key, forwarded) = values
            .map(Selection::of_forwarded_values)
            .unwrap_or_default();
        let limits = Limits {
            min: seconds(element, "MinTTL").unwrap_or_default(),
            default: seconds(element, "DefaultTTL").unwrap_or(86_400),
            max: seconds(element, "MaxTTL").unwrap_or(31_536_000),
        };
        Self {
            // To forward all headers is to cache nothing.
            limits: match key.headers {
                Names::All => Limits::NONE,
                Names::AllExcept(_) | Names::Listed(_) | Names::None => limits,
            },
            encodings: Encodings {
                brotli: false,
                gzip: element.text_at(&["Compress"]) == Some("true"),
            },
            key,
            forwarded,
            is_legacy: true,
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        Self {
            pattern: None,
            origin: String::new(),
            protocol: ViewerProtocol::Any,
            allowed: Vec::new(),
            cached: Vec::new(),
            compresses: false,
            limits: Limits::NONE,
            encodings: Encodings::default(),
            key: Selection::default(),
            forwarded: Selection::default(),
            is_legacy: false,
            response_headers: None,
        }
    }

    /// Returns true if the behavior is for a path.
    pub(super) fn is_for(&self, path: &str) -> bool {
        let pattern = self.pattern.as_ref();
        pattern.is_none_or(|pattern| pattern.matches(path))
    }

    pub(super) fn allows(&self, method: &Method) -> bool {
        self.allowed.iter().any(|one| one == method.as_str())
    }

    /// Returns true if responses to the method may be cached.
    pub(super) fn caches(&self, method: &Method) -> bool {
        self.cached.iter().any(|one| one == method.as_str())
    }

    /// Returns true if a header of the viewer goes to the origin because a policy selects it.
    pub(super) fn selects_header(&self, name: &str) -> bool {
        self.key.headers.contains(name) || self.forwarded.headers.contains(name)
    }

    /// Returns true if a policy names a header by itself.
    pub(super) fn lists_header(&self, name: &str) -> bool {
        self.key.headers.lists(name) || self.forwarded.headers.lists(name)
    }

    pub(super) fn selects_cookie(&self, name: &str) -> bool {
        self.key.cookies.contains(name) || self.forwarded.cookies.contains(name)
    }

    pub(super) fn selects_query(&self, name: &str) -> bool {
        self.key.query.contains(name) || self.forwarded.query.contains(name)
    }

    pub(super) fn forwards_cookies(&self) -> bool {
        !self.key.cookies.is_none() || !self.forwarded.cookies.is_none()
    }

    /// Returns true if simultaneous requests for the same object wait for one answer of the origin. Amazon CloudFront
    /// Developer Guide: Request and response behavior for custom origins, simultaneous requests.
    pub(super) fn collapses(&self) -> bool {
        !self.limits.is_disabled() && !self.forwards_cookies()
    }
}

fn seconds(element: &Element, name: &str) -> Option<u64> {
    element.text_at(&[name])?.parse().ok()
}

/// Reads the behaviors of a distribution: in their order, the default last.
pub(super) fn read_all(config: &Element) -> Vec<Behavior> {
    items(config, "CacheBehaviors")
        .chain(config.find("DefaultCacheBehavior"))
        .map(Behavior::read)
        .collect()
}
