//! The unmodified clients of the SDK, over their usual HTTP client.

use std::time::Duration;

use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use geusemaker_testkit::serve::AwsServer;
use geusemaker_testkit::{Aws, Fault, Timings};

/// Returns the configuration of a program whose environment directs it to the server. The clients use the account's
/// clock, so with a fast clock they would give up before they have connected.
fn config(aws: &Aws, server: &AwsServer) -> SdkConfig {
    aws.sdk_config()
        .into_builder()
        .http_client(Builder::new().build_http())
        .endpoint_url(server.uri())
        .build()
}

#[tokio::test(flavor = "multi_thread")]
async fn services_answer_their_own_clients() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let server = AwsServer::start(aws.clone()).await.unwrap();
    let config = config(&aws, &server);

    let sts = aws_sdk_sts::Client::new(&config);
    let identity = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("123456789012"));

    let ec2 = aws_sdk_ec2::Client::new(&config);
    let vpcs = ec2.describe_vpcs().send().await.unwrap();
    assert_eq!(vpcs.vpcs().len(), 1);
    let refused = ec2
        .describe_instances()
        .instance_ids("i-0123456789abcdef0")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        refused.into_service_error().meta().code(),
        Some("InvalidInstanceID.NotFound")
    );

    let balancing = aws_sdk_elasticloadbalancingv2::Client::new(&config);
    let balancers = balancing.describe_load_balancers().send().await.unwrap();
    assert_eq!(balancers.load_balancers(), []);

    let cloudfront = aws_sdk_cloudfront::Client::new(&config);
    let missing = cloudfront
        .get_distribution()
        .id("E1")
        .send()
        .await
        .unwrap_err();
    assert!(missing.into_service_error().is_no_such_distribution());

    let iam = aws_sdk_iam::Client::new(&config);
    let roles = iam.list_roles().send().await.unwrap();
    assert_eq!(roles.roles(), []);

    let ssm = aws_sdk_ssm::Client::new(&config);
    let missing = ssm.get_parameter().name("a").send().await.unwrap_err();
    assert!(missing.into_service_error().is_parameter_not_found());

    let efs = aws_sdk_efs::Client::new(&config);
    let made = efs
        .create_file_system()
        .creation_token("one")
        .send()
        .await
        .unwrap();
    let id = made.file_system_id();
    assert_eq!(aws.leftovers().len(), 1);
    efs.delete_file_system()
        .file_system_id(id)
        .send()
        .await
        .unwrap();
}

/// Without retries, the client reports a dispatch failure.
#[tokio::test(flavor = "multi_thread")]
async fn lost_reply_is_retried_by_client() {
    let aws = Aws::builder()
        .timings(Timings::Instant)
        .fault(Fault::on("DescribeVpcs").reset().times(2))
        .build();
    let server = AwsServer::start(aws.clone()).await.unwrap();
    let client = |retries| {
        let config = config(&aws, &server).into_builder().retry_config(retries);
        aws_sdk_ec2::Client::new(&config.build())
    };
    let once = client(RetryConfig::disabled());
    let error = once.describe_vpcs().send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");

    let thrice = client(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)));
    thrice.describe_vpcs().send().await.unwrap();
    assert_eq!(aws.calls().len(), 3);
}
