//! The rules of Elastic Load Balancing for names and numbers.

use std::ops::RangeInclusive;

use super::Code;
use crate::wire::ServiceError;
use crate::wire::params::Params;

pub(super) fn error(message: impl Into<String>) -> ServiceError {
    ServiceError::new(Code::ValidationError, message)
}

/// Checks a name. The ELB model: 1 to 32 alphanumeric characters and hyphens, no hyphen at either end.
pub(super) fn name(what: &str, name: &str) -> Result<(), ServiceError> {
    if name.is_empty() || name.len() > 32 {
        return Err(error(format!(
            "{what} name '{name}' cannot be longer than '32' characters"
        )));
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(error(format!(
            "{what} name '{name}' can only contain characters that are alphanumeric characters and hyphens(-)"
        )));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(error(format!(
            "{what} name '{name}' cannot begin or end with a hyphen"
        )));
    }
    Ok(())
}

/// Reads a number within its bounds, or returns the default.
pub(super) fn number(
    params: &mut Params,
    name: &str,
    range: RangeInclusive<u32>,
    default: u32,
) -> Result<u32, ServiceError> {
    let value = params.parsed::<u32>(name)?.unwrap_or(default);
    if range.contains(&value) {
        return Ok(value);
    }
    let bound = if value < *range.start() {
        format!("greater than or equal to {}", range.start())
    } else {
        format!("less than or equal to {}", range.end())
    };
    Err(error(format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: \
         Member must have value {bound}"
    )))
}

/// Reads one of the values that the API knows, or returns the default, which is the first.
pub(super) fn one_of(
    params: &mut Params,
    name: &str,
    known: &[&str],
) -> Result<String, ServiceError> {
    let value = params.optional(name);
    let value = value
        .as_deref()
        .or(known.first().copied())
        .unwrap_or_default();
    if known.contains(&value) {
        return Ok(value.to_owned());
    }
    Err(error(format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: \
         Member must satisfy enum value set: [{}]",
        known.join(", ")
    )))
}

/// Accepts the only simulated value; AWS has others, which are refused with a clear error.
pub(super) fn only(params: &mut Params, name: &str, simulated: &str) -> Result<(), ServiceError> {
    match params.optional(name) {
        Some(other) if other != simulated => Err(ServiceError::unsupported(format_args!(
            "the value {other} of {name}"
        ))),
        Some(_) | None => Ok(()),
    }
}
