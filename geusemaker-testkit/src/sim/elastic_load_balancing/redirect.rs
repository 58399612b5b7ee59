//! Redirect actions: the new location for a client.

use serde::{Deserialize, Serialize};

use super::{Code, validation};
use crate::wire::ServiceError;
use crate::wire::params::{Params, Structure};
use crate::wire::xml::Element;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Redirect {
    pub(crate) protocol: String,
    pub(crate) host: String,
    pub(crate) port: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) status_code: String,
}

impl Redirect {
    /// Reads `RedirectConfig`; absent parts stay as in the request, which AWS writes as `#{…}`.
    pub(super) fn read(params: &mut Params, place: &Structure) -> Result<Self, ServiceError> {
        let config = place.member("RedirectConfig");
        let mut member = |name: &str, same: &str| {
            let value = params.optional(&format!("{config}.{name}"));
            value.unwrap_or_else(|| same.to_owned())
        };
        let redirect = Self {
            protocol: member("Protocol", "#{protocol}"),
            host: member("Host", "#{host}"),
            port: member("Port", "#{port}"),
            path: member("Path", "/#{path}"),
            query: member("Query", "#{query}"),
            status_code: member("StatusCode", ""),
        };
        redirect.check()?;
        Ok(redirect)
    }

    /// Returns true if the client is sent to HTTP.
    pub(super) fn is_to_http(&self) -> bool {
        self.protocol == "HTTP"
    }

    fn check(&self) -> Result<(), ServiceError> {
        let invalid = |name: &str, value: &str| {
            Err(validation::error(format!(
                "The value '{value}' is not valid for the redirect {name}"
            )))
        };
        let Self {
            protocol,
            host,
            port,
            path,
            query,
            status_code,
        } = self;
        if !["HTTP_301", "HTTP_302"].contains(&status_code.as_str()) {
            return invalid("status code", status_code);
        }
        if !["HTTP", "HTTPS", "#{protocol}"].contains(&protocol.as_str()) {
            return invalid("protocol", protocol);
        }
        if port != "#{port}" && !port.parse().is_ok_and(|port: u16| port > 0) {
            return invalid("port", port);
        }
        if host.is_empty() || host.len() > 128 {
            return invalid("host", host);
        }
        if !path.starts_with('/') || path.len() > 128 {
            return invalid("path", path);
        }
        if query.len() > 128 {
            return invalid("query", query);
        }
        let unchanged = ["#{protocol}", "#{host}", "#{port}", "/#{path}"];
        if [protocol, host, port, path].map(String::as_str) == unchanged {
            return Err(ServiceError::new(
                Code::InvalidLoadBalancerAction,
                "The redirect configuration is not valid because it creates a loop.",
            ));
        }
        Ok(())
    }

    pub(super) fn element(&self) -> Element {
        Element::new("RedirectConfig")
            .with("Protocol", &self.protocol)
            .with("Port", &self.port)
            .with("Host", &self.host)
            .with("Path", &self.path)
            .with("Query", &self.query)
            .with("StatusCode", &self.status_code)
    }
}
