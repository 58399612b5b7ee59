//! Refusals at tiers 2 and 3: the error has AWS's words and a remedy that fits, and what is below stays whole.

use geusemaker_core::{Error, FileSystems};
use geusemaker_testkit::Fault;

use crate::scenario::{Scenario, census, spec, stack};

/// A refusal: the operation, AWS's code and message, and a part of the remedy.
type Refusal = (&'static str, &'static str, &'static str, &'static str);

const TIER_2: [Refusal; 13] = [
    (
        "CreateLoadBalancer",
        "TooManyLoadBalancers",
        "The limit of load balancers has been reached",
        "Application Load Balancers per Region",
    ),
    (
        "CreateLoadBalancer",
        "InvalidSubnet",
        "VPC vpc-0a1 has no internet gateway",
        "an internet gateway",
    ),
    (
        "CreateLoadBalancer",
        "InvalidSubnet",
        "Not enough IP space available in subnet-0a1. ELB requires at least 8 free IP addresses in each subnet.",
        "8 free addresses",
    ),
    (
        "CreateLoadBalancer",
        "OperationNotPermitted",
        "This AWS account currently does not support creating load balancers. For more information, please contact AWS \
         Support.",
        "ask AWS Support",
    ),
    (
        "CreateTargetGroup",
        "TooManyTargetGroups",
        "The maximum number of target groups has been reached",
        "Target Groups per Region",
    ),
    (
        "CreateListener",
        "TooManyListeners",
        "The maximum number of listeners has been reached",
        "fewer services or paths",
    ),
    (
        "CreateListener",
        "TargetGroupAssociationLimit",
        "The following target groups cannot be associated with more than one load balancer: arn",
        "the listener of the other load balancer",
    ),
    (
        "CreateListener",
        "CertificateNotFound",
        "Certificate 'arn' not found",
        "in the region of the load balancer",
    ),
    (
        "CreateListener",
        "UnsupportedCertificate",
        "The certificate 'arn' must have a fully-qualified domain name",
        "an issued certificate",
    ),
    (
        "CreateRule",
        "TooManyRules",
        "The maximum number of rules has been reached",
        "fewer services or paths",
    ),
    (
        "RegisterTargets",
        "TooManyTargets",
        "The maximum number of targets has been reached",
        "Targets per Application Load Balancer",
    ),
    (
        "RegisterTargets",
        "AccessDenied",
        "User is not authorized to perform elasticloadbalancing:RegisterTargets",
        "elasticloadbalancing:RegisterTargets",
    ),
    (
        "ModifyLoadBalancerAttributes",
        "InvalidConfigurationRequest",
        "Load balancer attribute value is not valid",
        "correct what AWS names",
    ),
];

const TIER_3: [Refusal; 7] = [
    (
        "CreateDistributionWithTags",
        "AccessDenied",
        "Your account must be verified before you can add new CloudFront resources. To verify your account, please contact \
         AWS Support",
        "verify the account for CloudFront",
    ),
    (
        "CreateDistributionWithTags",
        "CNAMEAlreadyExists",
        "One or more of the CNAMEs you provided are already associated with a different resource.",
        "list-conflicting-aliases",
    ),
    (
        "CreateDistributionWithTags",
        "InvalidViewerCertificate",
        "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid \
         certificate chain.",
        "in us-east-1 that covers every name",
    ),
    (
        "CreateDistributionWithTags",
        "TooManyDistributions",
        "Your request exceeds the maximum number of distributions.",
        "Web distributions per AWS account",
    ),
    (
        "CreateDistributionWithTags",
        "TooManyDistributionCNAMEs",
        "Your request contains more CNAMEs than are allowed per distribution.",
        "fewer aliases",
    ),
    (
        "CreateDistributionWithTags",
        "TooManyCacheBehaviors",
        "You cannot create more cache behaviors for the distribution.",
        "use less of what AWS names",
    ),
    (
        "CreateDistributionWithTags",
        "IllegalUpdate",
        "The update contains modifications that are not allowed.",
        "AWS never allows this change",
    ),
];

#[track_caller]
fn assert_fits(error: &Error, (operation, code, message, remedy): Refusal) {
    let call = error.call().unwrap_or_else(|| panic!("{error}"));
    let text = error.with_sources();
    let id = call.request_id.as_deref().unwrap();
    for part in [operation, code, message, id] {
        assert!(text.contains(part), "{text}");
    }
    assert!(
        error.remedy().contains(remedy),
        "{code}: {}",
        error.remedy()
    );
}

fn fault((operation, code, message, _): Refusal) -> Fault {
    let fault = Fault::on(operation).answer(code).status(400);
    fault.message(message).forever().into()
}

/// The instances are as they were, and the same deployment can be balanced again.
#[tokio::test(start_paused = true)]
async fn refusal_at_tier_2_leaves_instances() {
    for refusal in TIER_2 {
        let scenario = Scenario::new();
        let planned = scenario.session.plan(spec(2)).await.unwrap();
        let ready = planned.launch().await.unwrap();
        let before = census(&scenario.aws);
        scenario.aws.inject(fault(refusal));
        let start = scenario.aws.clock().elapsed();
        let failed = ready.balance().await.unwrap_err();
        let minutes = (scenario.aws.clock().elapsed() - start).as_secs() / 60;
        assert!(minutes < 10, "{refusal:?}: {minutes} minutes");
        assert_fits(&failed.error, refusal);
        assert!(failed.undone.is_complete(), "{:#?}", failed.undone.left);
        // A mount target may have become available meanwhile, which is none of this.
        let after = census(&scenario.aws);
        for kind in ["EC2::Instance", "EFS::FileSystem", "EFS::MountTarget"] {
            assert_eq!(after.get(kind), before.get(kind), "{refusal:?}");
        }
        scenario.aws.lift_faults();
        let balanced = failed.previous.balance().await.unwrap();
        balanced.commit().await.unwrap();
        scenario.destroy().await;
    }
}

/// The load balancer is as it was, and the same deployment can be published again.
#[tokio::test(start_paused = true)]
async fn refusal_at_tier_3_leaves_balancer() {
    for refusal in TIER_3 {
        let scenario = Scenario::new();
        let planned = scenario.session.plan(spec(3)).await.unwrap();
        let ready = planned.launch().await.unwrap();
        let healthy = ready.balance().await.unwrap();
        let before = census(&scenario.aws);
        scenario.aws.inject(fault(refusal));
        let failed = healthy.create_cdn().await.unwrap_err();
        assert_fits(&failed.error, refusal);
        assert!(failed.undone.is_complete(), "{:#?}", failed.undone.left);
        assert_eq!(census(&scenario.aws), before, "{refusal:?}");
        scenario.aws.lift_faults();
        let published = failed.previous.publish().await.unwrap();
        published.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
    }
}

/// A distribution on a flat-rate pricing plan goes when the plan has ended: no call of AWS ends it.
#[tokio::test(start_paused = true)]
async fn pricing_plan_is_named() {
    let scenario = Scenario::new();
    let deployed = crate::scenario::deploy_tier_3(&scenario.session, spec(3)).await;
    deployed.unwrap().commit().await.unwrap();
    let refusal = Fault::on("DeleteDistribution").answer("AccessDenied");
    let words = "You can't delete this distribution while it's subscribed to a pricing plan.";
    scenario
        .aws
        .inject(refusal.status(403).message(words).forever());
    let destroyed = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await;
    let undone = destroyed.unwrap();
    let [left] = &undone.left[..] else {
        panic!("{:#?}", undone.left);
    };
    assert!(left.why.contains("flat-rate pricing plan"), "{left}");
    let remedy = left.remedy.as_deref().unwrap();
    assert!(remedy.contains("cancel the plan"), "{remedy}");
    assert_eq!(left.command, None);
    scenario.aws.lift_faults();
    scenario.destroy().await;
}

/// Only the registration is tried again.
#[tokio::test(start_paused = true)]
async fn registration_alone_is_retried() {
    for code in ["InvalidTarget", "ThrottlingException"] {
        let scenario = Scenario::new();
        let planned = scenario.session.plan(spec(2)).await.unwrap();
        let ready = planned.launch().await.unwrap();
        let refused = Fault::on("RegisterTargets").answer(code).status(400);
        scenario.aws.inject(refused.times(5));
        let balanced = ready.balance().await.unwrap();
        let calls = scenario.aws.calls();
        let count = |operation: &str| {
            let of_operation = calls.iter().filter(|call| call.operation == operation);
            of_operation.count()
        };
        assert_eq!(count("CreateLoadBalancer"), 1, "{code}");
        assert_eq!(count("CreateTargetGroup"), 2, "{code}");
        assert_eq!(count("RegisterTargets"), 2 + 5, "{code}");
        balanced.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
    }
}
