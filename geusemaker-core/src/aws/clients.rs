//! The SDK clients of the services that a deployment uses.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_smithy_runtime::client::retries::RetryPartition;

use super::call_log::CallLog;
use super::clock_speed::ClockSpeed;

/// The timeout of a call. RunInstances has been seen to take five seconds; a call that takes this long has lost its
/// reply.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// The region in which CloudFront looks for certificates.
///
/// Source: CloudFront Developer Guide, "Requirements for using SSL/TLS certificates with CloudFront".
pub(crate) const CLOUDFRONT_REGION: &str = "us-east-1";

/// One client per service.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    /// AWS Certificate Manager in the region of the deployment, for certificates of load balancers.
    pub(crate) acm: aws_sdk_acm::Client,
    /// AWS Certificate Manager in us-east-1, for certificates of distributions.
    pub(crate) acm_of_cloudfront: aws_sdk_acm::Client,
    pub(crate) cloudfront: aws_sdk_cloudfront::Client,
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) efs: aws_sdk_efs::Client,
    pub(crate) elastic_load_balancing: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) route53: aws_sdk_route53::Client,
    pub(crate) secrets_manager: aws_sdk_secretsmanager::Client,
    pub(crate) service_quotas: aws_sdk_servicequotas::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
    pub(crate) sts: aws_sdk_sts::Client,
}

/// Clients for calls that change nothing. The SDK may repeat these calls.
#[derive(Clone, Debug)]
pub(crate) struct Reader(Clients);

/// Clients for calls that change something. The SDK makes each call once, and only the ledger decides about a
/// repetition: after a lost reply, a hidden second attempt would be refused with "already exists" because of the first
/// one.
#[derive(Clone, Debug)]
pub(crate) struct Writer(Clients);

impl Reader {
    /// Creates clients whose retries wait in the account's time. Timeouts are this machine's: an answer takes its time
    /// on the way, however fast the account is.
    pub(crate) fn new(config: &SdkConfig, region: Option<Region>, speed: ClockSpeed) -> Self {
        let retries = RetryConfig::standard().with_max_attempts(4);
        let (first, longest) = (retries.initial_backoff(), retries.max_backoff());
        let retries = retries
            .with_initial_backoff(speed.here(first))
            .with_max_backoff(speed.here(longest));
        Self(Clients::new(config, region, retries))
    }
}

impl Writer {
    pub(crate) fn new(config: &SdkConfig, region: Option<Region>) -> Self {
        Self(Clients::new(config, region, RetryConfig::disabled()))
    }
}

impl std::ops::Deref for Reader {
    type Target = Clients;

    fn deref(&self) -> &Clients {
        &self.0
    }
}

impl std::ops::Deref for Writer {
    type Target = Clients;

    fn deref(&self) -> &Clients {
        &self.0
    }
}

impl Clients {
    fn new(config: &SdkConfig, region: Option<Region>, retries: RetryConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(CALL_TIMEOUT)
            .build();
        let mut builder = config
            .to_builder()
            .retry_config(retries)
            .timeout_config(timeouts);
        if let Some(region) = region {
            builder = builder.region(region);
        }
        let config = builder.build();
        // The SDK's default retry budget is shared by the whole process: failures of other code would use it up.
        let budget = RetryPartition::custom("geusemaker").build();
        macro_rules! client {
            ($sdk:ident) => {
                $sdk::Client::from_conf(
                    $sdk::config::Builder::from(&config)
                        .retry_partition(budget.clone())
                        .interceptor(CallLog)
                        .build(),
                )
            };
        }
        let acm_of_cloudfront = aws_sdk_acm::config::Builder::from(&config)
            .region(Region::new(CLOUDFRONT_REGION))
            .retry_partition(budget.clone())
            .interceptor(CallLog)
            .build();
        Self {
            acm: client!(aws_sdk_acm),
            acm_of_cloudfront: aws_sdk_acm::Client::from_conf(acm_of_cloudfront),
            cloudfront: client!(aws_sdk_cloudfront),
            ec2: client!(aws_sdk_ec2),
            efs: client!(aws_sdk_efs),
            elastic_load_balancing: client!(aws_sdk_elasticloadbalancingv2),
            iam: client!(aws_sdk_iam),
            route53: client!(aws_sdk_route53),
            secrets_manager: client!(aws_sdk_secretsmanager),
            service_quotas: client!(aws_sdk_servicequotas),
            ssm: client!(aws_sdk_ssm),
            sts: client!(aws_sdk_sts),
        }
    }
}
