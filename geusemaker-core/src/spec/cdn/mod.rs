//! The CDN in front of the load balancer.

mod behavior;
mod builder;
mod comment;
mod custom_error;
mod geo;
mod http_version;
mod invalidation_path;
mod logging;
mod methods;
mod origin;
mod origin_shield;
mod path;
mod policy;
mod policy_id;
mod price_class;
mod web_acl;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use behavior::CdnBehavior;
pub use builder::CdnBuilder;
pub use comment::CdnComment;
pub use custom_error::{CustomErrorResponse, ErrorPagePath, ErrorStatus, ResponseStatus};
pub use geo::{CountryCode, GeoRestriction};
pub use http_version::CdnHttpVersion;
pub use invalidation_path::{InvalidationPath, InvalidationPaths};
pub use logging::{CdnLogging, LogBucket, LogPrefix};
pub use methods::CdnMethods;
pub use origin::CdnOrigin;
pub use origin_shield::OriginShield;
pub use path::CdnPath;
pub use policy::{CachePolicy, OriginRequestPolicy, ResponseHeadersPolicy};
pub use policy_id::PolicyId;
pub use price_class::PriceClass;
pub use web_acl::WebAcl;

use super::bounded::Bounded;
use super::domain_name::DomainName;
use super::duration::BoundedDuration;
use super::error::SpecError;
use super::is_default::is_default;
use super::minimum_tls::MinimumTls;
use crate::id::CertificateArn;

/// The most cache behaviors of a distribution, with the one for all other paths.
///
/// Source: Amazon CloudFront Developer Guide, "Quotas".
const MOST_BEHAVIORS: usize = 75;

/// The settings of the CDN.
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::spec::{Cdn, PriceClass};
///
/// let cdn = Cdn::default();
/// assert_eq!(cdn.wait_timeout(), Duration::from_secs(30 * 60));
/// assert_eq!((cdn.price_class(), cdn.security_headers()), (PriceClass::Class100, true));
/// assert!(cdn.behaviors().is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Cdn {
    #[serde(skip_serializing_if = "is_default")]
    origin: CdnOrigin,
    wait_timeout: BoundedDuration<60, 5400, 1800>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_timeout: Option<BoundedDuration<1, 120, 120>>,
    keep_alive: BoundedDuration<1, 120, 60>,
    #[serde(skip_serializing_if = "is_default")]
    connection_attempts: Bounded<1, 3, 3>,
    #[serde(skip_serializing_if = "is_default")]
    connection_timeout: BoundedDuration<1, 10, 10>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_shield: Option<OriginShield>,
    #[serde(skip_serializing_if = "is_default")]
    price_class: PriceClass,
    #[serde(skip_serializing_if = "is_default")]
    http_version: CdnHttpVersion,
    #[serde(skip_serializing_if = "is_true")]
    ipv6: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_acl: Option<WebAcl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geo: Option<GeoRestriction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<CdnComment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logging: Option<CdnLogging>,
    #[serde(skip_serializing_if = "is_true")]
    security_headers: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<DomainName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_arn: Option<CertificateArn>,
    #[serde(skip_serializing_if = "is_default")]
    minimum_tls: MinimumTls,
    #[serde(rename = "error", skip_serializing_if = "Vec::is_empty")]
    errors: Vec<CustomErrorResponse>,
    #[serde(rename = "behavior", skip_serializing_if = "Vec::is_empty")]
    behaviors: Vec<CdnBehavior>,
}

impl Default for Cdn {
    fn default() -> Self {
        Self {
            origin: CdnOrigin::default(),
            wait_timeout: BoundedDuration::default(),
            read_timeout: None,
            keep_alive: BoundedDuration::default(),
            connection_attempts: Bounded::default(),
            connection_timeout: BoundedDuration::default(),
            origin_shield: None,
            price_class: PriceClass::default(),
            http_version: CdnHttpVersion::default(),
            ipv6: true,
            web_acl: None,
            geo: None,
            comment: None,
            logging: None,
            security_headers: true,
            aliases: Vec::new(),
            certificate_arn: None,
            minimum_tls: MinimumTls::default(),
            errors: Vec::new(),
            behaviors: Vec::new(),
        }
    }
}

impl Cdn {
    /// Starts the settings from their defaults.
    pub fn builder() -> CdnBuilder {
        CdnBuilder::default()
    }

    /// Returns a builder that starts from these settings.
    pub fn to_builder(&self) -> CdnBuilder {
        self.clone().into()
    }

    /// Returns the way from CloudFront to the load balancer.
    pub fn origin(&self) -> CdnOrigin {
        self.origin
    }

    /// Returns the longest wait for the distribution to be deployed, and before that for the VPC origin, if there is one.
    pub fn wait_timeout(&self) -> Duration {
        self.wait_timeout.value()
    }

    /// Returns the longest time without data from the load balancer, if the spec has one. Otherwise it is the load
    /// balancer's own idle timeout, or two minutes if that is longer.
    pub fn read_timeout(&self) -> Option<Duration> {
        self.read_timeout.map(|timeout| timeout.value())
    }

    /// Returns the time for which CloudFront keeps an unused connection to the load balancer.
    pub fn keep_alive(&self) -> Duration {
        self.keep_alive.value()
    }

    /// Returns the number of times that CloudFront tries to connect to the load balancer.
    pub fn connection_attempts(&self) -> u32 {
        self.connection_attempts.value()
    }

    /// Returns the time for which each attempt to connect may take, in whole seconds.
    pub fn connection_timeout(&self) -> Duration {
        self.connection_timeout.value()
    }

    /// Returns the Region of Origin Shield, if it is used.
    pub fn origin_shield(&self) -> Option<&OriginShield> {
        self.origin_shield.as_ref()
    }

    /// Returns the edge locations that answer, by their price.
    pub fn price_class(&self) -> PriceClass {
        self.price_class
    }

    /// Returns the newest versions of HTTP that viewers may use.
    pub fn http_version(&self) -> CdnHttpVersion {
        self.http_version
    }

    /// Returns true if viewers may use IPv6.
    pub fn ipv6(&self) -> bool {
        self.ipv6
    }

    /// Returns the web ACL that looks at each request, if there is one.
    pub fn web_acl(&self) -> Option<&WebAcl> {
        self.web_acl.as_ref()
    }

    /// Returns the countries that viewers may be in, if they are restricted.
    pub fn geo(&self) -> Option<&GeoRestriction> {
        self.geo.as_ref()
    }

    /// Returns the beginning of the comment of the distribution, if the spec has one.
    pub fn comment(&self) -> Option<&CdnComment> {
        self.comment.as_ref()
    }

    /// Returns the place of the access logs, if they are written.
    pub fn logging(&self) -> Option<&CdnLogging> {
        self.logging.as_ref()
    }

    /// Returns true if answers get the headers of AWS's policy for security, unless a behavior names another policy.
    pub fn security_headers(&self) -> bool {
        self.security_headers
    }

    /// Returns the names of the distribution beside that of the domain.
    pub fn aliases(&self) -> &[DomainName] {
        &self.aliases
    }

    /// Returns the certificate for the names, if the spec names one that exists.
    pub fn certificate_arn(&self) -> Option<&CertificateArn> {
        self.certificate_arn.as_ref()
    }

    /// Returns the oldest version of TLS that viewers may speak under the names of the stack.
    pub fn minimum_tls(&self) -> MinimumTls {
        self.minimum_tls
    }

    /// Returns the treatments of errors.
    pub fn errors(&self) -> &[CustomErrorResponse] {
        &self.errors
    }

    /// Returns the cache behaviors, the first that applies first. Requests to all other paths are not cached.
    pub fn behaviors(&self) -> &[CdnBehavior] {
        &self.behaviors
    }

    /// Returns the policy for headers of answers to requests that this behavior, or none, is about.
    pub(crate) fn headers_of(&self, behavior: Option<&CdnBehavior>) -> ResponseHeadersPolicy {
        let usual = match self.security_headers {
            true => ResponseHeadersPolicy::Security,
            false => ResponseHeadersPolicy::None,
        };
        let own = behavior.and_then(CdnBehavior::headers);
        own.cloned().unwrap_or(usual)
    }

    /// Checks the keys against each other. The error carries the path of the key below the table.
    pub(super) fn check(&self) -> Result<(), SpecError> {
        if let Some(geo) = &self.geo {
            geo.check().map_err(|error| error.in_table("geo"))?;
        }
        for (index, response) in self.errors.iter().enumerate() {
            let at = |error: SpecError| error.in_table(&format!("error[{index}]"));
            response.check().map_err(at)?;
            let code = response.code();
            if self.errors[..index].iter().any(|it| it.code() == code) {
                let message = format!(
                    "an earlier [[cdn.error]] is about {} already: keep one of them",
                    code.number()
                );
                return Err(at(SpecError::new(message).at("code")));
            }
        }
        if self.behaviors.len() >= MOST_BEHAVIORS {
            return Err(SpecError::new(format!(
                "CloudFront takes {MOST_BEHAVIORS} behaviors, with the one for all other paths, and here are {}: use wider \
                 patterns",
                self.behaviors.len() + 1
            ))
            .at(format!("behavior[{}]", MOST_BEHAVIORS - 1)));
        }
        for (index, behavior) in self.behaviors.iter().enumerate() {
            let at = |error: SpecError| error.in_table(&format!("behavior[{index}]"));
            behavior.check().map_err(at)?;
            let path = behavior.path();
            let mut earlier = self.behaviors[..index].iter().map(CdnBehavior::path);
            if let Some(wider) = earlier.find(|it| it.covers(path)) {
                let message = if wider == path {
                    format!("an earlier [[cdn.behavior]] is about {path} already: keep one of them")
                } else {
                    format!(
                        "no request comes here: {wider}, which stands before, matches all of {path}: move this behavior \
                         before that one"
                    )
                };
                return Err(at(SpecError::new(message).at("path")));
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_true(value: &bool) -> bool {
    *value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::DeploymentSpec;

    fn read(cdn: &str) -> Result<DeploymentSpec, SpecError> {
        DeploymentSpec::from_toml(&format!(
            "name = 'llm'\ntier = 3\ncompute.instance_type = 'g5.xlarge'\n[[service]]\nname = 'ui'\nport = 80\n\
             image = 'a/b'\n[cdn]\n{cdn}"
        ))
    }

    const EVERYTHING: &str = "\
        origin = 'vpc'\nconnection_attempts = 2\nconnection_timeout = '5s'\norigin_shield = 'eu-central-1'\nprice_class = 'all'\n\
        http_version = 'http2'\nipv6 = false\nweb_acl = '0a1b2c3d-0000-4000-8000-0123456789ab'\n\
        geo = { deny = ['KP'] }\ncomment = 'the chat'\nsecurity_headers = false\n\
        logging = { bucket = 'my-logs.s3.amazonaws.com', prefix = 'cf/', cookies = true }\n\
        [[cdn.error]]\ncode = 404\npage = '/404.html'\nresponse = 200\nmin_ttl = '0s'\n\
        [[cdn.error]]\ncode = 503\nmin_ttl = '1m'\n\
        [[cdn.behavior]]\npath = '/static/*'\ncache = 'optimized'\n\
        [[cdn.behavior]]\npath = '/api/*'\ncache = 'origin'\nmethods = 'read-options'\ncompress = false\n\
        origin_request = 'all-viewer'\nheaders = 'cors-and-security'\n";

    #[test]
    fn all_keys_are_read_and_written() {
        let spec = read(EVERYTHING).unwrap();
        let cdn = spec.cdn();
        assert_eq!(cdn.origin(), CdnOrigin::Vpc);
        assert_eq!(cdn.connection_attempts(), 2);
        assert_eq!(cdn.connection_timeout(), Duration::from_secs(5));
        assert_eq!(cdn.origin_shield().unwrap().as_str(), "eu-central-1");
        assert_eq!(cdn.price_class(), PriceClass::All);
        assert_eq!(cdn.http_version(), CdnHttpVersion::Http2);
        assert!(!cdn.ipv6() && !cdn.security_headers());
        assert!(cdn.web_acl().is_some());
        assert!(!cdn.geo().unwrap().is_allow());
        assert_eq!(cdn.comment().unwrap().as_str(), "the chat");
        assert!(cdn.logging().unwrap().cookies());
        let [missing, busy] = cdn.errors() else {
            panic!("{:?}", cdn.errors())
        };
        let (page, status) = missing.replacement().unwrap();
        assert_eq!((page.as_str(), status.number()), ("/404.html", 200));
        assert_eq!(missing.shortest_ttl(), Some(Duration::ZERO));
        assert_eq!(busy.replacement(), None);
        let [assets, api] = cdn.behaviors() else {
            panic!("{:?}", cdn.behaviors())
        };
        assert_eq!(
            (assets.methods(), assets.compress()),
            (CdnMethods::Read, true)
        );
        assert_eq!(api.origin_request(), OriginRequestPolicy::AllViewer);
        assert_eq!(cdn.headers_of(Some(assets)), ResponseHeadersPolicy::None);
        assert_eq!(
            cdn.headers_of(Some(api)),
            ResponseHeadersPolicy::CorsAndSecurity
        );
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<DeploymentSpec>(&json).unwrap(), spec);
        assert_eq!(spec.to_builder().build().unwrap(), spec);
        let anew = Cdn::builder()
            .origin(CdnOrigin::Vpc)
            .connection_attempts(2)
            .connection_timeout(Duration::from_secs(5))
            .origin_shield("eu-central-1".parse().unwrap())
            .price_class(PriceClass::All)
            .http_version(CdnHttpVersion::Http2)
            .ipv6(false)
            .web_acl(cdn.web_acl().unwrap().clone())
            .geo(cdn.geo().unwrap().clone())
            .comment("the chat".parse().unwrap())
            .logging(cdn.logging().unwrap().clone())
            .security_headers(false)
            .errors(cdn.errors().iter().cloned())
            .behaviors(cdn.behaviors().iter().cloned());
        assert_eq!(anew.checked().unwrap(), *cdn);
    }

    /// Journals of earlier versions have no more than this, and newer ones need no more.
    #[test]
    fn defaults_are_not_written() {
        let json = serde_json::to_string(&Cdn::default()).unwrap();
        assert_eq!(json, r#"{"wait_timeout":"30m","keep_alive":"1m"}"#);
        assert_eq!(serde_json::from_str::<Cdn>("{}").unwrap(), Cdn::default());
    }

    /// The table begins on line 8.
    #[test]
    fn wrong_value_says_what_is_right() {
        for (cdn, wanted) in [
            (
                "connection_attempts = 4",
                "line 9: cdn.connection_attempts: must be 1 to 3, not 4",
            ),
            (
                "connection_timeout = '11s'",
                "line 9: cdn.connection_timeout: must be 1s to 10s, not 11s",
            ),
            (
                "origin_shield = 'us-west-1'",
                "line 9: cdn.origin_shield: CloudFront has no Origin Shield in \"us-west-1\": expected the nearest",
            ),
            (
                "price_class = '300'",
                "line 9: cdn.price_class: unknown variant `300`, expected one of `100`, `200`, `all`",
            ),
            (
                "http_version = 'http4'",
                "line 9: cdn.http_version: unknown variant `http4`, expected one of `http1.1`, `http2`, `http3`",
            ),
            (
                "web_acl = 'arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b'",
                "line 9: cdn.web_acl: ",
            ),
            (
                "geo = { allow = ['DE', 'UK'] }",
                "line 9: cdn.geo.allow[1]: \"UK\" is not the code of a country; did you mean \"GB\"?",
            ),
            (
                "geo = { allow = ['DE'], deny = ['FR'] }",
                "line 9: cdn.geo.deny: contradicts allow: list the countries",
            ),
            (
                "geo = {}",
                "line 9: cdn.geo: names no country: add allow or deny",
            ),
            (
                "geo = { deny = [] }",
                "line 9: cdn.geo.deny: names no country",
            ),
            (
                "geo = { deny = ['DE', 'DE'] }",
                "line 9: cdn.geo.deny[1]: DE is listed more than once",
            ),
            ("comment = ' a'", "line 9: cdn.comment: "),
            (
                "logging = { bucket = 'my-logs' }",
                "line 9: cdn.logging.bucket: \"my-logs\" is not the domain name of a bucket: expected its name and",
            ),
            (
                "logging = { prefix = 'a' }",
                "line 9: cdn.logging.bucket: is missing: add it to [cdn.logging]",
            ),
            (
                "[[cdn.error]]\ncode = 401",
                "line 10: cdn.error[0].code: CloudFront replaces no answers with status 401: expected one of 400",
            ),
            (
                "[[cdn.error]]\ncode = 404\npage = '/a'",
                "line 11: cdn.error[0].page: /a needs the status with which viewers get it: add response = 200",
            ),
            (
                "[[cdn.error]]\ncode = 404\nresponse = 200",
                "line 11: cdn.error[0].response: 200 is the status of a page: add its path",
            ),
            (
                "[[cdn.error]]\ncode = 404",
                "line 9: cdn.error[0]: says nothing about the error: add page and response, or min_ttl",
            ),
            (
                "[[cdn.error]]\ncode = 404\nmin_ttl = '1s'\n[[cdn.error]]\ncode = 404\nmin_ttl = '1s'",
                "line 13: cdn.error[1].code: an earlier [[cdn.error]] is about 404 already",
            ),
            (
                "[[cdn.behavior]]\npath = 'static/*'\ncache = 'optimized'",
                "line 10: cdn.behavior[0].path: \"static/*\" is not a path pattern: expected it to start with",
            ),
            (
                "[[cdn.behavior]]\npath = '/a'",
                "line 9: cdn.behavior[0].cache: is missing: add it to [[cdn.behavior]]",
            ),
            (
                "[[cdn.behavior]]\npath = '/a'\ncache = 'always'",
                "line 11: cdn.behavior[0].cache: \"always\" is not a cache policy: expected \"disabled\", \"optimized\"",
            ),
            (
                "[[cdn.behavior]]\npath = '/a'\ncache = 'origin'\nttl = 5",
                "line 12: cdn.behavior[0].ttl: unknown key \"ttl\" in [[cdn.behavior]]; allowed are path",
            ),
            (
                "[[cdn.behavior]]\npath = '/a'\ncache = 'disabled'\ncompress = true",
                "line 12: cdn.behavior[0].compress: CloudFront compresses only what it may cache",
            ),
            (
                "[[cdn.behavior]]\npath = '/a'\ncache = 'origin'\norigin_request = 'all-viewer-except-host'",
                "line 12: cdn.behavior[0].origin_request: cache = \"origin\" sends the viewer's Host whatever",
            ),
            (
                "[[cdn.behavior]]\npath = '/a/*'\ncache = 'origin'\n[[cdn.behavior]]\npath = '/a/b'\ncache = 'origin'",
                "line 13: cdn.behavior[1].path: no request comes here: /a/*, which stands before, matches all of /a/b",
            ),
            (
                "[[cdn.behavior]]\npath = '/a'\ncache = 'origin'\n[[cdn.behavior]]\npath = '/a'\ncache = 'origin'",
                "line 13: cdn.behavior[1].path: an earlier [[cdn.behavior]] is about /a already",
            ),
        ] {
            let error = read(cdn).unwrap_err().to_string();
            assert!(
                error.starts_with(wanted),
                "{cdn}\n wanted {wanted}\n    got {error}"
            );
        }
    }

    #[test]
    fn behaviors_are_at_most_75_with_default() {
        let behaviors = |count: usize| -> String {
            let one = |n| format!("[[cdn.behavior]]\npath = '/{n}/*'\ncache = 'optimized'\n");
            (0..count).map(one).collect()
        };
        assert!(read(&behaviors(74)).is_ok());
        let error = read(&behaviors(75)).unwrap_err();
        assert_eq!(error.field(), Some("cdn.behavior[74]"));
        assert!(error.message().starts_with("CloudFront takes 75 behaviors"));
    }

    #[test]
    fn wait_timeout_has_default_and_bounds() {
        assert_eq!(Cdn::default().wait_timeout(), Duration::from_secs(1800));
        let minutes = |m: u64| Duration::from_secs(m * 60);
        let with = |wait| Cdn::builder().wait_timeout(wait).checked();
        for wait in [minutes(1), minutes(90)] {
            assert_eq!(with(wait).unwrap().wait_timeout(), wait);
        }
        assert_eq!(
            with(minutes(91)).unwrap_err().to_string(),
            "wait_timeout: must be 1m to 90m, not 91m"
        );
    }
}
