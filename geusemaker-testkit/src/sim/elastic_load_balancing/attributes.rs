//! Attributes of load balancers and target groups: each kind of resource has its own set, with defaults.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::validation;
use crate::wire::ServiceError;
use crate::wire::params::Params;
use crate::wire::xml::Element;

/// The values that differ from the defaults.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Attributes(BTreeMap<String, String>);

/// An attribute of a kind of resource: its key, its default and the values that it takes.
pub(super) struct Attribute {
    key: &'static str,
    default: &'static str,
    takes: Takes,
}

enum Takes {
    Anything,
    Flag,
    Number(RangeInclusive<u32>),
    OneOf(&'static [&'static str]),
}

const fn attribute(key: &'static str, default: &'static str, takes: Takes) -> Attribute {
    Attribute {
        key,
        default,
        takes,
    }
}

/// The attributes of an application load balancer. Only deletion protection does anything here; the others are about
/// traffic, of which the simulator has none.
pub(super) const LOAD_BALANCER: &[Attribute] = &[
    attribute("access_logs.s3.bucket", "", Takes::Anything),
    attribute("access_logs.s3.enabled", "false", Takes::Flag),
    attribute("access_logs.s3.prefix", "", Takes::Anything),
    attribute(
        "client_keep_alive.seconds",
        "3600",
        Takes::Number(60..=604_800),
    ),
    attribute("connection_logs.s3.bucket", "", Takes::Anything),
    attribute("connection_logs.s3.enabled", "false", Takes::Flag),
    attribute("connection_logs.s3.prefix", "", Takes::Anything),
    attribute("deletion_protection.enabled", "false", Takes::Flag),
    attribute(
        "idle_timeout.timeout_seconds",
        "60",
        Takes::Number(1..=4000),
    ),
    attribute(
        "load_balancing.cross_zone.enabled",
        "true",
        Takes::OneOf(&["true"]),
    ),
    attribute(
        "routing.http.desync_mitigation_mode",
        "defensive",
        Takes::OneOf(&["monitor", "defensive", "strictest"]),
    ),
    attribute(
        "routing.http.drop_invalid_header_fields.enabled",
        "false",
        Takes::Flag,
    ),
    attribute(
        "routing.http.preserve_host_header.enabled",
        "false",
        Takes::Flag,
    ),
    attribute("routing.http.xff_client_port.enabled", "false", Takes::Flag),
    attribute(
        "routing.http.xff_header_processing.mode",
        "append",
        Takes::OneOf(&["append", "preserve", "remove"]),
    ),
    attribute("routing.http2.enabled", "true", Takes::Flag),
    attribute("waf.fail_open.enabled", "false", Takes::Flag),
    attribute("zonal_shift.config.enabled", "false", Takes::Flag),
];

/// The attributes of a target group of instances. Only the deregistration delay does anything here.
pub(super) const TARGET_GROUP: &[Attribute] = &[
    attribute(DEREGISTRATION_DELAY, "300", Takes::Number(0..=3600)),
    attribute(
        "load_balancing.algorithm.type",
        "round_robin",
        Takes::OneOf(&[
            "round_robin",
            "least_outstanding_requests",
            "weighted_random",
        ]),
    ),
    attribute(
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        Takes::OneOf(&["true", "false", "use_load_balancer_configuration"]),
    ),
    attribute("slow_start.duration_seconds", "0", Takes::Number(0..=900)),
    attribute("stickiness.enabled", "false", Takes::Flag),
    attribute(
        "stickiness.lb_cookie.duration_seconds",
        "86400",
        Takes::Number(1..=604_800),
    ),
    attribute("stickiness.type", "lb_cookie", Takes::OneOf(&["lb_cookie"])),
];

pub(super) const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";

impl Attributes {
    /// Reads `Attributes.member.N`.
    pub(super) fn read(params: &mut Params, known: &[Attribute]) -> Result<Self, ServiceError> {
        let mut values = BTreeMap::new();
        for member in params.structures("Attributes.member") {
            let key = params.required(&member.member("Key"))?;
            let value = params.optional(&member.member("Value")).unwrap_or_default();
            let attribute = known.iter().find(|attribute| attribute.key == key);
            let attribute = attribute.ok_or_else(|| {
                validation::error(format!("Attribute key '{key}' is not recognized"))
            })?;
            if !attribute.takes.value(&value) {
                return Err(validation::error(format!(
                    "The value '{value}' is not valid for attribute '{key}'"
                )));
            }
            values.insert(key, value);
        }
        Ok(Self(values))
    }

    pub(super) fn apply(&mut self, changes: Self) {
        self.0.extend(changes.0);
    }

    pub(super) fn value<'a>(&'a self, known: &[Attribute], key: &str) -> &'a str {
        let default = known.iter().find(|attribute| attribute.key == key);
        self.0
            .get(key)
            .map(String::as_str)
            .or(default.map(|attribute| attribute.default))
            .unwrap_or_default()
    }

    /// All attributes with their values, as the result of a call.
    pub(super) fn element(&self, known: &[Attribute]) -> Element {
        let members = known.iter().map(|attribute| {
            Element::new("attribute")
                .with("Key", attribute.key)
                .with("Value", self.value(known, attribute.key))
        });
        Element::new("result").child(Element::list("Attributes", "member", members))
    }
}

impl Takes {
    fn value(&self, value: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Flag => ["true", "false"].contains(&value),
            Self::Number(range) => value.parse().is_ok_and(|number| range.contains(&number)),
            Self::OneOf(known) => known.contains(&value),
        }
    }
}
