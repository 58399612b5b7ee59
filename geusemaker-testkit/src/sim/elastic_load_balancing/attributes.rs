//! Attributes of load balancers, listeners and target groups: each kind of resource has its own set, with defaults.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::validation;
use crate::wire::ServiceError;
use crate::wire::params::Params;
use crate::wire::xml::Element;

/// The attributes of an application load balancer. Only deletion protection has an effect here; the others concern
/// traffic, which is not simulated.
pub(crate) const LOAD_BALANCER: &[Attribute] = &[
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
    attribute("health_check_logs.s3.bucket", "", Takes::Anything),
    attribute("health_check_logs.s3.enabled", "false", Takes::Flag),
    attribute("health_check_logs.s3.prefix", "", Takes::Anything),
    attribute(
        "idle_timeout.timeout_seconds",
        "60",
        Takes::Number(1..=4000),
    ),
    attribute("ipv6.deny_all_igw_traffic", "false", Takes::Flag),
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
    attribute(
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
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

/// The attributes of a target group of instances. Only the deregistration delay has an effect here.
pub(crate) const TARGET_GROUP: &[Attribute] = &[
    attribute(DEREGISTRATION_DELAY, "300", Takes::Number(0..=3600)),
    attribute(
        "load_balancing.algorithm.anomaly_mitigation",
        "off",
        Takes::OneOf(&["on", "off"]),
    ),
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
    attribute("slow_start.duration_seconds", "0", Takes::ZeroOr(30..=900)),
    attribute("stickiness.app_cookie.cookie_name", "", Takes::CookieName),
    attribute(
        "stickiness.app_cookie.duration_seconds",
        "86400",
        Takes::Number(1..=604_800),
    ),
    attribute("stickiness.enabled", "false", Takes::Flag),
    attribute(
        "stickiness.lb_cookie.duration_seconds",
        "86400",
        Takes::Number(1..=604_800),
    ),
    attribute(
        "stickiness.type",
        "lb_cookie",
        Takes::OneOf(&["lb_cookie", "app_cookie"]),
    ),
    attribute(
        "target_group_health.dns_failover.minimum_healthy_targets.count",
        "1",
        Takes::OffOr(1..=1000),
    ),
    attribute(
        "target_group_health.dns_failover.minimum_healthy_targets.percentage",
        "off",
        Takes::OffOr(1..=100),
    ),
    attribute(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        "1",
        Takes::Number(1..=1000),
    ),
    attribute(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        "off",
        Takes::OffOr(1..=100),
    ),
];

/// The attributes of an HTTP listener: headers of responses, which are not simulated.
pub(crate) const HTTP_LISTENER: &[Attribute] = &HEADERS_OF_RESPONSES;

/// The attributes of an HTTPS listener: those of an HTTP listener and headers of requests.
pub(crate) const HTTPS_LISTENER: &[Attribute] = &{
    let [a, b, c, d, e, f, g, h, i, j] = HEADERS_OF_RESPONSES;
    [
        header_name(
            "routing.http.request.x_amzn_mtls_clientcert.header_name",
            "X-Amzn-Mtls-Clientcert",
        ),
        header_name(
            "routing.http.request.x_amzn_mtls_clientcert_issuer.header_name",
            "X-Amzn-Mtls-Clientcert-Issuer",
        ),
        header_name(
            "routing.http.request.x_amzn_mtls_clientcert_leaf.header_name",
            "X-Amzn-Mtls-Clientcert-Leaf",
        ),
        header_name(
            "routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name",
            "X-Amzn-Mtls-Clientcert-Serial-Number",
        ),
        header_name(
            "routing.http.request.x_amzn_mtls_clientcert_subject.header_name",
            "X-Amzn-Mtls-Clientcert-Subject",
        ),
        header_name(
            "routing.http.request.x_amzn_mtls_clientcert_validity.header_name",
            "X-Amzn-Mtls-Clientcert-Validity",
        ),
        header_name(
            "routing.http.request.x_amzn_tls_cipher_suite.header_name",
            "X-Amzn-Tls-Cipher-Suite",
        ),
        header_name(
            "routing.http.request.x_amzn_tls_version.header_name",
            "X-Amzn-Tls-Version",
        ),
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
        i,
        j,
    ]
};

const HEADERS_OF_RESPONSES: [Attribute; 10] = [
    header_value("routing.http.response.access_control_allow_credentials.header_value"),
    header_value("routing.http.response.access_control_allow_headers.header_value"),
    header_value("routing.http.response.access_control_allow_methods.header_value"),
    header_value("routing.http.response.access_control_allow_origin.header_value"),
    header_value("routing.http.response.access_control_expose_headers.header_value"),
    header_value("routing.http.response.access_control_max_age.header_value"),
    header_value("routing.http.response.content_security_policy.header_value"),
    attribute("routing.http.response.server.enabled", "true", Takes::Flag),
    header_value("routing.http.response.strict_transport_security.header_value"),
    header_value("routing.http.response.x_frame_options.header_value"),
];

pub(crate) const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";

/// The values that differ from the defaults.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Attributes(BTreeMap<String, String>);

/// An attribute of a kind of resource: its key, its default and the values that it accepts.
pub(crate) struct Attribute {
    pub(crate) key: &'static str,
    default: &'static str,
    takes: Takes,
}

enum Takes {
    Anything,
    Flag,
    /// The name of a cookie, except for the load balancer's own cookies.
    CookieName,
    Number(RangeInclusive<u32>),
    OffOr(RangeInclusive<u32>),
    OneOf(&'static [&'static str]),
    ZeroOr(RangeInclusive<u32>),
}

const fn attribute(key: &'static str, default: &'static str, takes: Takes) -> Attribute {
    Attribute {
        key,
        default,
        takes,
    }
}

const fn header_name(key: &'static str, default: &'static str) -> Attribute {
    attribute(key, default, Takes::Anything)
}

const fn header_value(key: &'static str) -> Attribute {
    attribute(key, "", Takes::Anything)
}

impl Attributes {
    /// Reads `Attributes.member.N`; `what` names the owner of the attributes: `Load balancer`.
    pub(super) fn read(
        params: &mut Params,
        what: &str,
        known: &[Attribute],
    ) -> Result<Self, ServiceError> {
        params.optional("Attributes");
        let mut values = BTreeMap::new();
        for member in params.structures("Attributes.member") {
            let key = params.required(&member.member("Key"))?;
            let value = params.optional(&member.member("Value")).unwrap_or_default();
            let attribute = known.iter().find(|attribute| attribute.key == key);
            let attribute = attribute.ok_or_else(|| {
                validation::error(format!("{what} attribute key '{key}' is not recognized"))
            })?;
            if let Some(wanted) = attribute.takes.refusal(&value) {
                return Err(validation::error(format!(
                    "{what} attribute '{key}' must be {wanted}"
                )));
            }
            if values.insert(key.clone(), value).is_some() {
                return Err(validation::error(format!(
                    "{what} attribute key '{key}' is specified more than once"
                )));
            }
        }
        if values.is_empty() {
            return Err(validation::error(
                "At least one attribute must be specified",
            ));
        }
        Ok(Self(values))
    }

    pub(super) fn apply(&mut self, changes: Self) {
        self.0.extend(changes.0);
    }

    pub(crate) fn value<'a>(&'a self, known: &[Attribute], key: &str) -> &'a str {
        let default = known.iter().find(|attribute| attribute.key == key);
        self.0
            .get(key)
            .map(String::as_str)
            .or(default.map(|attribute| attribute.default))
            .unwrap_or_default()
    }

    /// Returns all attributes with their values, as the result of a call.
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
    /// Returns a description of the accepted values if the value is not one of them.
    fn refusal(&self, value: &str) -> Option<String> {
        let in_range = |range: &RangeInclusive<u32>| {
            value
                .parse()
                .is_ok_and(|number: u32| range.contains(&number))
        };
        let within =
            |range: &RangeInclusive<u32>| format!("within '{}-{}'", range.start(), range.end());
        let (fits, wanted) = match self {
            Self::Anything => (true, String::new()),
            Self::CookieName => (
                !value.starts_with("AWSALB"),
                "a name that does not start with 'AWSALB'".to_owned(),
            ),
            Self::Flag => (
                ["true", "false"].contains(&value),
                "one of 'true, false'".to_owned(),
            ),
            Self::Number(range) => (in_range(range), within(range)),
            Self::OffOr(range) => (
                value == "off" || in_range(range),
                format!("'off' or {}", within(range)),
            ),
            Self::OneOf(known) => (
                known.contains(&value),
                format!("one of '{}'", known.join(", ")),
            ),
            Self::ZeroOr(range) => (
                value == "0" || in_range(range),
                format!("'0' or {}", within(range)),
            ),
        };
        (!fits).then_some(wanted)
    }
}
