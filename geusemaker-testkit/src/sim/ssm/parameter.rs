//! Parameters: those of the account, and AWS's own with the ids of images.

use std::collections::{BTreeMap, BTreeSet};

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
pub(super) const OF_AWS: &str = "/aws/service/";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Parameter {
    #[serde(rename = "type")]
    kind: ParameterType,
    value: String,
    version: u64,
    tier: Tier,
    modified_at: Timestamp,
    tags: Tags,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    data_type: DataType,
    /// The values before, by version.
    #[serde(default)]
    older: BTreeMap<u64, Older>,
}

/// A value that has been overwritten.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Older {
    #[serde(rename = "type")]
    kind: ParameterType,
    value: String,
    modified_at: Timestamp,
}

/// The most versions that are kept.
const VERSIONS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum ParameterType {
    SecureString,
    String,
    StringList,
}

/// The kind of a parameter's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum DataType {
    /// The id of an image.
    #[serde(rename = "aws:ec2:image")]
    Image,
    #[default]
    #[serde(rename = "text")]
    Text,
}

impl DataType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Image => "aws:ec2:image",
            Self::Text => "text",
        }
    }
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

    pub(super) fn described(
        &self,
        name: &str,
        decrypts: bool,
        context: &RequestContext<'_>,
    ) -> Value {
        let value = match self.kind {
            ParameterType::SecureString if !decrypts => self.encrypted(name),
            ParameterType::SecureString | ParameterType::String | ParameterType::StringList => {
                self.value.clone()
            }
        };
        json!({
            "Name": name,
            "Type": self.kind,
            "Value": value,
            "Version": self.version,
            "LastModifiedDate": seconds(self.modified_at),
            "ARN": arn(name, context),
            "DataType": self.data_type,
        })
    }

    /// Returns the parameter as it was in a version, if that is known.
    fn in_version(&self, version: u64) -> Option<Self> {
        if version == self.version {
            return Some(self.clone());
        }
        let older = self.older.get(&version)?.clone();
        Some(Self {
            kind: older.kind,
            value: older.value,
            modified_at: older.modified_at,
            version,
            ..self.clone()
        })
    }

    /// Returns the parameter without its value.
    pub(super) fn metadata(&self, name: &str, context: &RequestContext<'_>) -> Value {
        let mut metadata = json!({
            "Name": name,
            "ARN": arn(name, context),
            "Type": self.kind,
            "LastModifiedDate": seconds(self.modified_at),
            "LastModifiedUser": format!("arn:{}:iam::{}:root", context.partition(), context.account_id),
            "Version": self.version,
            "Tier": self.tier,
            "Policies": [],
            "DataType": self.data_type,
        });
        if let Some(description) = &self.description {
            metadata["Description"] = description.clone().into();
        }
        if let Some(key) = self.key() {
            metadata["KeyId"] = key.into();
        }
        metadata
    }

    /// Returns the key that encrypts the value.
    fn key(&self) -> Option<&str> {
        match self.kind {
            ParameterType::SecureString => Some(self.key.as_deref().unwrap_or("alias/aws/ssm")),
            ParameterType::String | ParameterType::StringList => None,
        }
    }

    /// Returns a property that filters name; `None` if there is no such property.
    pub(super) fn property(&self, key: &str) -> Option<Option<String>> {
        let word = |value: Value| value.as_str().map(str::to_owned);
        match key {
            "DataType" => Some(Some(self.data_type.name().to_owned())),
            "KeyId" => Some(self.key().map(str::to_owned)),
            "Tier" => Some(word(json!(self.tier))),
            "Type" => Some(word(json!(self.kind))),
            _ => key
                .strip_prefix("tag:")
                .map(|tag| self.tags.get(tag).cloned()),
        }
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
        Found::Parameter(parameter) => Ok(Reply::json(json!({ "Parameter": parameter }))),
        Found::NoParameter => Err(ServiceError::new(Code::ParameterNotFound, "")),
        Found::NoVersion { name, version } => {
            let message = format!(
                "Systems Manager could not find version {version} of {name}. Verify the version and try again."
            );
            Err(ServiceError::new(Code::ParameterVersionNotFound, message))
        }
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
            Found::Parameter(parameter) => found.push(parameter),
            Found::NoParameter | Found::NoVersion { .. } => missing.push(name),
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
    description: Option<String>,
    key_id: Option<String>,
    data_type: Option<DataType>,
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
    let data_type = request.data_type.or(old.map(|old| old.data_type));
    let data_type = data_type.unwrap_or_default();
    if data_type == DataType::Image && !request.value.starts_with("ami-") {
        return Err(invalid(
            "Parameter value must be the id of an image, as its data type is aws:ec2:image.",
        ));
    }
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
    let mut older = old.map(|old| old.older.clone()).unwrap_or_default();
    if let Some(old) = old {
        let overwritten = Older {
            kind: old.kind,
            value: old.value.clone(),
            modified_at: old.modified_at,
        };
        older.insert(old.version, overwritten);
    }
    while older.len() >= VERSIONS {
        older.pop_first();
    }
    let parameter = Parameter {
        kind,
        value: request.value,
        version,
        tier,
        modified_at: context.now,
        tags: new_tags,
        description: request
            .description
            .or_else(|| old.and_then(|old| old.description.clone())),
        key: request
            .key_id
            .or_else(|| old.and_then(|old| old.key.clone())),
        data_type,
        older,
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteSeveralRequest {
    names: Vec<String>,
}

pub(super) fn delete_several(ssm: &mut Ssm, input: &Input) -> Result<Reply, ServiceError> {
    let request: DeleteSeveralRequest = input.body()?;
    if !(1..=10).contains(&request.names.len()) {
        return Err(invalid(
            "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length between 1 and 10",
        ));
    }
    let names: BTreeSet<String> = request.names.into_iter().collect();
    let (deleted, missing): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|name| ssm.parameters.remove(name).is_some());
    Ok(Reply::json(json!({
        "DeletedParameters": deleted,
        "InvalidParameters": missing,
    })))
}

/// Returns the ARN of a parameter of the account.
fn arn(name: &str, context: &RequestContext<'_>) -> String {
    let separator = if name.starts_with('/') { "" } else { "/" };
    format!(
        "arn:{}:ssm:{}:{}:parameter{separator}{name}",
        context.partition(),
        context.region,
        context.account_id
    )
}

/// The result of a search.
pub(super) enum Found {
    Parameter(Value),
    NoParameter,
    NoVersion { name: String, version: String },
}

/// Finds a parameter of the account or of AWS, by its name or ARN, perhaps with a version after a colon.
pub(super) fn find(
    ssm: &Ssm,
    id: &str,
    decrypts: bool,
    context: &RequestContext<'_>,
) -> Result<Found, ServiceError> {
    let is_own = |name: &&String| arn(name, context) == id;
    if let Some(name) = ssm.parameters.keys().find(is_own) {
        return find(ssm, name, decrypts, context);
    }
    if id.starts_with("arn:") {
        // The parts before the name are separated by five colons.
        let Some((arn, version)) = id.rsplit_once(':').filter(|_| id.matches(':').count() > 5)
        else {
            return Ok(Found::NoParameter);
        };
        let name = ssm
            .parameters
            .keys()
            .find(|name| self::arn(name, context) == arn);
        return match name {
            Some(name) => find(ssm, &format!("{name}:{version}"), decrypts, context),
            None => Ok(Found::NoParameter),
        };
    }
    let (name, selector) = match id.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (id, None),
    };
    if name.starts_with("/aws/reference/") {
        return Err(ServiceError::unsupported("references to Secrets Manager"));
    }
    if !name.starts_with(OF_AWS) {
        let Some(parameter) = ssm.parameters.get(name) else {
            return Ok(Found::NoParameter);
        };
        let Some(selector) = selector else {
            let described = parameter.described(name, decrypts, context);
            return Ok(Found::Parameter(described));
        };
        let Ok(version) = selector.parse() else {
            return Err(ServiceError::unsupported("a parameter by its label"));
        };
        let Some(parameter) = parameter.in_version(version) else {
            return Ok(Found::NoVersion {
                name: name.to_owned(),
                version: selector.to_owned(),
            });
        };
        let mut described = parameter.described(name, decrypts, context);
        described["Selector"] = format!(":{selector}").into();
        return Ok(Found::Parameter(described));
    }
    let Some(image) = ec2::image_of_parameter(context.region, name) else {
        // All Base images are here, the others are not.
        if name.starts_with("/aws/service/deeplearning/ami/") && name.contains("/base-") {
            return Ok(Found::NoParameter);
        }
        return Err(ServiceError::unsupported(format_args!(
            "the Systems Manager parameter {name}"
        )));
    };
    Ok(Found::Parameter(json!({
        "Name": name,
        "Type": "String",
        "Value": image.id,
        "Version": 1,
        "LastModifiedDate": seconds(Timestamp::UNIX_EPOCH),
        "ARN": format!("arn:{}:ssm:{}::parameter{name}", context.partition(), context.region),
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
