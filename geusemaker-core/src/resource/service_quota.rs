//! The values of quotas, from Service Quotas.

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;

/// Returns the value of a quota in the account, or `None` if Service Quotas does not have it.
pub(crate) async fn value(
    aws: &Reader,
    service: &str,
    code: &str,
) -> Result<Option<u32>, AwsError> {
    let applied = aws
        .service_quotas
        .get_service_quota()
        .service_code(service)
        .quota_code(code)
        .send()
        .await
        .map_err(AwsError::of("servicequotas:GetServiceQuota"));
    let value = match applied {
        Ok(reply) => reply.quota.and_then(|quota| quota.value),
        // The account has never had a value of its own.
        Err(error) if error.code.as_deref() == Some("NoSuchResourceException") => {
            default(aws, service, code).await?
        }
        Err(error) => return Err(error),
    };
    Ok(value.map(whole))
}

async fn default(aws: &Reader, service: &str, code: &str) -> Result<Option<f64>, AwsError> {
    let reply = aws
        .service_quotas
        .get_aws_default_service_quota()
        .service_code(service)
        .quota_code(code)
        .send()
        .await
        .map_err(AwsError::of("servicequotas:GetAWSDefaultServiceQuota"));
    match reply {
        Ok(reply) => Ok(reply.quota.and_then(|quota| quota.value)),
        Err(error) if error.code.as_deref() == Some("NoSuchResourceException") => Ok(None),
        Err(error) => Err(error),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates, and these quotas are small whole numbers"
)]
fn whole(value: f64) -> u32 {
    value as u32
}
