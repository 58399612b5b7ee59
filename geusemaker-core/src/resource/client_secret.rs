//! The secret by which a provider of sign-ins knows the load balancer. It is read from its place for the calls that need
//! it, and kept nowhere.

use std::fmt;

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::spec::{ParameterName, SecretName, SecretSource};

/// A client secret, which is neither shown nor serialized.
#[derive(Clone)]
pub(crate) struct ClientSecret(String);

impl ClientSecret {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret")
    }
}

/// The reason why a place has no client secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Missing,
    Empty,
    NotAnObject,
    NoSuchKey,
}

impl Flaw {
    /// Returns the reason as a clause without its subject.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Missing => "does not exist, or these credentials cannot see it",
            Self::Empty => "is empty",
            Self::NotAnObject => "is not a JSON object",
            Self::NoSuchKey => "has no text under that key",
        }
    }

    /// Returns what to do about it.
    pub(crate) fn remedy(self, place: &SecretSource) -> String {
        match (self, place) {
            (Self::NotAnObject, SecretSource::SecretsManager { name, .. }) => {
                format!("leave the key out: \"secretsmanager:{name}\"")
            }
            (Self::NoSuchKey, _) => "correct the key, or add it to the secret".to_owned(),
            (_, SecretSource::SecretsManager { name, .. }) => format!(
                "put the client secret there, or correct the name: aws secretsmanager create-secret --name {name} \
                 --secret-string VALUE"
            ),
            (_, place) => {
                let place = place.to_string();
                let name = place
                    .split_once(':')
                    .map_or(place.as_str(), |(_, name)| name);
                format!(
                    "put the client secret there, or correct the name: aws ssm put-parameter --overwrite --type \
                     SecureString --name {name} --value VALUE"
                )
            }
        }
    }
}

/// Reads a client secret, unless its place has none.
pub(crate) async fn read(
    aws: &Reader,
    place: &SecretSource,
) -> Result<Result<ClientSecret, Flaw>, AwsError> {
    let value = match place {
        SecretSource::Parameter(name) => parameter(aws, name).await?,
        SecretSource::SecretsManager { name, .. } => secret(aws, name).await?,
        // No spec has it here.
        SecretSource::Generated(_) => None,
    };
    let Some(value) = value else {
        return Ok(Err(Flaw::Missing));
    };
    let value = match place {
        SecretSource::SecretsManager { key: Some(key), .. } => {
            let object: Option<serde_json::Map<String, serde_json::Value>> =
                serde_json::from_str(&value).ok();
            let Some(object) = object else {
                return Ok(Err(Flaw::NotAnObject));
            };
            match object.get(key.as_str()).and_then(|value| value.as_str()) {
                Some(value) => value.to_owned(),
                None => return Ok(Err(Flaw::NoSuchKey)),
            }
        }
        SecretSource::Parameter(_)
        | SecretSource::SecretsManager { key: None, .. }
        | SecretSource::Generated(_) => value,
    };
    // Editors and `echo` add line ends.
    let value = value.trim_end_matches(['\r', '\n']);
    Ok(match value {
        "" => Err(Flaw::Empty),
        value => Ok(ClientSecret(value.to_owned())),
    })
}

async fn parameter(aws: &Reader, name: &ParameterName) -> Result<Option<String>, AwsError> {
    let reply = aws
        .ssm
        .get_parameter()
        .name(name.as_str())
        .with_decryption(true)
        .send()
        .await
        .map_err(AwsError::of("ssm:GetParameter"));
    match reply {
        Ok(reply) => Ok(reply.parameter.and_then(|parameter| parameter.value)),
        Err(error) if error.code.as_deref() == Some("ParameterNotFound") => Ok(None),
        Err(error) => Err(error),
    }
}

async fn secret(aws: &Reader, name: &SecretName) -> Result<Option<String>, AwsError> {
    let reply = aws
        .secrets_manager
        .get_secret_value()
        .secret_id(name.as_str())
        .send()
        .await
        .map_err(AwsError::of("secretsmanager:GetSecretValue"));
    match reply {
        Ok(reply) => Ok(reply.secret_string),
        // One that is scheduled for deletion is an invalid request.
        Err(error)
            if error.is_not_found() || error.code.as_deref() == Some("InvalidRequestException") =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
