//! Cache behaviors: the settings for requests to some paths.

use serde::{Deserialize, Serialize};

use super::methods::CdnMethods;
use super::path::CdnPath;
use super::policy::{CachePolicy, OriginRequestPolicy, ResponseHeadersPolicy};
use crate::spec::error::SpecError;

/// The settings for requests to some paths, in place of those of all other requests. The first behavior whose path
/// matches applies.
///
/// ```
/// use geusemaker_core::spec::{
///     CachePolicy, Cdn, CdnBehavior, CdnMethods, Compute, DeploymentSpec, OriginRequestPolicy, Service, Tier,
/// };
///
/// let assets = CdnBehavior::new("/static/*".parse()?, CachePolicy::Optimized);
/// let feed = CdnBehavior::new("/feed".parse()?, CachePolicy::Origin).with_methods(CdnMethods::Read);
/// let spec = DeploymentSpec::builder("ui".parse()?, Tier::Cdn, Compute::builder("g5.xlarge".parse()?))
///     .service(Service::builder("ui".parse()?, 8080, "example/ui:1".parse()?))
///     .cdn(Cdn::builder().behavior(assets).behavior(feed))
///     .build()?;
/// let [assets, _] = spec.cdn().behaviors() else { unreachable!() };
/// assert_eq!(assets.methods(), CdnMethods::Read);
/// assert_eq!(assets.origin_request(), OriginRequestPolicy::HostOnly);
/// assert!(assets.compress());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table, as in { path = \"/static/*\", cache = \"optimized\" }"
)]
pub struct CdnBehavior {
    path: CdnPath,
    cache: CachePolicy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    methods: Option<CdnMethods>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compress: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin_request: Option<OriginRequestPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    headers: Option<ResponseHeadersPolicy>,
}

impl CdnBehavior {
    /// Creates the behavior for these paths, with the defaults of its cache policy.
    pub fn new(path: CdnPath, cache: CachePolicy) -> Self {
        Self {
            path,
            cache,
            methods: None,
            compress: None,
            origin_request: None,
            headers: None,
        }
    }

    /// Sets the methods that are passed on. By default they are GET and HEAD beside [`CachePolicy::Optimized`], and all
    /// beside the others.
    #[must_use]
    pub fn with_methods(mut self, methods: CdnMethods) -> Self {
        self.methods = Some(methods);
        self
    }

    /// Sets if answers are compressed: by default, if they are cached.
    #[must_use]
    pub fn with_compress(mut self, compress: bool) -> Self {
        self.compress = Some(compress);
        self
    }

    /// Sets the parts of a request that the load balancer gets. By default these are all where nothing is cached, and
    /// nothing that could differ between two requests for one cached answer elsewhere; Host is the viewer's everywhere.
    #[must_use]
    pub fn with_origin_request(mut self, policy: OriginRequestPolicy) -> Self {
        self.origin_request = Some(policy);
        self
    }

    /// Sets the headers that answers get, in place of those of all other requests.
    #[must_use]
    pub fn with_headers(mut self, policy: ResponseHeadersPolicy) -> Self {
        self.headers = Some(policy);
        self
    }

    /// Returns the pattern of the paths.
    pub fn path(&self) -> &CdnPath {
        &self.path
    }

    /// Returns the cache policy.
    pub fn cache(&self) -> &CachePolicy {
        &self.cache
    }

    /// Returns the methods that are passed on.
    pub fn methods(&self) -> CdnMethods {
        self.methods.unwrap_or(match self.cache {
            CachePolicy::Optimized => CdnMethods::Read,
            CachePolicy::Disabled
            | CachePolicy::Origin
            | CachePolicy::OriginWithQuery
            | CachePolicy::Id(_) => CdnMethods::All,
        })
    }

    /// Returns true if answers are compressed.
    pub fn compress(&self) -> bool {
        let is_cached = self.cache != CachePolicy::Disabled;
        self.compress.unwrap_or(is_cached)
    }

    /// Returns the policy for the parts of a request that the load balancer gets.
    pub fn origin_request(&self) -> OriginRequestPolicy {
        let usual = || match self.cache {
            CachePolicy::Disabled => OriginRequestPolicy::AllViewer,
            // A cookie or a query that the application sees and the cache does not would be answered for everybody.
            CachePolicy::Optimized | CachePolicy::Id(_) => OriginRequestPolicy::HostOnly,
            // What tells its answers apart is sent, Host too.
            CachePolicy::Origin | CachePolicy::OriginWithQuery => OriginRequestPolicy::None,
        };
        self.origin_request.clone().unwrap_or_else(usual)
    }

    /// Returns the policy for headers of answers, if the behavior has one of its own.
    pub fn headers(&self) -> Option<&ResponseHeadersPolicy> {
        self.headers.as_ref()
    }

    /// Checks the keys against each other.
    pub(super) fn check(&self) -> Result<(), SpecError> {
        if self.compress == Some(true) && self.cache == CachePolicy::Disabled {
            let message = "CloudFront compresses only what it may cache: set cache = \"origin\" or \"optimized\", or leave \
                           compress out";
            return Err(SpecError::new(message).at("compress"));
        }
        let keeps_host = !matches!(
            self.origin_request,
            Some(OriginRequestPolicy::AllViewerExceptHost)
        );
        let sends_host = matches!(
            self.cache,
            CachePolicy::Origin | CachePolicy::OriginWithQuery
        );
        if sends_host && !keeps_host {
            let message = format!(
                "cache = \"{}\" sends the viewer's Host whatever this policy says: leave origin_request out, or name another \
                 cache policy",
                self.cache
            );
            return Err(SpecError::new(message).at("origin_request"));
        }
        Ok(())
    }
}
