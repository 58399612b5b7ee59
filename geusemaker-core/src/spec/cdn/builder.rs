//! The builder of the settings of the CDN.

use std::time::Duration;

use super::{
    Cdn, CdnBehavior, CdnComment, CdnHttpVersion, CdnLogging, CdnOrigin, CustomErrorResponse,
    GeoRestriction, OriginShield, PriceClass, WebAcl,
};
use crate::id::CertificateArn;
use crate::spec::bounded::Bounded;
use crate::spec::domain_name::DomainName;
use crate::spec::duration::BoundedDuration;
use crate::spec::error::SpecError;
use crate::spec::minimum_tls::MinimumTls;

/// A builder of the [`Cdn`] of a spec: from [`Cdn::builder`], for
/// [`DeploymentSpecBuilder::cdn`](crate::spec::DeploymentSpecBuilder::cdn).
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::spec::{CachePolicy, Cdn, CdnBehavior, Compute, DeploymentSpec, PriceClass, Service, Tier};
///
/// let cdn = Cdn::builder()
///     .wait_timeout(Duration::from_secs(60 * 60))
///     .price_class(PriceClass::All)
///     .behavior(CdnBehavior::new("/static/*".parse()?, CachePolicy::Optimized));
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Cdn, Compute::builder("g5.xlarge".parse()?))
///     .service(Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?))
///     .cdn(cdn)
///     .build()?;
/// assert_eq!(spec.cdn().wait_timeout(), Duration::from_secs(60 * 60));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`origin`](Self::origin) | [`CdnOrigin::Internet`] | never |
/// | [`wait_timeout`](Self::wait_timeout) | 30 min | outside of 1 min to 90 min, or not whole seconds |
/// | [`read_timeout`](Self::read_timeout) | as the load balancer, at most 2 min | outside of 1 s to 2 min, or longer than the load balancer's idle timeout |
/// | [`keep_alive`](Self::keep_alive) | 1 min | outside of 1 s to 2 min, or not whole seconds |
/// | [`connection_attempts`](Self::connection_attempts) | 3 | outside of 1 to 3 |
/// | [`connection_timeout`](Self::connection_timeout) | 10 s | outside of 1 s to 10 s, or not whole seconds |
/// | [`origin_shield`](Self::origin_shield) | none | never |
/// | [`price_class`](Self::price_class) | [`PriceClass::Class100`] | never |
/// | [`http_version`](Self::http_version) | [`CdnHttpVersion::Http2And3`] | never |
/// | [`ipv6`](Self::ipv6) | true | never |
/// | [`web_acl`](Self::web_acl) | none | never |
/// | [`geo`](Self::geo) | all countries | if it lists none, or one twice |
/// | [`comment`](Self::comment) | `geusemaker` and the name of the stack | never |
/// | [`logging`](Self::logging) | none | never |
/// | [`security_headers`](Self::security_headers) | true | never |
/// | [`alias`](Self::alias), [`aliases`](Self::aliases) | none | without a certificate, or outside of the hosted zone |
/// | [`certificate_arn`](Self::certificate_arn) | requested, with a hosted zone | without a name, or not of us-east-1 |
/// | [`minimum_tls`](Self::minimum_tls) | 1.3 | never |
/// | [`error`](Self::error), [`errors`](Self::errors) | none | if one has no effect, or is about the code of another |
/// | [`behavior`](Self::behavior), [`behaviors`](Self::behaviors) | none | from the 75th on, or if an earlier one covers it |
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct CdnBuilder {
    wait_timeout: Duration,
    read_timeout: Option<Duration>,
    keep_alive: Duration,
    connection_attempts: u32,
    connection_timeout: Duration,
    /// The settings whose values are valid by themselves.
    cdn: Cdn,
}

impl CdnBuilder {
    /// Sets the way from CloudFront to the load balancer. With [`CdnOrigin::Vpc`] the load balancer is internal.
    pub fn origin(mut self, origin: CdnOrigin) -> Self {
        self.cdn.origin = origin;
        self
    }

    /// Sets the longest wait for the distribution to be deployed, in whole seconds: 1 min to 90 min, 30 min by default.
    pub fn wait_timeout(mut self, wait: Duration) -> Self {
        self.wait_timeout = wait;
        self
    }

    /// Sets the longest time without data from the load balancer, in whole seconds: 1 s to 2 min. It is the load
    /// balancer's idle timeout by default, but at most 2 min.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = Some(timeout);
        self
    }

    /// Sets the time for which an unused connection to the load balancer is kept, in whole seconds: 1 s to 2 min, 1 min
    /// by default.
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.keep_alive = time;
        self
    }

    /// Sets the number of times that CloudFront tries to connect to the load balancer: 1 to 3, 3 by default.
    pub fn connection_attempts(mut self, attempts: u32) -> Self {
        self.connection_attempts = attempts;
        self
    }

    /// Sets the time for which each attempt to connect may take, in whole seconds: 1 s to 10 s, 10 s by default.
    pub fn connection_timeout(mut self, timeout: Duration) -> Self {
        self.connection_timeout = timeout;
        self
    }

    /// Sets the Region of Origin Shield: a cache through which all edge locations ask the load balancer. It costs extra,
    /// and helps only where answers are cached.
    pub fn origin_shield(mut self, region: OriginShield) -> Self {
        self.cdn.origin_shield = Some(region);
        self
    }

    /// Sets the edge locations that answer, by their price.
    pub fn price_class(mut self, class: PriceClass) -> Self {
        self.cdn.price_class = class;
        self
    }

    /// Sets the newest versions of HTTP that viewers may use.
    pub fn http_version(mut self, version: CdnHttpVersion) -> Self {
        self.cdn.http_version = version;
        self
    }

    /// Sets if viewers may use IPv6.
    pub fn ipv6(mut self, ipv6: bool) -> Self {
        self.cdn.ipv6 = ipv6;
        self
    }

    /// Sets the web ACL of AWS WAF that looks at each request.
    pub fn web_acl(mut self, web_acl: WebAcl) -> Self {
        self.cdn.web_acl = Some(web_acl);
        self
    }

    /// Sets the countries that viewers may be in.
    pub fn geo(mut self, geo: GeoRestriction) -> Self {
        self.cdn.geo = Some(geo);
        self
    }

    /// Sets the beginning of the comment of the distribution.
    pub fn comment(mut self, comment: CdnComment) -> Self {
        self.cdn.comment = Some(comment);
        self
    }

    /// Sets the place of the access logs.
    pub fn logging(mut self, logging: CdnLogging) -> Self {
        self.cdn.logging = Some(logging);
        self
    }

    /// Sets if answers get the headers of AWS's policy for security. A behavior may name another policy.
    pub fn security_headers(mut self, headers: bool) -> Self {
        self.cdn.security_headers = headers;
        self
    }

    /// Adds a name of the distribution, beside that of the domain.
    pub fn alias(mut self, name: DomainName) -> Self {
        self.cdn.aliases.push(name);
        self
    }

    /// Sets all names of the distribution beside that of the domain.
    pub fn aliases(mut self, names: impl IntoIterator<Item = DomainName>) -> Self {
        self.cdn.aliases = names.into_iter().collect();
        self
    }

    /// Sets the certificate for the names: one of us-east-1 that exists.
    pub fn certificate_arn(mut self, arn: CertificateArn) -> Self {
        self.cdn.certificate_arn = Some(arn);
        self
    }

    /// Sets the oldest version of TLS that viewers may speak under the names of the stack.
    pub fn minimum_tls(mut self, version: MinimumTls) -> Self {
        self.cdn.minimum_tls = version;
        self
    }

    /// Adds the treatment of an error.
    pub fn error(mut self, response: CustomErrorResponse) -> Self {
        self.cdn.errors.push(response);
        self
    }

    /// Sets the treatments of errors, in place of those that the builder has.
    pub fn errors(mut self, responses: impl IntoIterator<Item = CustomErrorResponse>) -> Self {
        self.cdn.errors = responses.into_iter().collect();
        self
    }

    /// Adds a cache behavior after those that the builder has. The first that matches applies.
    pub fn behavior(mut self, behavior: CdnBehavior) -> Self {
        self.cdn.behaviors.push(behavior);
        self
    }

    /// Sets all cache behaviors, in place of those that the builder has.
    pub fn behaviors(mut self, behaviors: impl IntoIterator<Item = CdnBehavior>) -> Self {
        self.cdn.behaviors = behaviors.into_iter().collect();
        self
    }

    /// Checks the bounds. The rest is checked with the whole spec.
    pub(in crate::spec) fn checked(self) -> Result<Cdn, SpecError> {
        Ok(Cdn {
            wait_timeout: BoundedDuration::new(self.wait_timeout)
                .map_err(|error| error.at("wait_timeout"))?,
            read_timeout: self
                .read_timeout
                .map(BoundedDuration::new)
                .transpose()
                .map_err(|error| error.at("read_timeout"))?,
            keep_alive: BoundedDuration::new(self.keep_alive)
                .map_err(|error| error.at("keep_alive"))?,
            connection_attempts: Bounded::new(self.connection_attempts)
                .map_err(|error| error.at("connection_attempts"))?,
            connection_timeout: BoundedDuration::new(self.connection_timeout)
                .map_err(|error| error.at("connection_timeout"))?,
            ..self.cdn
        })
    }
}

impl Default for CdnBuilder {
    fn default() -> Self {
        Cdn::default().into()
    }
}

impl From<Cdn> for CdnBuilder {
    fn from(cdn: Cdn) -> Self {
        Self {
            wait_timeout: cdn.wait_timeout(),
            read_timeout: cdn.read_timeout(),
            keep_alive: cdn.keep_alive(),
            connection_attempts: cdn.connection_attempts(),
            connection_timeout: cdn.connection_timeout(),
            cdn,
        }
    }
}
