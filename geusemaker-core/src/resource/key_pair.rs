//! Key pairs.

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::spec::KeyPairName;

/// Returns true if the account has a key pair of this name in the region.
pub(crate) async fn exists(aws: &Reader, name: &KeyPairName) -> Result<bool, AwsError> {
    let reply = aws
        .ec2
        .describe_key_pairs()
        .key_names(name.as_str())
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeKeyPairs"));
    match reply {
        Ok(reply) => Ok(!reply.key_pairs().is_empty()),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}
