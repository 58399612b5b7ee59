//! The deletion of secrets: at the end of a recovery window, or almost at once.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::secret::Secret;
use super::{Code, SecretsManager, not_found, seconds};
use crate::sim::context::RequestContext;
use crate::sim::timings::Step;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The deletion of a secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Deletion {
    pub(super) asked_at: Timestamp,
    /// The time from which the secret does not exist.
    gone_at: Timestamp,
}

impl Secret {
    /// Returns true if the deletion is scheduled, or done.
    pub(super) fn is_deleted(&self) -> bool {
        self.deletion.is_some()
    }

    /// Returns true if the secret does not exist any more.
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        let deletion = self.deletion.as_ref();
        deletion.is_some_and(|deletion| deletion.gone_at <= now)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    secret_id: String,
    recovery_window_in_days: Option<i64>,
    #[serde(default)]
    force_delete_without_recovery: bool,
}

pub(super) fn delete(
    secrets: &mut SecretsManager,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: DeleteRequest = input.body()?;
    let is_forced = request.force_delete_without_recovery;
    let wrong = |message| ServiceError::new(Code::InvalidParameterException, message);
    if is_forced && request.recovery_window_in_days.is_some() {
        return Err(wrong(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    let days = request.recovery_window_in_days.unwrap_or(30);
    let days = u32::try_from(days)
        .ok()
        .filter(|days| (7..=30).contains(days));
    let days = days.ok_or_else(|| {
        wrong("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
    })?;
    let after = match is_forced {
        true => context.rng.duration(Step::Consistency),
        false => DAY * days,
    };
    let deletion = Deletion {
        asked_at: context.now,
        gone_at: context.now + after,
    };
    let found = secrets.secret(&request.secret_id, context.now);
    let secret = match found.map(|secret| secret.name.clone()) {
        Ok(name) => secrets.secrets.get_mut(&name).ok_or_else(not_found)?,
        // The reference: with force, a secret that does not exist is no error.
        Err(_) if is_forced && !request.secret_id.starts_with("arn:") => {
            return Ok(Reply::json(json!({
                "Name": request.secret_id,
                "DeletionDate": seconds(context.now),
            })));
        }
        Err(unknown) => return Err(unknown),
    };
    if secret.is_deleted() && !is_forced {
        let message = "You can't perform this operation on the secret because it was already scheduled for deletion.";
        return Err(ServiceError::new(Code::InvalidRequestException, message));
    }
    let date = if is_forced {
        context.now
    } else {
        deletion.gone_at
    };
    secret.deletion = Some(deletion);
    Ok(Reply::json(json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "DeletionDate": seconds(date),
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RestoreRequest {
    secret_id: String,
}

/// Takes the deletion back. It succeeds for a secret that is not deleted.
pub(super) fn restore(
    secrets: &mut SecretsManager,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: RestoreRequest = input.body()?;
    let name = secrets
        .secret(&request.secret_id, context.now)?
        .name
        .clone();
    let secret = secrets.secrets.get_mut(&name).ok_or_else(not_found)?;
    secret.deletion = None;
    Ok(Reply::json(
        json!({ "ARN": secret.arn, "Name": secret.name }),
    ))
}
