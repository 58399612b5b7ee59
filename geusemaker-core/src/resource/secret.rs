//! Secrets of Secrets Manager. Their values are never read here.

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::spec::SecretName;

/// Returns true if the secret exists and is not scheduled for deletion.
pub(crate) async fn exists(aws: &Reader, name: &SecretName) -> Result<bool, AwsError> {
    let reply = aws
        .secrets_manager
        .describe_secret()
        .secret_id(name.as_str())
        .send()
        .await
        .map_err(AwsError::of("secretsmanager:DescribeSecret"));
    match reply {
        Ok(secret) => Ok(secret.deleted_date().is_none()),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}
