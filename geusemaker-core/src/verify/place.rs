//! The places that requests go to.

use std::fmt;

use crate::plan::reached::{AlbHealthy, Reached};
use crate::resource::listener::{HTTP, HTTPS};
use crate::spec::DeploymentSpec;

/// A place that requests go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The host that is connected to.
    pub(super) host: String,
    pub(super) port: u16,
    /// True if TLS is spoken there.
    pub(super) is_secure: bool,
    /// The name that requests are for: that of the certificate, and of the Host header.
    pub(super) name: String,
}

impl Place {
    fn http(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            is_secure: false,
            name: host.to_owned(),
        }
    }

    /// Returns the place of a service on an instance.
    pub(super) fn on_instance(address: &str, port: u16) -> Self {
        Self::http(address, port)
    }

    /// Returns the place of the load balancer at which services are served; none if its certificate is for a name that
    /// the spec does not say.
    pub(super) fn of_load_balancer(spec: &DeploymentSpec, alb: &AlbHealthy) -> Option<Self> {
        let dns = &alb.load_balancer.dns_name;
        if spec.balancer_certificate().is_none() {
            return Some(Self::http(dns, HTTP));
        }
        let name = match spec.origin_name() {
            Some(name) => name.to_string(),
            None => spec.names().first()?.to_string(),
        };
        Some(Self::named(spec, dns, name))
    }

    /// Returns the place of the CDN.
    pub(super) fn of_cdn(spec: &DeploymentSpec, reached: &Reached) -> Option<Self> {
        let domain = &reached.distribution()?.domain;
        let names = spec.cdn_certificate().map(|_| spec.names());
        let name = names.and_then(|names| names.first().map(ToString::to_string));
        Some(match name {
            Some(name) => Self::named(spec, domain, name),
            None => Self {
                port: HTTPS,
                is_secure: true,
                ..Self::http(domain, HTTP)
            },
        })
    }

    /// Returns the place of a name for which there is a certificate. Where the deployment has made the record of the
    /// name, it is on the way.
    fn named(spec: &DeploymentSpec, dns: &str, name: String) -> Self {
        let has_record = spec.domain().is_some_and(|it| it.hosted_zone().is_some());
        Self {
            host: match has_record {
                true => name.clone(),
                false => dns.to_owned(),
            },
            port: HTTPS,
            is_secure: true,
            name,
        }
    }

    /// Returns the same place for HTTP.
    pub(super) fn without_tls(&self) -> Self {
        Self {
            port: HTTP,
            is_secure: false,
            ..self.clone()
        }
    }

    /// Returns the same place, which is connected to at another host.
    pub(super) fn at(&self, host: &str) -> Self {
        Self {
            host: host.to_owned(),
            ..self.clone()
        }
    }

    /// Returns the value of the Host header.
    pub(super) fn authority(&self) -> String {
        let name = match self.name.contains(':') {
            true => format!("[{}]", self.name),
            false => self.name.clone(),
        };
        match (self.is_secure, self.port) {
            (true, HTTPS) | (false, HTTP) => name,
            (_, port) => format!("{name}:{port}"),
        }
    }
}

/// Shows the URL.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}
