//! The rules of IAM for names, paths and numbers.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::Code;
use crate::wire::ServiceError;
use crate::wire::params::Params;

/// Reads a required name of a role, a profile or a policy. The IAM model: letters, digits and `_+=,.@-`.
pub(super) fn name(
    params: &mut Params,
    parameter: &str,
    longest: usize,
) -> Result<String, ServiceError> {
    let name = params.required(parameter)?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if name.is_empty() || !name.chars().all(is_allowed) {
        return Err(failed(
            parameter,
            &name,
            "Member must satisfy regular expression pattern: [\\w+=,.@-]+",
        ));
    }
    bounded(parameter, &name, longest)?;
    Ok(name)
}

/// Reads the name of a role.
pub(super) fn role_name(params: &mut Params) -> Result<String, ServiceError> {
    name(params, "RoleName", 64)
}

/// Reads the name of an instance profile.
pub(super) fn profile_name(params: &mut Params) -> Result<String, ServiceError> {
    name(params, "InstanceProfileName", 128)
}

/// Refuses a name that is taken. The IAM user guide: names are not distinguished by case.
pub(super) fn unused<T>(
    what: &str,
    name: &str,
    taken: &BTreeMap<String, T>,
) -> Result<(), ServiceError> {
    if taken.keys().any(|other| other.eq_ignore_ascii_case(name)) {
        let message = format!("{what} with name {name} already exists.");
        return Err(ServiceError::new(Code::EntityAlreadyExists, message));
    }
    Ok(())
}

/// Reads a path, which is `/` unless it is given.
pub(super) fn path(params: &mut Params) -> Result<String, ServiceError> {
    let path = params.optional("Path").unwrap_or_else(|| "/".to_owned());
    let is_path = path == "/"
        || (path.len() > 2 && path.starts_with('/') && path.ends_with('/') && is_graphic(&path));
    if !is_path || path.len() > 512 {
        let message = format!(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters: {path}"
        );
        return Err(ServiceError::new(Code::ValidationError, message));
    }
    Ok(path)
}

/// Reads the beginning of the paths to list, which is `/` unless it is given.
pub(super) fn path_prefix(params: &mut Params) -> Result<String, ServiceError> {
    let prefix = params.optional("PathPrefix");
    let prefix = prefix.unwrap_or_else(|| "/".to_owned());
    if !prefix.starts_with('/') || !is_graphic(&prefix) || prefix.len() > 512 {
        return Err(failed(
            "PathPrefix",
            &prefix,
            "Member must satisfy regular expression pattern: \\u002F[\\u0021-\\u007F]*",
        ));
    }
    Ok(prefix)
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
        format!(
            "Member must have value greater than or equal to {}",
            range.start()
        )
    } else {
        format!(
            "Member must have value less than or equal to {}",
            range.end()
        )
    };
    Err(failed(name, &value.to_string(), &bound))
}

/// Refuses a text that is too long.
pub(super) fn bounded(parameter: &str, text: &str, longest: usize) -> Result<(), ServiceError> {
    if text.chars().count() <= longest {
        return Ok(());
    }
    let bound = format!("Member must have length less than or equal to {longest}");
    Err(failed(parameter, text, &bound))
}

/// Returns AWS's answer to a value beyond the limits of the model. It names the member with a small first letter.
pub(super) fn failed(parameter: &str, value: &str, constraint: &str) -> ServiceError {
    let mut letters = parameter.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let member: String = first.into_iter().chain(letters).collect();
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    );
    ServiceError::new(Code::ValidationError, message)
}

fn is_graphic(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}
