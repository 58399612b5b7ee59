//! Lists of parameters: all that filters admit, and those below a path.

use serde::Deserialize;

use super::parameter::Parameter;
use super::{Code, Ssm, invalid, paging};
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// A condition on parameters.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

impl Filter {
    fn admits(&self, name: &str, parameter: &Parameter) -> Result<bool, ServiceError> {
        let option = self.option.as_deref();
        if self.values.is_empty() {
            let message = "The filter has no values.";
            return Err(ServiceError::new(Code::InvalidFilterValue, message));
        }
        let any = |admits: &dyn Fn(&String) -> bool| self.values.iter().any(admits);
        match (self.key.as_str(), option) {
            ("Name", None | Some("Equals")) => Ok(any(&|value| value == name)),
            ("Name", Some("BeginsWith")) => Ok(any(&|value| name.starts_with(value.as_str()))),
            ("Name", Some("Contains")) => Ok(any(&|value| name.contains(value.as_str()))),
            ("Path", None | Some("OneLevel")) => Ok(any(&|path| is_below(name, path, false))),
            ("Path", Some("Recursive")) => Ok(any(&|path| is_below(name, path, true))),
            ("Name" | "Path", Some(option)) => Err(wrong_option(option)),
            (key, option) => {
                let property = parameter.property(key).ok_or_else(|| {
                    ServiceError::new(
                        Code::InvalidFilterKey,
                        format!("The filter key {key} is not valid."),
                    )
                })?;
                match option {
                    None | Some("Equals") => Ok(any(&|value| property.as_ref() == Some(value))),
                    Some("BeginsWith") => Ok(property.is_some_and(|property| {
                        any(&|value| property.starts_with(value.as_str()))
                    })),
                    Some(option) => Err(wrong_option(option)),
                }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeRequest {
    #[serde(default)]
    parameter_filters: Vec<Filter>,
    max_results: Option<u32>,
    next_token: Option<String>,
}

pub(super) fn describe(
    ssm: &Ssm,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: DescribeRequest = input.body()?;
    let mut found = Vec::new();
    for (name, parameter) in chosen(ssm, &request.parameter_filters)? {
        found.push((name.clone(), parameter.metadata(name, context)));
    }
    let token = request.next_token.as_deref();
    paging::reply("Parameters", (request.max_results, 1..=50), token, found)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PathRequest {
    path: String,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    parameter_filters: Vec<Filter>,
    #[serde(default)]
    with_decryption: bool,
    max_results: Option<u32>,
    next_token: Option<String>,
}

pub(super) fn get_by_path(
    ssm: &Ssm,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: PathRequest = input.body()?;
    if !request.path.starts_with('/') {
        return Err(invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\".",
        ));
    }
    if request.path.starts_with("/aws/") {
        let what = format_args!("the parameters below {}", request.path);
        return Err(ServiceError::unsupported(what));
    }
    // The reference: this call has filters for type, key and label only.
    let is_known = |filter: &&Filter| ["KeyId", "Type"].contains(&filter.key.as_str());
    if let Some(filter) = request.parameter_filters.iter().find(|it| !is_known(it)) {
        let message = format!("The filter key {} is not valid.", filter.key);
        return Err(ServiceError::new(Code::InvalidFilterKey, message));
    }
    let mut found = Vec::new();
    for (name, parameter) in chosen(ssm, &request.parameter_filters)? {
        if is_below(name, &request.path, request.recursive) {
            let described = parameter.described(name, request.with_decryption, context);
            found.push((name.clone(), described));
        }
    }
    let token = request.next_token.as_deref();
    paging::reply("Parameters", (request.max_results, 1..=10), token, found)
}

/// Returns the parameters that all filters admit.
fn chosen<'a>(
    ssm: &'a Ssm,
    filters: &[Filter],
) -> Result<Vec<(&'a String, &'a Parameter)>, ServiceError> {
    let mut chosen = Vec::new();
    for (name, parameter) in &ssm.parameters {
        let mut is_admitted = true;
        for filter in filters {
            is_admitted &= filter.admits(name, parameter)?;
        }
        if is_admitted {
            chosen.push((name, parameter));
        }
    }
    Ok(chosen)
}

/// Returns true if a name is below a path, at the next level or at any.
fn is_below(name: &str, path: &str, is_recursive: bool) -> bool {
    let rest = name.strip_prefix(path.trim_end_matches('/'));
    let rest = rest.and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| !rest.is_empty() && (is_recursive || !rest.contains('/')))
}

fn wrong_option(option: &str) -> ServiceError {
    let message = format!("The filter option {option} is not valid for this key.");
    ServiceError::new(Code::InvalidFilterOption, message)
}
