//! The health checks of a target group: their interval, their request, and the number of answers needed for a decision.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::protocol::Protocol;
use super::validation;
use crate::wire::ServiceError;
use crate::wire::params::Params;
use crate::wire::xml::Element;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HealthCheck {
    #[serde(default)]
    pub(crate) protocol: Protocol,
    /// `None` for the port of the traffic.
    pub(crate) port: Option<u32>,
    pub(crate) path: String,
    pub(crate) matcher: String,
    /// True if the codes of the matcher are those of gRPC.
    #[serde(default)]
    pub(crate) is_grpc: bool,
    /// The time between two checks, in seconds.
    pub(crate) interval: u32,
    /// The time after which an unanswered check has failed, in seconds.
    pub(crate) timeout: u32,
    pub(crate) healthy_threshold: u32,
    pub(crate) unhealthy_threshold: u32,
}

impl HealthCheck {
    /// Returns the defaults of the ELB model for target groups of a protocol. Both protocols are checked by HTTP.
    pub(super) fn standard(protocol: Protocol, is_grpc: bool) -> Self {
        let (path, matcher) = match is_grpc {
            true => ("/AWS.ALB/healthcheck", "12"),
            false => ("/", "200"),
        };
        Self {
            protocol: Protocol::Http,
            port: None,
            path: path.to_owned(),
            matcher: matcher.to_owned(),
            is_grpc,
            interval: 30,
            timeout: match protocol {
                Protocol::Http => 6,
                Protocol::Https => 10,
            },
            healthy_threshold: 5,
            unhealthy_threshold: 2,
        }
    }

    /// Reads the parameters of CreateTargetGroup and ModifyTargetGroup; parameters that are absent have the values of
    /// `old`. The bounds are those of the ELB model.
    pub(super) fn read(params: &mut Params, old: Self) -> Result<Self, ServiceError> {
        let protocol = Protocol::read(params, "HealthCheckProtocol")?.unwrap_or(old.protocol);
        if params.parsed("HealthCheckEnabled")? == Some(false) {
            return Err(validation::error(
                "Health check enabled must be true for target groups with target type 'instance'",
            ));
        }
        let port = match params.optional("HealthCheckPort").as_deref() {
            None => old.port,
            Some("traffic-port") => None,
            Some(_) => Some(validation::number(params, "HealthCheckPort", 1..=65535, 0)?),
        };
        let path = params.optional("HealthCheckPath").unwrap_or(old.path);
        if !path.starts_with('/') || path.len() > 1024 {
            return Err(validation::error(format!(
                "Health check path '{path}' must begin with '/' and have at most 1024 characters"
            )));
        }
        let (name, what, range) = match old.is_grpc {
            true => ("Matcher.GrpcCode", "gRPC", 0..=99),
            false => ("Matcher.HttpCode", "HTTP", 200..=499),
        };
        let matcher = params.optional(name).unwrap_or(old.matcher);
        if !matcher
            .split(',')
            .all(|codes| is_matched_codes(codes, &range))
        {
            return Err(validation::error(format!(
                "Health check matcher {what} code '{matcher}' must be within '{}-{}' inclusive",
                range.start(),
                range.end()
            )));
        }
        let mut number = |name, range, old| validation::number(params, name, range, old);
        let check = Self {
            protocol,
            port,
            path,
            matcher,
            is_grpc: old.is_grpc,
            interval: number("HealthCheckIntervalSeconds", 5..=300, old.interval)?,
            timeout: number("HealthCheckTimeoutSeconds", 2..=120, old.timeout)?,
            healthy_threshold: number("HealthyThresholdCount", 2..=10, old.healthy_threshold)?,
            unhealthy_threshold: number(
                "UnhealthyThresholdCount",
                2..=10,
                old.unhealthy_threshold,
            )?,
        };
        if check.timeout >= check.interval {
            return Err(validation::error(format!(
                "Health check timeout '{}' must be smaller than the interval '{}'",
                check.timeout, check.interval
            )));
        }
        Ok(check)
    }

    /// Returns true if a status, or the code of gRPC, is one of a healthy target.
    #[cfg(feature = "traffic")]
    pub(crate) fn matches(&self, code: u32) -> bool {
        self.matcher.split(',').any(|codes| {
            let (first, last) = codes.split_once('-').unwrap_or((codes, codes));
            let bounds = (first.parse::<u32>(), last.parse::<u32>());
            matches!(bounds, (Ok(first), Ok(last)) if (first..=last).contains(&code))
        })
    }

    pub(super) fn elements(&self) -> Vec<Element> {
        let port = match self.port {
            Some(port) => port.to_string(),
            None => "traffic-port".to_owned(),
        };
        vec![
            Element::leaf("HealthCheckEnabled", true),
            Element::leaf("HealthCheckProtocol", self.protocol.as_str()),
            Element::leaf("HealthCheckPort", port),
            Element::leaf("HealthCheckPath", &self.path),
            Element::leaf("HealthCheckIntervalSeconds", self.interval),
            Element::leaf("HealthCheckTimeoutSeconds", self.timeout),
            Element::leaf("HealthyThresholdCount", self.healthy_threshold),
            Element::leaf("UnhealthyThresholdCount", self.unhealthy_threshold),
            Element::new("Matcher").with(
                if self.is_grpc { "GrpcCode" } else { "HttpCode" },
                &self.matcher,
            ),
        ]
    }
}

/// Returns true for a code such as `200` or a range such as `200-299` within the range of all codes.
fn is_matched_codes(codes: &str, known: &RangeInclusive<u32>) -> bool {
    let (first, last) = codes.split_once('-').unwrap_or((codes, codes));
    match (first.parse::<u32>(), last.parse::<u32>()) {
        (Ok(first), Ok(last)) => *known.start() <= first && first <= last && last <= *known.end(),
        _ => false,
    }
}
