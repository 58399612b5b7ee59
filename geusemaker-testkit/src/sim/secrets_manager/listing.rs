//! The list of secrets: filters and pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::secret::Secret;
use super::{Code, SecretsManager, invalid};
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    max_results: Option<u32>,
    next_token: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    sort_order: Option<SortOrder>,
    #[serde(default)]
    include_planned_deletion: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SortOrder {
    Asc,
    Desc,
}

impl Filter {
    /// Returns true if the secret matches one of the values. One with an exclamation mark in front excludes.
    fn admits(&self, secret: &Secret) -> Result<bool, ServiceError> {
        let matches = |value: &str| {
            let begins = |text: &String| text.starts_with(value);
            let in_description = secret.description.as_ref().is_some_and(|text| {
                let value = value.to_lowercase();
                let mut words = text.split_whitespace();
                words.any(|word| word.to_lowercase().starts_with(&value))
            });
            let in_keys = secret.tags.keys().any(begins);
            let in_values = secret.tags.values().any(begins);
            let in_name = begins(&secret.name);
            Ok(match self.key.as_str() {
                "all" => in_name || in_description || in_keys || in_values,
                "description" => in_description,
                "name" => in_name,
                "tag-key" => in_keys,
                "tag-value" => in_values,
                other => {
                    let what = format_args!("the filter {other} of secrets");
                    return Err(ServiceError::unsupported(what));
                }
            })
        };
        let mut admits = false;
        for value in &self.values {
            admits |= match value.strip_prefix('!') {
                Some(value) => !matches(value)?,
                None => matches(value)?,
            };
        }
        Ok(admits)
    }
}

pub(super) fn list(
    secrets: &SecretsManager,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: ListRequest = input.body()?;
    let size = request.max_results.unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 100"
        )));
    }
    let after = request.next_token.as_deref().map(|token| {
        let name = STANDARD.decode(token).ok();
        let name = name.and_then(|name| String::from_utf8(name).ok());
        name.ok_or_else(|| ServiceError::new(Code::InvalidNextTokenException, "Invalid NextToken"))
    });
    let after = after.transpose()?;
    let mut found = Vec::new();
    for secret in secrets.present(context.now) {
        if secret.is_deleted() && !request.include_planned_deletion {
            continue;
        }
        let mut is_meant = true;
        for filter in &request.filters {
            is_meant &= filter.admits(secret)?;
        }
        if is_meant {
            found.push(secret);
        }
    }
    if let Some(SortOrder::Desc) = request.sort_order {
        found.reverse();
    }
    if let Some(after) = after {
        let place = found.iter().position(|secret| secret.name == after);
        found.drain(..place.map_or(0, |place| place + 1));
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let listed = |secret: &&Secret| {
        let mut described = secret.described();
        // The list has the same under another name.
        if let Some(members) = described.as_object_mut()
            && let Some(stages) = members.remove("VersionIdsToStages")
        {
            members.insert("SecretVersionsToStages".to_owned(), stages);
        }
        described
    };
    let page: Vec<Value> = found.iter().take(size).map(listed).collect();
    let mut body = json!({ "SecretList": page });
    if found.len() > size
        && let Some(last) = found.get(size - 1)
    {
        body["NextToken"] = STANDARD.encode(&last.name).into();
    }
    Ok(Reply::json(body))
}
