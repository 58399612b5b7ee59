//! Parameters: those of the account, and AWS's own with the ids of images.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tags::{self, Tag, Tags};
use super::{Code, Ssm, invalid, seconds};
use crate::sim::context::RequestContext;
use crate::sim::ec2;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The beginning of the names of AWS's own parameters.
const OF_AWS: &str = "/aws/service/";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Parameter {
    #[serde(rename = "type")]
    kind: ParameterType,
    value: String,
    version: u64,
    tier: Tier,
    modified_at: Timestamp,
    tags: Tags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum ParameterType {
    SecureString,
    String,
    StringList,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Tier {
    Advanced,
    #[default]
    Standard,
}

impl Parameter {
    pub(super) fn tags_mut(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn described(&self, name: &str, decrypts: bool, context: &RequestContext<'_>) -> Value {
        let value = match self.kind {
            ParameterType::SecureString if !decrypts => self.encrypted(name),
            ParameterType::SecureString | ParameterType::String | ParameterType::StringList => {
                self.value.clone()
            }
        };
        let separator = if name.starts_with('/') { "" } else { "/" };
        json!({
            "Name": name,
            "Type": self.kind,
            "Value": value,
            "Version": self.version,
            "LastModifiedDate": seconds(self.modified_at),
            "ARN": format!(
                "arn:aws:ssm:{}:{}:parameter{separator}{name}",
                context.region, context.account_id
            ),
            "DataType": "text",
        })
    }

    /// Returns a text that looks like the encrypted value and does not contain it.
    fn encrypted(&self, name: &str) -> String {
        let seed = format!(
            "AQICAHh simulated ciphertext of {name} version {}",
            self.version
        );
        STANDARD.encode(seed)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRequest {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

pub(super) fn get(
    ssm: &Ssm,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: GetRequest = input.body()?;
    match find(ssm, &request.name, request.with_decryption, context)? {
        Some(parameter) => Ok(Reply::json(json!({ "Parameter": parameter }))),
        None => Err(ServiceError::new(Code::ParameterNotFound, "")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetSeveralRequest {
    names: Vec<String>,
    #[serde(default)]
    with_decryption: bool,
}

pub(super) fn get_several(
    ssm: &Ssm,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: GetSeveralRequest = input.body()?;
    if !(1..=10).contains(&request.names.len()) {
        return Err(invalid(
            "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length between 1 and 10",
        ));
    }
    let names: BTreeSet<&String> = request.names.iter().collect();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        match find(ssm, name, request.with_decryption, context)? {
            Some(parameter) => found.push(parameter),
            None => missing.push(name),
        }
    }
    Ok(Reply::json(json!({
        "Parameters": found,
        "InvalidParameters": missing,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRequest {
    name: String,
    value: String,
    #[serde(rename = "Type")]
    kind: Option<ParameterType>,
    #[serde(default)]
    overwrite: bool,
    tier: Option<Tier>,
    #[serde(default)]
    tags: Vec<Tag>,
    /// Shown by DescribeParameters only, which is not simulated.
    #[serde(default, rename = "Description")]
    _description: Option<String>,
}

pub(super) fn put(
    ssm: &mut Ssm,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: PutRequest = input.body()?;
    check_name(&request.name)?;
    let old = ssm.parameters.get(&request.name);
    if old.is_some() && !request.overwrite {
        let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        return Err(ServiceError::new(Code::ParameterAlreadyExists, message));
    }
    // An advanced parameter cannot become a standard one again.
    let old_tier = old.map(|old| old.tier).unwrap_or_default();
    let tier = request.tier.unwrap_or(old_tier);
    if (old_tier, tier) == (Tier::Advanced, Tier::Standard) {
        return Err(invalid(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.",
        ));
    }
    check_value(&request.value, tier)?;
    if !request.tags.is_empty() && request.overwrite {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag.",
        ));
    }
    let Some(kind) = request.kind.or(old.map(|old| old.kind)) else {
        return Err(invalid(
            "A parameter type is required when you create a parameter.",
        ));
    };
    let mut new_tags = old.map(|old| old.tags.clone()).unwrap_or_default();
    tags::insert(&mut new_tags, request.tags)?;
    let version = old.map_or(1, |old| old.version + 1);
    let parameter = Parameter {
        kind,
        value: request.value,
        version,
        tier,
        modified_at: context.now,
        tags: new_tags,
    };
    ssm.parameters.insert(request.name, parameter);
    Ok(Reply::json(json!({ "Version": version, "Tier": tier })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    name: String,
}

pub(super) fn delete(ssm: &mut Ssm, input: &Input) -> Result<Reply, ServiceError> {
    let DeleteRequest { name } = input.body()?;
    match ssm.parameters.remove(&name) {
        Some(_) => Ok(Reply::empty()),
        None => Err(ServiceError::new(Code::ParameterNotFound, "")),
    }
}

/// Returns a parameter of the account or of AWS.
fn find(
    ssm: &Ssm,
    name: &str,
    decrypts: bool,
    context: &RequestContext<'_>,
) -> Result<Option<Value>, ServiceError> {
    if name.contains(':') {
        return Err(ServiceError::unsupported(
            "a parameter by its ARN, its version or its label",
        ));
    }
    if name.starts_with("/aws/reference/") {
        return Err(ServiceError::unsupported("references to Secrets Manager"));
    }
    if !name.starts_with(OF_AWS) {
        let parameter = ssm.parameters.get(name);
        return Ok(parameter.map(|parameter| parameter.described(name, decrypts, context)));
    }
    let Some(image) = ec2::image(context.region, &format!("resolve:ssm:{name}")) else {
        return Err(ServiceError::unsupported(format_args!(
            "the Systems Manager parameter {name}"
        )));
    };
    Ok(Some(json!({
        "Name": name,
        "Type": "String",
        "Value": image.id,
        "Version": 1,
        "LastModifiedDate": seconds(Timestamp::UNIX_EPOCH),
        "ARN": format!("arn:aws:ssm:{}::parameter{name}", context.region),
        "DataType": "text",
    })))
}

/// Refuses a name that a caller cannot give to a parameter.
fn check_name(name: &str) -> Result<(), ServiceError> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ));
    }
    let is_full = !name.contains('/') || name.starts_with('/');
    if !is_full {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    let parts = name.split('/').skip(usize::from(name.starts_with('/')));
    let has_empty_part = parts.clone().any(str::is_empty);
    if has_empty_part || !name.chars().all(is_allowed) || name.len() > 1011 {
        return Err(invalid(
            "Parameter name: can only contain letters, digits, and the symbols .-_ and /, which cannot end it or come twice.",
        ));
    }
    if parts.count() > 15 {
        let message = "A parameter name hierarchy can have a maximum of 15 levels.";
        return Err(ServiceError::new(
            Code::HierarchyLevelLimitExceededException,
            message,
        ));
    }
    Ok(())
}

fn check_value(value: &str, tier: Tier) -> Result<(), ServiceError> {
    let (longest, name) = match tier {
        Tier::Advanced => (8192, "Advanced"),
        Tier::Standard => (4096, "Standard"),
    };
    if value.len() > longest {
        return Err(invalid(format!(
            "{name} tier parameters support a maximum parameter value of {longest} characters."
        )));
    }
    if value.is_empty() || value.contains("{{") {
        return Err(invalid(
            "Parameter value must not be empty and can't nest another parameter with {{}}.",
        ));
    }
    Ok(())
}
