//! The secrets of a spec, which nobody has put into the sandbox: their values are made up.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::ParameterType;
use geusemaker_core::SdkConfig;
use geusemaker_core::spec::{DeploymentSpec, SecretName, SecretSource};

use crate::failure::Failure;
use crate::progress_display::ProgressDisplay;

const MADE_UP: &str = "simulated";

/// Creates the parameters and secrets that a spec names and that the account does not have.
pub(crate) async fn make_up(
    config: &SdkConfig,
    spec: &DeploymentSpec,
    display: &ProgressDisplay,
) -> Result<(), Failure> {
    let mut builder = config.to_builder();
    if let Some(region) = spec.region() {
        builder.set_region(Some(aws_sdk_ssm::config::Region::new(region.to_string())));
    }
    let config = builder.build();
    let mut parameters = BTreeSet::new();
    let mut secrets: BTreeMap<&SecretName, BTreeMap<&str, &str>> = BTreeMap::new();
    for source in spec.secret_sources() {
        match source {
            SecretSource::Parameter(name) => {
                parameters.insert(name);
            }
            SecretSource::SecretsManager { name, key } => {
                let keys = secrets.entry(name).or_default();
                keys.extend(key.iter().map(|key| (key.as_str(), MADE_UP)));
            }
            // The instances make the others, in a version of the library that knows more of them too.
            _ => {}
        }
    }
    for name in parameters {
        let put = aws_sdk_ssm::Client::new(&config).put_parameter();
        let put = put.name(name.as_str()).value(MADE_UP);
        match put.r#type(ParameterType::SecureString).send().await {
            Ok(_) => display.note(&format!("the sandbox makes up a value for ssm:{name}")),
            Err(error) => match error.into_service_error() {
                PutParameterError::ParameterAlreadyExists(_) => {}
                error => return Err(failed(&error)),
            },
        }
    }
    for (name, keys) in secrets {
        let value = if keys.is_empty() {
            MADE_UP.to_owned()
        } else {
            serde_json::json!(keys).to_string()
        };
        let create = aws_sdk_secretsmanager::Client::new(&config).create_secret();
        match create.name(name.as_str()).secret_string(value).send().await {
            Ok(_) => display.note(&format!(
                "the sandbox makes up a value for secretsmanager:{name}"
            )),
            Err(error) => match error.into_service_error() {
                CreateSecretError::ResourceExistsException(_) => {}
                error => return Err(failed(&error)),
            },
        }
    }
    Ok(())
}

fn failed(error: &dyn std::error::Error) -> Failure {
    Failure::local(format!("the sandbox cannot make up a secret: {error}"))
}
