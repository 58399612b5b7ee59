//! AWS's token buckets, through the unmodified SDK clients.

use std::time::Duration;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::Filter;
use aws_types::SdkConfig;
use aws_types::region::Region;
use geusemaker_testkit::{Aws, Outcome, Snapshot, Throttling, Timings};

/// Builds an account in which only throttling takes time.
fn throttled() -> Aws {
    Aws::builder()
        .timings(Timings::Instant)
        .throttling(Throttling::Published)
        .build()
}

/// Returns a configuration whose clients do not retry.
fn without_retries(aws: &Aws) -> SdkConfig {
    let retries = aws_smithy_types::retry::RetryConfig::disabled();
    let config = aws.sdk_config().into_builder();
    config.retry_config(retries).build()
}

fn ec2(aws: &Aws) -> aws_sdk_ec2::Client {
    aws_sdk_ec2::Client::new(&without_retries(aws))
}

/// Returns the status, code and message of a refusal.
fn refusal<T, E>(result: Result<T, SdkError<E>>) -> (u16, String, String)
where
    T: std::fmt::Debug,
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let error = result.unwrap_err();
    (
        error.raw_response().unwrap().status().as_u16(),
        error.code().unwrap().to_owned(),
        error.message().unwrap().to_owned(),
    )
}

fn words(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

#[tokio::test(start_paused = true)]
async fn throttling_is_off_by_default() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let ec2 = ec2(&aws);
    for _ in 0..300 {
        ec2.describe_vpcs().send().await.unwrap();
    }
}

/// Twenty tokens come back each second.
#[tokio::test(start_paused = true)]
async fn ec2_describe_has_100_tokens() {
    let aws = throttled();
    let ec2 = ec2(&aws);
    for _ in 0..100 {
        ec2.describe_vpcs().send().await.unwrap();
    }
    let refused = refusal(ec2.describe_vpcs().send().await);
    assert_eq!(
        refused,
        words(503, "RequestLimitExceeded", "Request limit exceeded.")
    );
    // Another action has tokens of its own.
    ec2.describe_subnets().send().await.unwrap();
    // The refused call took no token, so one is there after a twentieth of a second.
    aws.clock().sleep(Duration::from_millis(50)).await;
    ec2.describe_vpcs().send().await.unwrap();
    refusal(ec2.describe_vpcs().send().await);
    aws.clock().sleep(Duration::from_secs(1)).await;
    for _ in 0..20 {
        ec2.describe_vpcs().send().await.unwrap();
    }
    refusal(ec2.describe_vpcs().send().await);
}

#[tokio::test(start_paused = true)]
async fn unfiltered_describe_has_50_tokens() {
    let aws = throttled();
    let ec2 = ec2(&aws);
    for _ in 0..50 {
        ec2.describe_instances().send().await.unwrap();
    }
    refusal(ec2.describe_instances().send().await);
    let running = Filter::builder()
        .name("instance-state-name")
        .values("running")
        .build();
    for _ in 0..99 {
        let call = ec2.describe_instances().filters(running.clone());
        call.send().await.unwrap();
    }
    ec2.describe_instances()
        .max_results(5)
        .send()
        .await
        .unwrap();
    refusal(ec2.describe_instances().max_results(5).send().await);
}

/// One bucket counts the requests, the other the instances.
#[tokio::test(start_paused = true)]
async fn run_instances_has_two_buckets() {
    let aws = throttled();
    let ec2 = ec2(&aws);
    let image = ec2.describe_images().owners("amazon").send().await.unwrap();
    let image = image
        .images()
        .iter()
        .find(|image| image.architecture().unwrap().as_str() == "x86_64");
    let image = image.unwrap().image_id().unwrap();
    let run = |image: &str, instances: i32| {
        ec2.run_instances()
            .image_id(image)
            .instance_type("g5.xlarge".into())
            .min_count(1)
            .max_count(instances)
            .send()
    };
    for _ in 0..5 {
        run(image, 1).await.unwrap();
    }
    assert_eq!(refusal(run(image, 1).await).0, 503);
    let instances = || {
        let all = aws.leftovers().into_iter();
        all.filter(|it| it.kind == "EC2::Instance").count()
    };
    assert_eq!(instances(), 5, "a throttled call has an effect");
    aws.clock().sleep(Duration::from_millis(500)).await;
    run(image, 1).await.unwrap();
    refusal(run(image, 1).await);

    // A call for a thousand instances takes a thousand tokens, even if it fails.
    aws.clock().sleep(Duration::from_secs(60)).await;
    let unknown = run("ami-00000000000000000", 1000).await;
    assert_eq!(refusal(unknown).1, "InvalidAMIID.NotFound");
    refusal(run(image, 1).await);
    aws.clock().sleep(Duration::from_millis(500)).await;
    run(image, 1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn oversized_launch_empties_bucket() {
    let aws = throttled();
    let ec2 = ec2(&aws);
    let run = || {
        let run = ec2.run_instances().image_id("ami-00000000000000000");
        run.min_count(1).max_count(1001).send()
    };
    assert_eq!(refusal(run().await).1, "InvalidAMIID.NotFound");
    assert_eq!(refusal(run().await).1, "RequestLimitExceeded");
    aws.clock().sleep(Duration::from_secs(500)).await;
    assert_eq!(refusal(run().await).1, "InvalidAMIID.NotFound");
}

/// Five tokens come back each second.
#[tokio::test(start_paused = true)]
async fn ec2_changes_have_50_tokens() {
    let aws = throttled();
    let ec2 = ec2(&aws);
    let delete = || ec2.delete_key_pair().key_name("nobody").send();
    for _ in 0..50 {
        delete().await.unwrap();
    }
    refusal(delete().await);
    aws.clock().sleep(Duration::from_millis(200)).await;
    delete().await.unwrap();
    refusal(delete().await);
}

#[tokio::test(start_paused = true)]
async fn regions_are_counted_apart() {
    let aws = throttled();
    let here = ec2(&aws);
    let elsewhere = without_retries(&aws)
        .into_builder()
        .region(Region::new("eu-west-1"));
    let elsewhere = aws_sdk_ec2::Client::new(&elsewhere.build());
    for _ in 0..100 {
        here.describe_vpcs().send().await.unwrap();
    }
    refusal(here.describe_vpcs().send().await);
    elsewhere.describe_vpcs().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn load_balancing_shares_40_tokens() {
    let aws = throttled();
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&without_retries(&aws));
    for _ in 0..40 {
        elb.describe_load_balancers().send().await.unwrap();
    }
    let refused = refusal(elb.describe_load_balancers().send().await);
    assert_eq!(refused, words(400, "ThrottlingException", "Rate exceeded"));
    // For a call of another class, its own bucket is full but the account's is empty.
    let create = || elb.create_load_balancer().name("one").send();
    assert_eq!(refusal(create().await).1, "ThrottlingException");

    // CreateLoadBalancer has ten tokens, and one comes back every five seconds.
    aws.clock().sleep(Duration::from_secs(10)).await;
    for _ in 0..10 {
        assert_eq!(refusal(create().await).1, "ValidationError");
    }
    assert_eq!(refusal(create().await).1, "ThrottlingException");
    aws.clock().sleep(Duration::from_secs(5)).await;
    assert_eq!(refusal(create().await).1, "ValidationError");
    assert_eq!(refusal(create().await).1, "ThrottlingException");
}

/// Other changes of Elastic Load Balancing have their own bucket.
#[tokio::test(start_paused = true)]
async fn target_registrations_are_counted_apart() {
    let aws = throttled();
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&without_retries(&aws));
    let nowhere = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/0";
    let deregister = || elb.deregister_targets().target_group_arn(nowhere).send();
    let delete = || elb.delete_load_balancer().load_balancer_arn(nowhere).send();
    for _ in 0..20 {
        assert_ne!(refusal(deregister().await).1, "ThrottlingException");
    }
    assert_eq!(refusal(deregister().await).1, "ThrottlingException");
    for _ in 0..20 {
        delete().await.unwrap();
    }
    assert_eq!(refusal(delete().await).1, "ThrottlingException");
    // Each second, four tokens for registrations come back, and three for other changes.
    aws.clock().sleep(Duration::from_millis(1001)).await;
    for _ in 0..4 {
        assert_ne!(refusal(deregister().await).1, "ThrottlingException");
    }
    assert_eq!(refusal(deregister().await).1, "ThrottlingException");
    for _ in 0..3 {
        delete().await.unwrap();
    }
    assert_eq!(refusal(delete().await).1, "ThrottlingException");
}

#[tokio::test(start_paused = true)]
async fn efs_has_20_tokens() {
    let aws = throttled();
    let efs = aws_sdk_efs::Client::new(&without_retries(&aws));
    for _ in 0..20 {
        efs.describe_file_systems().send().await.unwrap();
    }
    let refused = refusal(efs.create_file_system().creation_token("one").send().await);
    assert_eq!(refused, words(429, "ThrottlingException", "Rate exceeded"));
    assert!(aws.leftovers().is_empty(), "a throttled call has an effect");
    aws.clock().sleep(Duration::from_millis(200)).await;
    efs.create_file_system()
        .creation_token("one")
        .send()
        .await
        .unwrap();
}

/// CloudFront has five tokens for changes.
#[tokio::test(start_paused = true)]
async fn cloudfront_regions_share_tokens() {
    let aws = throttled();
    let client = |region: &'static str| {
        let config = without_retries(&aws)
            .into_builder()
            .region(Region::new(region));
        aws_sdk_cloudfront::Client::new(&config.build())
    };
    let delete = |region: &'static str| {
        let client = client(region);
        async move { client.delete_distribution().id("E0").send().await }
    };
    for _ in 0..5 {
        assert_eq!(refusal(delete("us-east-1").await).1, "NoSuchDistribution");
    }
    let refused = refusal(delete("eu-west-1").await);
    assert_eq!(refused, words(400, "Throttling", "Rate exceeded"));
    aws.clock().sleep(Duration::from_secs(2)).await;
    assert_eq!(refusal(delete("us-east-1").await).1, "NoSuchDistribution");
    let cloudfront = client("us-east-1");
    for _ in 0..20 {
        cloudfront.list_distributions().send().await.unwrap();
    }
    assert_eq!(
        refusal(cloudfront.list_distributions().send().await).1,
        "Throttling"
    );
}

#[tokio::test(start_paused = true)]
async fn restored_account_keeps_token_counts() {
    let aws = throttled();
    let client = ec2(&aws);
    for _ in 0..100 {
        client.describe_vpcs().send().await.unwrap();
    }
    let kept = serde_json::to_string(&aws.snapshot()).unwrap();
    let kept: Snapshot = serde_json::from_str(&kept).unwrap();
    let restored = Aws::builder().restore(kept).unwrap().build();
    let client = ec2(&restored);
    assert_eq!(
        refusal(client.describe_vpcs().send().await).1,
        "RequestLimitExceeded"
    );
    restored.clock().sleep(Duration::from_millis(50)).await;
    client.describe_vpcs().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sdk_retries_survive_burst() {
    let aws = throttled();
    let retries = aws_smithy_types::retry::RetryConfig::standard().with_max_attempts(10);
    let config = aws.sdk_config().into_builder().retry_config(retries);
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config.build());
    for _ in 0..60 {
        elb.describe_load_balancers().send().await.unwrap();
    }
    let calls = aws.calls();
    let throttled = calls
        .iter()
        .filter(|call| call.outcome == Outcome::Refused("ThrottlingException".to_owned()));
    assert!(throttled.count() > 0, "nothing was throttled");
    // Twenty calls exceed the bucket and wait for tokens, which come back at ten a second.
    assert!(aws.clock().elapsed() >= Duration::from_millis(1999));
}

#[tokio::test(start_paused = true)]
async fn route_53_has_five_calls_a_second() {
    let aws = throttled();
    let config = without_retries(&aws);
    let dns = aws_sdk_route53::Client::new(&config);
    for _ in 0..5 {
        dns.list_hosted_zones().send().await.unwrap();
    }
    let refused = dns.list_hosted_zones().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("Throttling"));
    let acm = aws_sdk_acm::Client::new(&config);
    for _ in 0..8 {
        acm.list_certificates().send().await.unwrap();
    }
    let refused = acm.list_certificates().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ThrottlingException"));
}
