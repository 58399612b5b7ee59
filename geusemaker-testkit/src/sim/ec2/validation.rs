//! Checks of parameters that several operations share.

use super::Code;
use crate::wire::ServiceError;
use crate::wire::params::Params;

/// Reads a parameter that has one of a few values.
pub(super) fn one_of(
    params: &mut Params,
    name: &str,
    values: &[&str],
) -> Result<Option<String>, ServiceError> {
    let value = params.optional(name);
    if let Some(value) = &value
        && !values.contains(&value.as_str())
    {
        return Err(invalid(&format!(
            "Value ({value}) for parameter {name} is invalid."
        )));
    }
    Ok(value)
}

pub(super) fn invalid(message: &str) -> ServiceError {
    ServiceError::new(Code::InvalidParameterValue, message)
}
