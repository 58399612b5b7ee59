//! The limits on the rate of an account's calls: AWS's token buckets, which are off by default.

mod bucket;
mod published;
mod refusal;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::bucket::TokenBucket;
pub(crate) use self::refusal::refusal;
use crate::wire::{Call, ServiceError};

/// The number of calls that the account lets through.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use geusemaker_testkit::{Aws, Throttling, Timings};
///
/// let aws = Aws::builder().timings(Timings::Instant).throttling(Throttling::Published).build();
/// let config = aws.sdk_config().into_builder();
/// let config = config.retry_config(aws_smithy_types::retry::RetryConfig::disabled()).build();
/// let ec2 = aws_sdk_ec2::Client::new(&config);
/// for _ in 0..100 {
///     assert!(ec2.describe_vpcs().send().await.is_ok());
/// }
/// let error = ec2.describe_vpcs().send().await.unwrap_err();
/// assert_eq!(error.into_service_error().meta().code(), Some("RequestLimitExceeded"));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Throttling {
    /// Any number of calls.
    #[default]
    Off,
    /// As many calls as AWS's published token buckets allow: those of the EC2 developer guide and of the Elastic Load
    /// Balancing user guide, per account and region. For EFS (per account and region) and CloudFront (per account)
    /// nothing is published, and the buckets are assumed. Certificate Manager and Route 53 have the rates of their
    /// quotas. IAM, STS and Systems Manager are not throttled.
    Published,
}

/// The account's buckets. A bucket from which nothing was ever taken is full, and not listed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Limits {
    pub(crate) throttling: Throttling,
    buckets: BTreeMap<String, TokenBucket>,
}

impl Limits {
    /// Takes the call's tokens, from all of its buckets or from none.
    ///
    /// # Errors
    /// Returns the service's own answer to a throttled call if a bucket has too few tokens.
    pub(crate) fn admit(&mut self, now: Timestamp, call: &Call) -> Result<(), ServiceError> {
        match self.throttling {
            Throttling::Off => return Ok(()),
            Throttling::Published => {}
        }
        let mut taken = Vec::new();
        for withdrawal in published::withdrawals(call) {
            let bucket = self.buckets.get(&withdrawal.bucket).copied();
            let bucket = bucket.unwrap_or(TokenBucket::full(now));
            match bucket.take(now, withdrawal.size, withdrawal.tokens) {
                Some(rest) => taken.push((withdrawal.bucket, rest)),
                None => return Err(refusal(call.service)),
            }
        }
        self.buckets.extend(taken);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{Limits, Throttling};
    use crate::wire::params::Params;
    use crate::wire::{Call, Input, Service};

    /// Generates calls that take from two buckets: the number of instances, and the time since the previous call.
    fn launches() -> impl Strategy<Value = Vec<(u32, u64)>> {
        let instances = prop_oneof![4 => 1_u32..10, 1 => 200_u32..1200];
        let pause = prop_oneof![4 => Just(0_u64), 4 => 1_u64..2000, 1 => 60_000_u64..600_000];
        prop::collection::vec((instances, pause), 1..100)
    }

    proptest! {
        #[test]
        fn throttled_call_takes_no_tokens(launches in launches()) {
            let mut limits = Limits {
                throttling: Throttling::Published,
                ..Limits::default()
            };
            let mut now = Timestamp::UNIX_EPOCH;
            for (instances, pause) in launches {
                now += Duration::from_millis(pause);
                let call = Call {
                    service: Service::Ec2,
                    region: "us-east-1".to_owned(),
                    operation: "RunInstances".to_owned(),
                    input: Input::Query(Params::parse(format!("MaxCount={instances}").as_bytes())),
                };
                let before = limits.buckets.clone();
                match limits.admit(now, &call) {
                    Ok(()) => prop_assert_eq!(limits.buckets.len(), 2),
                    Err(error) => {
                        prop_assert_eq!(error.code, "RequestLimitExceeded");
                        prop_assert_eq!(&limits.buckets, &before);
                    }
                }
            }
        }
    }
}
