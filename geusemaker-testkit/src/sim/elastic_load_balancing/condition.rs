//! Conditions of rules: the requests that a rule is for.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{members, transform, validation};
use crate::wire::ServiceError;
use crate::wire::params::{Params, Structure};
use crate::wire::xml::Element;

/// A part of a request with a list of values. The part has to match one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Condition {
    pub(crate) field: Field,
    pub(crate) values: Vec<String>,
    /// True if the values are regular expressions.
    #[serde(default)]
    pub(crate) is_regex: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Field {
    PathPattern,
    HostHeader,
    /// The header of that name.
    HttpHeader(String),
    HttpRequestMethod,
    /// The values are `key=value`, or `value` for any key.
    QueryString,
    SourceIp,
}

impl Field {
    fn name(&self) -> &'static str {
        match self {
            Self::PathPattern => "path-pattern",
            Self::HostHeader => "host-header",
            Self::HttpHeader(_) => "http-header",
            Self::HttpRequestMethod => "http-request-method",
            Self::QueryString => "query-string",
            Self::SourceIp => "source-ip",
        }
    }

    fn config(&self) -> &'static str {
        match self {
            Self::PathPattern => "PathPatternConfig",
            Self::HostHeader => "HostHeaderConfig",
            Self::HttpHeader(_) => "HttpHeaderConfig",
            Self::HttpRequestMethod => "HttpRequestMethodConfig",
            Self::QueryString => "QueryStringConfig",
            Self::SourceIp => "SourceIpConfig",
        }
    }

    /// Returns true if the older form, with `Values` beside `Field`, can express the condition.
    fn has_old_form(&self) -> bool {
        matches!(self, Self::PathPattern | Self::HostHeader)
    }

    /// Returns true if a rule can have more than one condition of the kind (ELB model).
    fn is_repeatable(&self) -> bool {
        matches!(self, Self::HttpHeader(_) | Self::QueryString)
    }

    fn takes_regex(&self) -> bool {
        matches!(
            self,
            Self::PathPattern | Self::HostHeader | Self::HttpHeader(_)
        )
    }

    fn takes_wildcards(&self) -> bool {
        !matches!(self, Self::HttpRequestMethod | Self::SourceIp)
    }

    /// Returns true if a value follows the ELB model's rules.
    fn takes(&self, value: &str) -> bool {
        let is_short = (1..=128).contains(&value.chars().count());
        let is_visible = value.bytes().all(|b| (b' '..=b'~').contains(&b));
        match self {
            Self::PathPattern => {
                let is_allowed =
                    |b: u8| b.is_ascii_alphanumeric() || b"_-.$/~\"'@:+&*?".contains(&b);
                is_short && value.bytes().all(is_allowed)
            }
            Self::HttpHeader(_) => is_short && is_visible,
            Self::QueryString => {
                let value = value.split_once('=').map_or(value, |(_, value)| value);
                (1..=128).contains(&value.chars().count()) && is_visible
            }
            Self::HostHeader => {
                let end = value.rsplit_once('.').map(|(_, end)| end);
                let is_end = |end: &str| {
                    end.chars()
                        .all(|c| c.is_ascii_alphabetic() || "*?".contains(c))
                };
                is_short
                    && end.is_some_and(is_end)
                    && value
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "-.*?".contains(c))
            }
            Self::HttpRequestMethod => {
                value.len() <= 40
                    && !value.is_empty()
                    && value
                        .chars()
                        .all(|c| c.is_ascii_uppercase() || "-_".contains(c))
            }
            Self::SourceIp => is_cidr(value),
        }
    }
}

impl Condition {
    /// Reads `Conditions.member.N`; returns an empty list if there is none.
    pub(super) fn read_list(params: &mut Params) -> Result<Vec<Self>, ServiceError> {
        params.optional("Conditions");
        let mut conditions: Vec<Self> = Vec::new();
        for place in params.structures("Conditions.member") {
            let field = read_field(params, &place)?;
            let name = field.name();
            let again = conditions.iter().any(|other| other.field.name() == name);
            if again && !field.is_repeatable() {
                return Err(validation::error(format!(
                    "A rule can only have one '{name}' condition"
                )));
            }
            let (values, is_regex) = read_values(params, &place, &field)?;
            conditions.push(Self {
                field,
                values,
                is_regex,
            });
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
        let wildcards: usize = conditions
            .iter()
            .filter(|condition| condition.field.takes_wildcards() && !condition.is_regex)
            .flat_map(|condition| &condition.values)
            .map(|value| value.matches(['*', '?']).count())
            .sum();
        if wildcards > 5 {
            return Err(validation::error(
                "A rule can only have '5' condition wildcards",
            ));
        }
        Ok(conditions)
    }

    pub(super) fn list(conditions: &[Self]) -> Element {
        Element::list("Conditions", "member", conditions.iter().map(Self::element))
    }

    fn element(&self) -> Element {
        let values = || {
            let values = self.values.iter().map(|value| match &self.field {
                Field::QueryString => match value.split_once('=') {
                    Some((key, value)) => {
                        Element::new("value").with("Key", key).with("Value", value)
                    }
                    None => Element::new("value").with("Value", value),
                },
                Field::PathPattern
                | Field::HostHeader
                | Field::HttpHeader(_)
                | Field::HttpRequestMethod
                | Field::SourceIp => Element::leaf("value", value),
            });
            let name = if self.is_regex {
                "RegexValues"
            } else {
                "Values"
            };
            Element::list(name, "member", values)
        };
        let mut config = Element::new(self.field.config());
        if let Field::HttpHeader(name) = &self.field {
            config = config.with("HttpHeaderName", name);
        }
        let condition = Element::new("condition").with("Field", self.field.name());
        let condition = if self.field.has_old_form() {
            condition.child(values())
        } else {
            condition
        };
        condition.child(config.child(values()))
    }
}

fn read_field(params: &mut Params, place: &Structure) -> Result<Field, ServiceError> {
    let field = params.required(&place.member("Field"))?;
    Ok(match field.as_str() {
        "path-pattern" => Field::PathPattern,
        "host-header" => Field::HostHeader,
        "http-header" => {
            let name = params.required(&place.member("HttpHeaderConfig.HttpHeaderName"))?;
            let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'+-.^_`|~".contains(&b);
            let is_name = (1..=40).contains(&name.len()) && name.bytes().all(is_token);
            if !is_name || name.eq_ignore_ascii_case("host") {
                return Err(validation::error(format!(
                    "The HTTP header name '{name}' is not valid: it must have 1 to 40 characters and not be 'host'"
                )));
            }
            Field::HttpHeader(name)
        }
        "http-request-method" => Field::HttpRequestMethod,
        "query-string" => Field::QueryString,
        "source-ip" => Field::SourceIp,
        other => {
            return Err(validation::error(format!(
                "Condition field '{other}' must be one of '[path-pattern, host-header, http-header, \
                 http-request-method, query-string, source-ip]'"
            )));
        }
    })
}

fn read_values(
    params: &mut Params,
    place: &Structure,
    field: &Field,
) -> Result<(Vec<String>, bool), ServiceError> {
    let list = place.member(&format!("{}.Values", field.config()));
    let mut values = Vec::new();
    if *field == Field::QueryString {
        for pair in params.structures(&format!("{list}.member")) {
            let value = params.required(&pair.member("Value"))?;
            values.push(match params.optional(&pair.member("Key")) {
                Some(key) => format!("{key}={value}"),
                None => value,
            });
        }
    } else {
        values = members(params, &list);
    }
    if field.has_old_form() {
        values.extend(members(params, &place.member("Values")));
    }
    if field.takes_regex() {
        let mut patterns = members(
            params,
            &place.member(&format!("{}.RegexValues", field.config())),
        );
        patterns.extend(members(params, &place.member("RegexValues")));
        if !patterns.is_empty() {
            if !values.is_empty() {
                return Err(validation::error(
                    "A condition can have either values or regular expressions",
                ));
            }
            for pattern in &patterns {
                transform::check_regex(pattern, 128)?;
            }
            return Ok((patterns, true));
        }
    }
    if values.is_empty() {
        return Err(validation::error("A condition value must be specified"));
    }
    if let Some(value) = values.iter().find(|value| !field.takes(value)) {
        return Err(validation::error(format!(
            "Condition value '{value}' is not valid for the field '{}'",
            field.name()
        )));
    }
    Ok((values, false))
}

fn is_cidr(text: &str) -> bool {
    let Some((address, prefix)) = text.split_once('/') else {
        return false;
    };
    // The ELB docs: this block is not supported.
    if text == "255.255.255.255/32" {
        return false;
    }
    let longest = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    prefix.parse().is_ok_and(|prefix: u8| prefix <= longest)
}
