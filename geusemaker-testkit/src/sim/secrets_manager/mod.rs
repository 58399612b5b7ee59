//! AWS Secrets Manager: secrets, their versions, and their deletion after a recovery window.

mod deletion;
mod error_code;
mod listing;
mod operations;
mod secret;
mod tags;
mod value;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::error_code::{Code, ERROR_CODES};
pub(crate) use self::operations::OPERATIONS;
use self::secret::Secret;
use super::context::RequestContext;
use super::resource::Resource;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The content of Secrets Manager in one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SecretsManager {
    /// By name. One that is deleted for good stays until another takes its name.
    secrets: BTreeMap<String, Secret>,
}

impl SecretsManager {
    /// Returns the secrets that exist at that time, without those whose deletion is scheduled.
    pub(crate) fn inventory(&self) -> impl Iterator<Item = Resource> {
        let secrets = self.secrets.values().filter(|secret| !secret.is_deleted());
        secrets.map(|secret| Resource::new("SecretsManager::Secret", &secret.arn))
    }

    /// Returns the secrets that are there, also those whose deletion is scheduled.
    fn present(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        let secrets = self.secrets.values();
        secrets.filter(move |secret| !secret.is_gone(now))
    }

    /// Returns a secret by its name, its ARN, or its ARN without the random end.
    fn secret(&self, id: &str, now: Timestamp) -> Result<&Secret, ServiceError> {
        let found = self.present(now).find(|secret| secret.has_id(id));
        found.ok_or_else(not_found)
    }

    /// Returns the same secret, to be changed, unless its deletion is scheduled.
    fn secret_mut(&mut self, id: &str, now: Timestamp) -> Result<&mut Secret, ServiceError> {
        let name = self.usable(id, now)?.name.clone();
        self.secrets.get_mut(&name).ok_or_else(not_found)
    }

    /// Returns the same secret, unless its deletion is scheduled.
    fn usable(&self, id: &str, now: Timestamp) -> Result<&Secret, ServiceError> {
        let secret = self.secret(id, now)?;
        if secret.is_deleted() {
            let message = "You can't perform this operation on the secret because it was marked for deletion.";
            return Err(ServiceError::new(Code::InvalidRequestException, message));
        }
        Ok(secret)
    }
}

/// Answers a call of Secrets Manager.
pub(crate) fn answer(
    secrets: &mut SecretsManager,
    context: &mut RequestContext<'_>,
    operation: &str,
    input: &Input,
) -> Result<Reply, ServiceError> {
    operations::perform(operation, secrets, context, input)
}

/// Returns a time as JSON has it, in seconds.
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

fn not_found() -> ServiceError {
    let message = "Secrets Manager can't find the specified secret.";
    ServiceError::new(Code::ResourceNotFoundException, message)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(Code::ValidationException, message)
}
