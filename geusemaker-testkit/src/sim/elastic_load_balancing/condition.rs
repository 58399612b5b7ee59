//! Conditions of rules: which requests a rule is for.

use serde::{Deserialize, Serialize};

use super::{members, validation};
use crate::wire::ServiceError;
use crate::wire::params::Params;
use crate::wire::xml::Element;

/// A part of a request, and the values of which it has to match one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Condition {
    field: Field,
    values: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Field {
    PathPattern,
    HostHeader,
    /// A header by name.
    HttpHeader(String),
}

impl Condition {
    /// Reads `Conditions.member.N`.
    pub(super) fn read_list(params: &mut Params) -> Result<Vec<Self>, ServiceError> {
        let mut conditions = Vec::new();
        for place in params.structures("Conditions.member") {
            let field = params.required(&place.member("Field"))?;
            let (field, config) = match field.as_str() {
                "path-pattern" => (Field::PathPattern, "PathPatternConfig"),
                "host-header" => (Field::HostHeader, "HostHeaderConfig"),
                "http-header" => {
                    let name = place.member("HttpHeaderConfig.HttpHeaderName");
                    (
                        Field::HttpHeader(params.required(&name)?),
                        "HttpHeaderConfig",
                    )
                }
                other => {
                    return Err(ServiceError::unsupported(format_args!(
                        "the condition {other}"
                    )));
                }
            };
            let mut values = members(params, &place.member(&format!("{config}.Values")));
            if config != "HttpHeaderConfig" {
                // The older way to say the same.
                values.extend(members(params, &place.member("Values")));
            }
            if values.is_empty() {
                return Err(validation::error("A condition value must be specified"));
            }
            if values
                .iter()
                .any(|value| value.is_empty() || value.len() > 128)
            {
                return Err(validation::error(
                    "Condition values must have 1 to 128 characters",
                ));
            }
            conditions.push(Self { field, values });
        }
        if conditions.is_empty() {
            return Err(validation::error("A condition must be specified"));
        }
        let values: usize = conditions
            .iter()
            .map(|condition| condition.values.len())
            .sum();
        if values > 5 {
            return Err(validation::error(
                "A rule can only have '5' condition values",
            ));
        }
        Ok(conditions)
    }

    pub(super) fn list(conditions: &[Self]) -> Element {
        Element::list("Conditions", "member", conditions.iter().map(Self::element))
    }

    fn element(&self) -> Element {
        let values = || {
            let values = self
                .values
                .iter()
                .map(|value| Element::leaf("value", value));
            Element::list("Values", "member", values)
        };
        match &self.field {
            Field::PathPattern => Element::new("condition")
                .with("Field", "path-pattern")
                .child(values())
                .child(Element::new("PathPatternConfig").child(values())),
            Field::HostHeader => Element::new("condition")
                .with("Field", "host-header")
                .child(values())
                .child(Element::new("HostHeaderConfig").child(values())),
            Field::HttpHeader(name) => {
                let config = Element::new("HttpHeaderConfig")
                    .with("HttpHeaderName", name)
                    .child(values());
                Element::new("condition")
                    .with("Field", "http-header")
                    .child(config)
            }
        }
    }
}
