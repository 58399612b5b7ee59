//! Stacks whose load balancer CloudFront reaches through a VPC origin.

use std::time::Duration;

use aws_sdk_cloudfront::types::DistributionConfig;
use aws_sdk_elasticloadbalancingv2::types::{ActionTypeEnum, LoadBalancer};
use geusemaker_core::{Error, FileSystems, PlanProblem, ResourceKind};
use geusemaker_testkit::{Aws, Fault, Timings};

use crate::scenario::closed_origin::{admitted, distribution, rules, sent};
use crate::scenario::moment::Watched;
use crate::scenario::{
    Scenario, account, census, deploy_tier_3, go_on, private_tier_3, spec_with, stack,
};

const PRIVATE: &str = "[cdn]\norigin = 'vpc'";

async fn balancer(aws: &Aws) -> LoadBalancer {
    let client = aws_sdk_elasticloadbalancingv2::Client::new(&aws.sdk_config());
    let all = client.describe_load_balancers().send().await.unwrap();
    all.load_balancers.unwrap().remove(0)
}

/// Returns the ids of the VPC origins.
async fn vpc_origins(aws: &Aws) -> Vec<String> {
    let client = aws_sdk_cloudfront::Client::new(&aws.sdk_config());
    let all = client.list_vpc_origins().send().await.unwrap();
    let all = all.vpc_origin_list.unwrap();
    all.items().iter().map(|it| it.id().to_owned()).collect()
}

/// Returns the place of the first call of an operation.
#[track_caller]
fn first(aws: &Aws, operation: &str) -> usize {
    let calls = aws.calls();
    let place = calls.iter().position(|call| call.operation == operation);
    place.unwrap_or_else(|| panic!("no {operation}"))
}

/// Creates a distribution of somebody else like the one of the stack.
async fn another_distribution(aws: &Aws, config: DistributionConfig) -> String {
    let client = aws_sdk_cloudfront::Client::new(&aws.sdk_config());
    let mut config = config;
    config.caller_reference = "by-hand".to_owned();
    config.comment = "by hand".to_owned();
    let made = client.create_distribution().distribution_config(config);
    made.send().await.unwrap().distribution.unwrap().id
}

#[tokio::test(start_paused = true)]
async fn cdn_reaches_internal_balancer() {
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec_with(3, PRIVATE)).await;
    let deployed = deployed.unwrap_or_else(|error| panic!("{error}"));
    let dns_name = deployed.state().alb.load_balancer.dns_name.clone();
    deployed.commit().await.unwrap();
    let aws = &scenario.aws;
    assert_eq!(census(aws), private_tier_3());
    let (balancer, distribution, rules) = (
        balancer(aws).await,
        distribution(aws).await,
        rules(aws).await,
    );
    let origins = vpc_origins(aws).await;
    let messages = scenario.messages();
    let session = &scenario.session;
    let rotated = session.rotate_origin_secret(&stack()).await;
    scenario.destroy().await;

    assert_eq!(balancer.scheme().unwrap().as_str(), "internal");
    let origin = &distribution.origins().unwrap().items()[0];
    assert!(origin.custom_origin_config().is_none());
    assert_eq!(origin.domain_name(), dns_name);
    let config = origin.vpc_origin_config().unwrap();
    assert_eq!(origins, [config.vpc_origin_id()]);
    assert_eq!(config.origin_read_timeout(), Some(120));
    assert_eq!(config.origin_keepalive_timeout(), Some(60));
    // Nobody else reaches the load balancer, so there is no secret.
    assert_eq!(sent(&distribution), None);
    assert!(rules.iter().all(|rule| admitted(rule).is_empty()));
    let default = rules.last().unwrap().actions()[0].r#type();
    assert_eq!(default, Some(&ActionTypeEnum::Forward));
    assert!(matches!(rotated, Err(Error::NoSecretNeeded { .. })));
    assert!(
        messages.iter().any(|it| it.contains("Creating VPC origin")),
        "{messages:#?}"
    );
    let order = [
        "CreateLoadBalancer",
        "CreateVpcOrigin",
        "CreateDistributionWithTags",
        "DeleteDistribution",
        "DeleteVpcOrigin",
        "DeleteLoadBalancer",
    ];
    let places = order.map(|operation| first(aws, operation));
    assert!(places.is_sorted(), "{places:?}");
}

/// CloudFront takes its interfaces and its group away last, and the network waits for that.
#[tokio::test(start_paused = true)]
async fn network_outlasts_vpc_origin() {
    for timings in [Timings::Typical, Timings::Slow] {
        for network in ["", "\nprivate = true"] {
            let scenario = Scenario::on(account().timings(timings).build());
            let more = format!("[network]\ncreate = true{network}\n{PRIVATE}");
            let deployed = deploy_tier_3(&scenario.session, spec_with(3, &more)).await;
            let deployed = deployed.unwrap_or_else(|error| panic!("{network}: {error}"));
            let used = &deployed.state().alb.ec2.network;
            assert_eq!(
                used.balancer_subnets.iter().any(|it| it.is_public),
                network.is_empty()
            );
            deployed.commit().await.unwrap();
            scenario.destroy().await;
        }
    }
}

/// With a name, CloudFront asks the load balancer with HTTPS.
#[tokio::test(start_paused = true)]
async fn named_vpc_origin_speaks_https() {
    let scenario = Scenario::new();
    let domain = "[domain]\nname = 'llm.example.com'\nhosted_zone = 'example.com'";
    let more = format!("{domain}\n{PRIVATE}");
    let deployed = deploy_tier_3(&scenario.session, spec_with(3, &more)).await;
    let deployed = deployed.unwrap_or_else(|error| panic!("{error}"));
    let client = aws_sdk_cloudfront::Client::new(&scenario.aws.sdk_config());
    let id = vpc_origins(&scenario.aws).await.remove(0);
    let found = client.get_vpc_origin().id(id).send().await.unwrap();
    let distribution = distribution(&scenario.aws).await;
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    let endpoint = found
        .vpc_origin
        .unwrap()
        .vpc_origin_endpoint_config
        .unwrap();
    assert_eq!(endpoint.origin_protocol_policy().as_str(), "https-only");
    let protocols = endpoint.origin_ssl_protocols().unwrap();
    assert_eq!(protocols.items()[0].as_str(), "TLSv1.2");
    let origin = &distribution.origins().unwrap().items()[0];
    assert_eq!(origin.domain_name(), "origin.llm.example.com");
}

#[tokio::test(start_paused = true)]
async fn vpc_origin_survives_call_faults() {
    for operation in ["CreateVpcOrigin", "DeleteVpcOrigin"] {
        let at = || Fault::on(operation);
        let faults: [Fault; 5] = [
            at().lose_reply().into(),
            at().reset().into(),
            at().stall().into(),
            at().answer("Throttling").times(3).into(),
            at().answer("InternalFailure").times(3).into(),
        ];
        for fault in faults {
            let shown = format!("{fault:?}");
            let scenario = Scenario::on(account().fault(fault).build());
            let deployed = deploy_tier_3(&scenario.session, spec_with(3, PRIVATE)).await;
            let deployed = deployed.unwrap_or_else(|error| panic!("{shown}: {error}"));
            assert_eq!(census(&scenario.aws), private_tier_3(), "{shown}");
            deployed.commit().await.unwrap();
            scenario.destroy().await;
            assert_eq!(scenario.aws.unfired(), [], "{shown}");
        }
    }
}

/// From any moment, the next process finishes the deployment, and nothing exists twice.
#[tokio::test(start_paused = true)]
async fn private_stack_resumes_from_any_moment() {
    let watched = Watched::new(account());
    let deployed = deploy_tier_3(&watched.scenario.session, spec_with(3, PRIVATE)).await;
    let moments = watched.take();
    deployed.unwrap().rollback().await.into_result().unwrap();
    watched.scenario.assert_nothing_left();
    // The last ones are those of the CDN.
    let begin = moments.len().saturating_sub(16);
    for (number, moment) in moments.into_iter().enumerate().skip(begin) {
        let at = format!("moment {number}, {}", moment.what);
        let scenario = moment.restart().await;
        let opened = scenario.session.open(&stack()).await;
        let opened = opened.unwrap_or_else(|error| panic!("{at}: {error}"));
        let deployed = go_on(opened).await;
        let deployed = deployed.unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(census(&scenario.aws), private_tier_3(), "{at}");
        let undone = deployed.rollback().await;
        assert!(undone.is_complete(), "{at}: {undone:#?}");
        scenario.assert_nothing_left();
    }
}

/// Without a journal, the origin is found by its tags; that of another region is not.
#[tokio::test(start_paused = true)]
async fn orphans_have_vpc_origin() {
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec_with(3, PRIVATE)).await;
    deployed.unwrap().commit().await.unwrap();
    let elsewhere = Scenario::on(scenario.aws.clone());
    let of_kind = |orphans: &geusemaker_core::Orphans| {
        let mut kinds = orphans.orphans.iter().map(|orphan| orphan.kind);
        kinds.any(|kind| kind == ResourceKind::VpcOrigin)
    };
    let session = &elsewhere.session;
    let europe = "eu-west-1".parse().unwrap();
    assert!(!of_kind(&session.orphans(Some(&europe)).await.unwrap()));
    let orphans = session.orphans(None).await.unwrap();
    assert!(of_kind(&orphans));
    let removed = session.remove_orphans(&orphans, FileSystems::Delete).await;
    removed.unwrap().into_result().unwrap();
    scenario.assert_nothing_left();
}

/// The load balancer and the instances stay as they were.
#[tokio::test(start_paused = true)]
async fn refused_vpc_origin_leaves_balancer() {
    let fault = Fault::on("CreateVpcOrigin").answer("EntityLimitExceeded");
    let scenario = Scenario::on(account().fault(fault).build());
    let planned = scenario.session.plan(spec_with(3, PRIVATE)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let before = census(&scenario.aws);
    let failed = balanced.publish().await.unwrap_err();
    let text = failed.error.with_sources();
    assert!(text.contains("cloudfront:CreateVpcOrigin"), "{text}");
    assert!(failed.error.remedy().contains("VPC origin"));
    assert_eq!(census(&scenario.aws), before);
    let deployed = failed.previous.publish().await.unwrap();
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// One that takes longer than the deadline is undone once CloudFront is done with it.
#[tokio::test(start_paused = true)]
async fn slow_vpc_origin_is_undone_at_deadline() {
    let fault = Fault::on("CreateVpcOrigin").slow(Duration::from_secs(1500));
    let scenario = Scenario::on(account().fault(fault).build());
    let more = format!("{PRIVATE}\nwait_timeout = '20m'");
    let planned = scenario.session.plan(spec_with(3, &more)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let failed = balanced.publish().await.unwrap_err();
    let text = failed.error.to_string();
    assert!(text.starts_with("still waiting for VPC origin"), "{text}");
    assert!(failed.undone.is_complete(), "{:?}", failed.undone.left);
    assert_eq!(vpc_origins(&scenario.aws).await, [""; 0]);
    let deployed = failed.previous.publish().await.unwrap();
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// Somebody else's distribution is named, and the load balancer waits for nothing.
#[tokio::test(start_paused = true)]
async fn distribution_that_holds_vpc_origin_is_named() {
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec_with(3, PRIVATE)).await;
    deployed.unwrap().commit().await.unwrap();
    let aws = &scenario.aws;
    let other = another_distribution(aws, distribution(aws).await).await;
    let session = &scenario.session;
    let before = aws.clock().now();
    let undone = session
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap();
    let took = aws.clock().now().duration_since(before);
    let why_of = |kind| {
        let mut left = undone.left.iter();
        let left = left.find(|left| left.kind == kind);
        left.map(|left| left.why.clone()).unwrap_or_default()
    };
    let why = why_of(ResourceKind::VpcOrigin);
    assert!(
        why.contains(&format!("CloudFront distribution {other}")),
        "{why}"
    );
    let origin = vpc_origins(aws).await.remove(0);
    let why = why_of(ResourceKind::LoadBalancer);
    assert!(
        why.contains(&format!("VPC origin {origin} of CloudFront")),
        "{why}"
    );
    assert!(took.as_mins() < 20, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn vpc_without_gateway_takes_no_vpc_origin() {
    let scenario = Scenario::new();
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let gateways = ec2.describe_internet_gateways().send().await.unwrap();
    let gateway = &gateways.internet_gateways()[0];
    let vpc = gateway.attachments()[0].vpc_id().unwrap();
    let detach = ec2.detach_internet_gateway().vpc_id(vpc);
    let id = gateway.internet_gateway_id().unwrap();
    detach.internet_gateway_id(id).send().await.unwrap();
    let refused = scenario.session.plan(spec_with(3, PRIVATE)).await;
    let Err(Error::Plan(error)) = refused else {
        panic!("{refused:?}")
    };
    let mut problems = error.problems().iter();
    let found = problems.find(|it| matches!(it, PlanProblem::NoInternetGateway { .. }));
    let text = found.unwrap_or_else(|| panic!("{error}")).to_string();
    assert_eq!(
        text,
        format!(
            "cdn.origin: {vpc} has no internet gateway, without which CloudFront takes no VPC origin"
        )
    );
}
