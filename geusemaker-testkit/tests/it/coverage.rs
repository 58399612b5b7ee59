//! The coverage report: the operations, errors and states that a program has used.

use std::time::Duration;

use aws_sdk_cloudfront::types::{
    CustomOriginConfig, DefaultCacheBehavior, DistributionConfig, Origin, OriginProtocolPolicy,
    Origins, ViewerProtocolPolicy,
};
use geusemaker_testkit::{Aws, Coverage, Fault, Quota, Service, Timings};

/// Returns the states of a kind that were seen, and those that were not.
fn states<'a>(coverage: &'a Coverage, kind: &str) -> (Vec<&'a str>, Vec<&'a str>) {
    let seen = coverage.states().filter(|(of, _, _)| *of == kind);
    let never = coverage.never_seen().filter(|(of, _)| *of == kind);
    (
        seen.map(|(_, state, _)| state).collect(),
        never.map(|(_, state)| state).collect(),
    )
}

/// Launches an instance and describes it once, either right away or after it has come up.
async fn life(aws: &Aws, until_running: bool) {
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let images = ec2.describe_images().owners("amazon").send().await.unwrap();
    let mut images = images.images().iter();
    let image = images.find(|image| image.architecture().unwrap().as_str() == "arm64");
    let run = ec2
        .run_instances()
        .image_id(image.unwrap().image_id().unwrap())
        .instance_type("g5g.xlarge".into())
        .min_count(1)
        .max_count(1)
        .send()
        .await
        .unwrap();
    let id = run.instances()[0].instance_id().unwrap();
    if until_running {
        aws.clock().sleep(Duration::from_secs(300)).await;
    }
    // The instance may be too new for the call to find it.
    let _ = ec2.describe_instances().instance_ids(id).send().await;
}

#[tokio::test(start_paused = true)]
async fn coverage_counts_calls_and_error_codes() {
    let aws = Aws::builder()
        .timings(Timings::Instant)
        .fault(
            Fault::on("DescribeVpcs")
                .nth(2)
                .answer("UnauthorizedOperation"),
        )
        .build();
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    ec2.describe_vpcs().send().await.unwrap();
    ec2.describe_vpcs().send().await.unwrap_err();
    let unknown = ec2.describe_vpcs().vpc_ids("vpc-00000000").send().await;
    unknown.unwrap_err();
    let coverage = aws.coverage();
    let used = coverage.operation(Service::Ec2, "DescribeVpcs").unwrap();
    assert_eq!((used.times(), used.succeeded, used.unanswered), (3, 1, 0));
    let codes = ["InvalidVpcID.NotFound", "UnauthorizedOperation"];
    assert!(used.refused.keys().eq(&codes), "{used:?}");
    assert!(coverage.errors(Service::Ec2).into_iter().eq(codes));
    assert!(coverage.errors(Service::Efs).is_empty());
    assert_eq!(coverage.operations().count(), 1);

    let never_called: Vec<_> = coverage.never_called().collect();
    assert!(!never_called.contains(&(Service::Ec2, "DescribeVpcs")));
    assert!(never_called.contains(&(Service::Ec2, "RunInstances")));
    assert!(never_called.contains(&(Service::CloudFront, "ListDistributions")));
    let never_refused: Vec<_> = coverage.never_refused_with().collect();
    assert!(!never_refused.contains(&(Service::Ec2, "InvalidVpcID.NotFound")));
    assert!(never_refused.contains(&(Service::Ec2, "VcpuLimitExceeded")));
}

#[tokio::test(start_paused = true)]
async fn unanswered_call_shows_no_state() {
    let aws = Aws::builder()
        .timings(Timings::Slow)
        .fault(Fault::on("RunInstances").lose_reply().forever())
        .build();
    let config = aws.sdk_config().into_builder();
    let config = config.retry_config(aws_smithy_types::retry::RetryConfig::disabled());
    let ec2 = aws_sdk_ec2::Client::new(&config.build());
    let images = ec2.describe_images().owners("amazon").send().await.unwrap();
    let run = ec2
        .run_instances()
        .image_id(images.images()[0].image_id().unwrap())
        .instance_type("t4g.small".into())
        .min_count(1)
        .max_count(1);
    run.send().await.unwrap_err();
    let coverage = aws.coverage();
    let used = coverage.operation(Service::Ec2, "RunInstances").unwrap();
    assert_eq!((used.times(), used.unanswered), (1, 1));
    assert!(states(&coverage, "EC2::Instance").0.is_empty());
}

#[tokio::test(start_paused = true)]
async fn seen_states_come_from_answers() {
    let aws = Aws::builder().timings(Timings::Slow).build();
    life(&aws, true).await;
    let coverage = aws.coverage();
    let (seen, never) = states(&coverage, "EC2::Instance");
    assert_eq!(seen, ["pending", "running"]);
    assert!(never.contains(&"terminated"), "{never:?}");
    assert!(!never.contains(&"running"), "{never:?}");

    let efs = aws_sdk_efs::Client::new(&aws.sdk_config());
    let create = efs.create_file_system().creation_token("one");
    let id = create.send().await.unwrap().file_system_id;
    let coverage = aws.coverage();
    let (seen, never) = states(&coverage, "EFS::FileSystem");
    assert_eq!(seen, ["creating"]);
    assert!(never.contains(&"available"), "{never:?}");
    aws.clock().sleep(Duration::from_secs(60)).await;
    let describe = efs.describe_file_systems().file_system_id(id);
    describe.send().await.unwrap();
    let coverage = aws.coverage();
    let (seen, _) = states(&coverage, "EFS::FileSystem");
    assert_eq!(seen, ["available", "creating"]);
}

#[tokio::test(start_paused = true)]
async fn distribution_quota_error_is_reported() {
    let aws = Aws::builder().quota(Quota::Distributions, 1).build();
    let cloudfront = aws_sdk_cloudfront::Client::new(&aws.sdk_config());
    let create = |reference| {
        let config = distribution(reference);
        cloudfront
            .create_distribution()
            .distribution_config(config)
            .send()
    };
    create("one").await.unwrap();
    let error = create("two").await.unwrap_err().into_service_error();
    assert!(error.is_too_many_distributions(), "{error:?}");
    let coverage = aws.coverage();
    let errors = coverage.errors(Service::CloudFront);
    assert!(errors.into_iter().eq(["TooManyDistributions"]));
    let (seen, never) = states(&coverage, "CloudFront::Distribution");
    assert_eq!(seen, ["InProgress"]);
    assert_eq!(never, ["Deployed"]);
}

#[tokio::test(start_paused = true)]
async fn coverage_merges_several_runs() {
    let mut sum = Coverage::default();
    for until_running in [false, true] {
        let aws = Aws::builder().timings(Timings::Slow).build();
        life(&aws, until_running).await;
        // A test suite that runs in several processes would save its coverage as JSON.
        let kept = serde_json::to_string(&aws.coverage()).unwrap();
        sum.merge(&serde_json::from_str(&kept).unwrap());
    }
    let run = sum.operation(Service::Ec2, "RunInstances").unwrap();
    assert_eq!(run.succeeded, 2);
    let (seen, _) = states(&sum, "EC2::Instance");
    assert_eq!(seen, ["pending", "running"]);
    let mut twice = sum.clone();
    twice.merge(&Coverage::default());
    assert_eq!(twice, sum);
}

/// The table lists states and errors too.
#[tokio::test(start_paused = true)]
async fn table_lists_used_and_unused_calls() {
    let aws = Aws::builder().timings(Timings::Slow).build();
    life(&aws, false).await;
    let table = aws.coverage().to_string();
    let line = |start: &str| {
        let mut lines = table.lines();
        let found = lines.find(|line| line.trim_start().starts_with(start));
        found.unwrap_or_else(|| unreachable!("{start} is not in\n{table}"))
    };
    assert!(line("DescribeInstances").ends_with(" 1  InvalidInstanceID.NotFound 1"));
    assert!(line("RunInstances").ends_with(" 1"));
    assert!(line("ec2: ").ends_with("operations"));
    assert!(line("EC2::Instance:").contains(" pending 1, "), "{table}");
    assert!(line("EC2::Instance:").contains(" running 0, "), "{table}");
    assert!(line("CloudFront::Distribution:").contains(" Deployed 0"));
    assert!(line("cloudfront: ").starts_with("cloudfront: 0 of "));
    assert!(!table.contains("CreateDistribution"), "{table}");
    assert!(table.contains("never called: "), "{table}");
    assert!(table.contains("never refused with: "), "{table}");
    assert!(table.lines().all(|line| line.len() <= 100), "{table}");
}

fn distribution(reference: &str) -> DistributionConfig {
    let custom = CustomOriginConfig::builder()
        .http_port(80)
        .https_port(443)
        .origin_protocol_policy(OriginProtocolPolicy::HttpOnly);
    let origin = Origin::builder()
        .id("alb")
        .domain_name("alb.us-east-1.elb.amazonaws.com")
        .custom_origin_config(custom.build().unwrap());
    let origins = Origins::builder()
        .quantity(1)
        .items(origin.build().unwrap());
    let behavior = DefaultCacheBehavior::builder()
        .target_origin_id("alb")
        .viewer_protocol_policy(ViewerProtocolPolicy::AllowAll)
        .cache_policy_id("4135ea2d-6df8-44a3-9df3-4b5a84be39ad");
    DistributionConfig::builder()
        .caller_reference(reference)
        .origins(origins.build().unwrap())
        .default_cache_behavior(behavior.build().unwrap())
        .comment("of a test")
        .enabled(true)
        .build()
        .unwrap()
}
