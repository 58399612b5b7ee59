//! Faults of each kind, and the report of faults that never fired.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_ec2::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_ec2::types::InstanceType;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use geusemaker_testkit::effect::Refusal;
use geusemaker_testkit::{Aws, Boot, CallRecord, Fault, Guest, InjectedPanic, Outcome};

fn account(fault: impl Into<Fault>) -> Aws {
    Aws::builder().fault(fault).build()
}

/// Returns a configuration without the SDK's retries, which would hide the answers.
fn plain(aws: &Aws) -> SdkConfig {
    aws.sdk_config()
        .into_builder()
        .retry_config(RetryConfig::disabled())
        .build()
}

fn ec2(aws: &Aws) -> aws_sdk_ec2::Client {
    aws_sdk_ec2::Client::new(&plain(aws))
}

/// Calls DescribeVpcs and returns its error code, or `None` if it succeeds.
async fn describe_vpcs(aws: &Aws) -> Option<String> {
    let refused = ec2(aws).describe_vpcs().send().await.err()?;
    Some(refused.code().unwrap_or("no answer").to_owned())
}

async fn create_vpc(aws: &Aws) -> Option<String> {
    let creation = ec2(aws).create_vpc().cidr_block("10.0.0.0/16").send();
    let refused = creation.await.err()?;
    Some(refused.code().unwrap_or("no answer").to_owned())
}

async fn run_instance(aws: &Aws) -> String {
    let run = ec2(aws)
        .run_instances()
        .image_id(image(aws).await)
        .instance_type(InstanceType::G5Xlarge)
        .min_count(1)
        .max_count(1);
    let ran = run.send().await.unwrap();
    ran.instances()[0].instance_id().unwrap().to_owned()
}

async fn image(aws: &Aws) -> String {
    let images = ec2(aws).describe_images().owners("amazon").send().await;
    let images = images.unwrap();
    images.images()[0].image_id().unwrap().to_owned()
}

fn vpcs_left(aws: &Aws) -> usize {
    let left = aws.leftovers();
    left.iter().filter(|one| one.kind == "EC2::VPC").count()
}

fn state_of(aws: &Aws, id: &str) -> String {
    let states = aws.states();
    let one = states.iter().find(|one| one.resource.id == id);
    one.unwrap().state.clone()
}

fn unfired(aws: &Aws) -> Vec<String> {
    aws.unfired().iter().map(ToString::to_string).collect()
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn faults_count_calls_independently() {
    let aws = Aws::builder()
        .fault(Fault::on("DescribeVpcs").answer("First"))
        .fault(Fault::on("DescribeVpcs").nth(2).answer("Second"))
        .fault(Fault::on("DescribeVpcs").nth(4).times(2).answer("Fourth"))
        .build();
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(describe_vpcs(&aws).await);
    }
    let expected = [
        Some("First"),
        Some("Second"),
        None,
        Some("Fourth"),
        Some("Fourth"),
        None,
    ];
    assert_eq!(answers, expected.map(|code| code.map(str::to_owned)));
}

#[tokio::test(start_paused = true)]
async fn second_due_fault_fires_on_next_call() {
    let aws = Aws::builder()
        .fault(Fault::on_any().answer("One"))
        .fault(Fault::on("DescribeVpcs").answer("Other"))
        .build();
    assert_eq!(describe_vpcs(&aws).await.unwrap(), "One");
    assert_eq!(describe_vpcs(&aws).await.unwrap(), "Other");
    assert_eq!(describe_vpcs(&aws).await, None);
}

#[tokio::test(start_paused = true)]
async fn service_prefix_selects_operation() {
    let aws = account(Fault::on("elasticloadbalancing:DescribeTags").denied());
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&plain(&aws));
    ec2(&aws).describe_tags().send().await.unwrap();
    let refused = elb.describe_tags().resource_arns("arn:x").send().await;
    assert_eq!(refused.unwrap_err().code(), Some("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn fault_can_wait_for_time() {
    let aws = account(Fault::on("DescribeVpcs").after(HOUR).answer("Late"));
    assert_eq!(describe_vpcs(&aws).await, None);
    aws.clock().sleep(HOUR).await;
    assert_eq!(describe_vpcs(&aws).await.unwrap(), "Late");
}

#[tokio::test(start_paused = true)]
async fn fault_can_wait_for_resource_state() {
    let aws = account(
        Fault::on("DescribeVpcs")
            .while_in("EC2::Instance", "running")
            .forever()
            .answer("Busy"),
    );
    assert_eq!(describe_vpcs(&aws).await, None);
    let id = run_instance(&aws).await;
    assert_eq!(state_of(&aws, &id), "pending");
    assert_eq!(describe_vpcs(&aws).await, None);
    aws.clock().sleep(HOUR).await;
    assert_eq!(state_of(&aws, &id), "running");
    assert_eq!(describe_vpcs(&aws).await.unwrap(), "Busy");
    let end = ec2(&aws).terminate_instances().instance_ids(&id).send();
    end.await.unwrap();
    assert_eq!(state_of(&aws, &id), "shutting-down");
    assert_eq!(describe_vpcs(&aws).await, None);
}

/// Returns the error code and HTTP status with which each service refuses a call under a fault.
async fn refusals(fault: impl Fn() -> Fault<Refusal>) -> [(String, u16); 5] {
    fn refusal<E: aws_sdk_ec2::error::ProvideErrorMetadata>(error: SdkError<E>) -> (String, u16) {
        let status = error.raw_response().unwrap().status().as_u16();
        let code = error.code().unwrap().to_owned();
        (code, status)
    }
    let aws = account(fault().forever());
    let config = plain(&aws);
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config);
    let efs = aws_sdk_efs::Client::new(&config);
    let cloudfront = aws_sdk_cloudfront::Client::new(&config);
    let sts = aws_sdk_sts::Client::new(&config);
    [
        refusal(ec2(&aws).describe_vpcs().send().await.unwrap_err()),
        refusal(elb.describe_load_balancers().send().await.unwrap_err()),
        refusal(efs.describe_file_systems().send().await.unwrap_err()),
        refusal(cloudfront.list_distributions().send().await.unwrap_err()),
        refusal(sts.get_caller_identity().send().await.unwrap_err()),
    ]
}

#[tokio::test(start_paused = true)]
async fn throttling_error_depends_on_service() {
    assert_eq!(
        refusals(|| Fault::on_any().throttled()).await,
        [
            ("RequestLimitExceeded", 503),
            ("ThrottlingException", 400),
            ("ThrottlingException", 429),
            ("Throttling", 400),
            ("Throttling", 400),
        ]
        .map(|(code, status)| (code.to_owned(), status))
    );
}

#[tokio::test(start_paused = true)]
async fn error_codes_depend_on_service() {
    let codes =
        |refusals: [(String, u16); 5]| refusals.map(|(code, status)| format!("{status} {code}"));
    assert_eq!(
        codes(refusals(|| Fault::on_any().server_error()).await),
        [
            "500 InternalError",
            "500 InternalFailure",
            "500 InternalServerError",
            "500 InternalFailure",
            "500 InternalFailure",
        ]
    );
    assert_eq!(
        codes(refusals(|| Fault::on_any().denied()).await),
        [
            "403 UnauthorizedOperation",
            "403 AccessDenied",
            "403 AccessDeniedException",
            "403 AccessDenied",
            "403 AccessDenied",
        ]
    );
}

/// A fault before the effect prevents the effect.
#[tokio::test(start_paused = true)]
async fn fault_after_effect_keeps_effect() {
    let refusals = [
        Fault::on("CreateVpc").answer("Oops"),
        Fault::on("CreateVpc").server_error(),
        Fault::on("CreateVpc").throttled(),
    ];
    for fault in refusals {
        let before = account(fault.clone());
        assert!(create_vpc(&before).await.is_some());
        assert_eq!(vpcs_left(&before), 0);
        let after = account(fault.after_effect());
        assert!(create_vpc(&after).await.is_some());
        assert_eq!(vpcs_left(&after), 1);
    }
    for (fault, vpcs) in [
        (Fault::on("CreateVpc").reset(), 0),
        (Fault::on("CreateVpc").reset().after_effect(), 1),
        (Fault::on("CreateVpc").lose_reply(), 1),
    ] {
        let lost = account(fault);
        assert_eq!(create_vpc(&lost).await.unwrap(), "no answer");
        assert_eq!(vpcs_left(&lost), vpcs);
    }
}

#[tokio::test(start_paused = true)]
async fn stalled_call_is_never_answered() {
    for (fault, vpcs) in [
        (Fault::on("CreateVpc").stall(), 0),
        (Fault::on("CreateVpc").stall().after_effect(), 1),
    ] {
        let aws = account(fault);
        let waited = tokio::time::timeout(HOUR, create_vpc(&aws)).await;
        assert!(waited.is_err());
        assert_eq!(vpcs_left(&aws), vpcs);
        assert_eq!(aws.calls()[0].outcome, Outcome::Silence);
    }
}

#[tokio::test(start_paused = true)]
async fn delay_before_or_after_effect() {
    for (fault, at_once) in [
        (Fault::on("CreateVpc").delay(HOUR), 0),
        (Fault::on("CreateVpc").delay(HOUR).after_effect(), 1),
    ] {
        let aws = account(fault);
        let half = tokio::time::timeout(HOUR / 2, create_vpc(&aws)).await;
        assert!(half.is_err());
        assert_eq!(vpcs_left(&aws), at_once);
        // The caller has gone, so its call never ended.
        assert_eq!(aws.calls()[0].outcome, Outcome::Pending);
        assert_eq!(aws.calls()[0].ended, None);
    }
}

#[tokio::test(start_paused = true)]
async fn caller_drop_before_or_after_effect() {
    for (fault, vpcs) in [
        (Fault::on("CreateVpc").drop_caller(), 0),
        (Fault::on("CreateVpc").drop_caller().after_effect(), 1),
    ] {
        let aws = account(fault);
        tokio::select! {
            () = aws.caller_dropped() => {}
            answer = create_vpc(&aws) => panic!("answered: {answer:?}"),
        }
        assert_eq!(vpcs_left(&aws), vpcs);
    }
}

#[tokio::test(start_paused = true)]
async fn panic_before_or_after_effect() {
    for (fault, vpcs) in [
        (Fault::on("CreateVpc").panic(), 0),
        (Fault::on("CreateVpc").panic().after_effect(), 1),
    ] {
        let aws = account(fault);
        let task = tokio::spawn({
            let aws = aws.clone();
            async move { create_vpc(&aws).await }
        });
        let panic = task.await.unwrap_err().into_panic();
        let injected = panic.downcast_ref::<InjectedPanic>().unwrap();
        assert_eq!(injected.operation, "CreateVpc");
        assert_eq!(vpcs_left(&aws), vpcs);
    }
}

#[tokio::test(start_paused = true)]
async fn resource_can_be_stuck_or_slow() {
    let aws = account(Fault::on("RunInstances").stuck());
    let id = run_instance(&aws).await;
    aws.clock().sleep(HOUR * 24).await;
    assert_eq!(state_of(&aws, &id), "pending");

    let aws = account(Fault::on("RunInstances").slow(HOUR));
    let id = run_instance(&aws).await;
    aws.clock().sleep(HOUR).await;
    assert_eq!(state_of(&aws, &id), "pending");
    aws.clock().sleep(HOUR).await;
    assert_eq!(state_of(&aws, &id), "running");
}

/// The override passes over calls that create no resource.
#[tokio::test(start_paused = true)]
async fn lifecycle_override_waits_for_its_call() {
    let aws = account(Fault::on("ec2:*").stuck());
    assert_eq!(describe_vpcs(&aws).await, None);
    assert_eq!(unfired(&aws), ["call 1 of ec2:* leaves its resource stuck"]);
    let id = run_instance(&aws).await;
    assert_eq!(unfired(&aws), Vec::<String>::new());
    aws.clock().sleep(HOUR).await;
    assert_eq!(state_of(&aws, &id), "pending");
}

#[tokio::test(start_paused = true)]
async fn lifecycle_override_ignores_refused_call() {
    let aws = account(Fault::on("RunInstances").stuck());
    let run = ec2(&aws).run_instances().image_id("ami-none");
    let refused = run.min_count(1).max_count(1).send().await;
    assert!(refused.is_err());
    assert_eq!(aws.unfired().len(), 1);
}

/// AWS accepts the launches, and ends them while they are pending.
#[tokio::test(start_paused = true)]
async fn accepted_launches_end_in_their_zone() {
    let fault = Fault::on("RunInstances")
        .of_type("g5.xlarge")
        .in_zone("us-east-1b");
    let fault = fault.times(2).fails("Server.InsufficientInstanceCapacity");
    let aws = account(fault);
    let client = ec2(&aws);
    let image = image(&aws).await;
    let subnets = client.describe_subnets().send().await.unwrap();
    let subnets = subnets.subnets().iter();
    let mut in_b = subnets.filter(|subnet| subnet.availability_zone() == Some("us-east-1b"));
    let subnet = in_b.next().unwrap().subnet_id().unwrap();
    let launch = |instance_type: &str| {
        let launch = client.run_instances().image_id(&image);
        let launch = launch.instance_type(instance_type.into());
        launch.min_count(1).max_count(1)
    };
    let zone = |zone: &str| {
        let place = aws_sdk_ec2::types::Placement::builder();
        place.availability_zone(zone).build()
    };
    let mut ids = Vec::new();
    for launch in [
        launch("g5.xlarge"),
        launch("g5.xlarge").placement(zone("us-east-1a")),
        launch("g5.2xlarge").subnet_id(subnet),
        launch("g5.xlarge").subnet_id(subnet),
        launch("g5.xlarge").placement(zone("us-east-1b")),
        launch("g5.xlarge").subnet_id(subnet),
    ] {
        let run = launch.send().await.unwrap();
        ids.push(run.instances()[0].instance_id().unwrap().to_owned());
    }
    assert_eq!(state_of(&aws, &ids[3]), "pending");
    aws.clock().sleep(HOUR / 2).await;
    let states: Vec<_> = ids.iter().map(|id| state_of(&aws, id)).collect();
    let [running, ended] = ["running", "terminated"];
    assert_eq!(states, [running, running, running, ended, ended, running]);
    let id = &ids[3];
    let found = client.describe_instances().instance_ids(id).send().await;
    let found = found.unwrap();
    let reason = found.reservations()[0].instances()[0]
        .state_reason()
        .unwrap();
    assert_eq!(reason.code(), Some("Server.InsufficientInstanceCapacity"));
    assert!(aws.leftovers().iter().all(|left| left.id != *id));
}

#[tokio::test(start_paused = true)]
async fn accepted_launch_ends_with_its_reason() {
    for (code, message) in [
        (
            "Server.InsufficientInstanceCapacity",
            "Insufficient capacity to satisfy instance request",
        ),
        ("Server.InternalError", "Internal error on launch"),
        (
            "Server.SpotInstanceTermination",
            "Spot instance termination",
        ),
        ("Client.InternalError", "Client error on launch"),
        ("Client.VolumeLimitExceeded", "Volume limit exceeded"),
        (
            "Client.InvalidSnapshot.NotFound",
            "The specified snapshot was not found",
        ),
    ] {
        let aws = account(Fault::on("RunInstances").fails(code));
        let id = run_instance(&aws).await;
        aws.clock().sleep(HOUR / 2).await;
        let found = ec2(&aws).describe_instances().instance_ids(id).send().await;
        let found = found.unwrap();
        let instance = &found.reservations()[0].instances()[0];
        let state = instance.state().unwrap().name().unwrap();
        assert_eq!(state.as_str(), "terminated");
        let reason = instance.state_reason().unwrap();
        assert_eq!(reason.code(), Some(code));
        assert_eq!(reason.message(), Some(&*format!("{code}: {message}")));
    }
}

/// The override waits while calls are throttled, reset or stalled before they reach the account.
#[tokio::test(start_paused = true)]
async fn lifecycle_override_ignores_lost_calls() {
    let ends: [Fault; 3] = [
        Fault::on("RunInstances").throttled().into(),
        Fault::on("RunInstances").reset().into(),
        Fault::on("RunInstances").stall().into(),
    ];
    for end in ends {
        let aws = Aws::builder()
            .fault(end)
            .fault(Fault::on("RunInstances").fails("Server.InternalError"))
            .build();
        let first = tokio::time::timeout(HOUR, async {
            let run = ec2(&aws).run_instances().image_id(image(&aws).await);
            run.min_count(1).max_count(1).send().await
        });
        assert!(!first.await.is_ok_and(|answer| answer.is_ok()));
        assert_eq!(unfired(&aws).len(), 1);
        let id = run_instance(&aws).await;
        aws.clock().sleep(HOUR / 2).await;
        assert_eq!(state_of(&aws, &id), "terminated");
    }
}

#[tokio::test(start_paused = true)]
async fn lifecycle_override_ignores_dropped_call() {
    let aws = Aws::builder()
        .fault(Fault::on("CreateVpc").delay(HOUR))
        .fault(Fault::on_any().stuck())
        .build();
    let given_up = tokio::time::timeout(HOUR / 2, create_vpc(&aws)).await;
    assert!(given_up.is_err());
    assert_eq!(unfired(&aws).len(), 1);
}

/// A guest whose console output says how often it was asked.
#[derive(Debug, Default)]
struct Counting(AtomicU32);

impl Guest for Counting {
    fn console_output(&self, _boot: &Boot) -> String {
        format!("asked {} times", 1 + self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test(start_paused = true)]
async fn lifecycle_override_asks_guest_once() {
    let account = Aws::builder().guest(Counting::default());
    let aws = account.fault(Fault::on("GetConsoleOutput").stuck()).build();
    let id = run_instance(&aws).await;
    aws.clock().sleep(HOUR).await;
    for nth in 1..3 {
        let console = ec2(&aws).get_console_output().instance_id(&id).send().await;
        let output = console.unwrap().output().unwrap().to_owned();
        let output = aws_smithy_types::base64::decode(output).unwrap();
        assert_eq!(output, format!("asked {nth} times").into_bytes());
    }
    assert_eq!(unfired(&aws).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn on_change_may_read_account() {
    let aws = Arc::new(OnceLock::<Aws>::new());
    let seen = Arc::new(AtomicUsize::new(0));
    let account = Aws::builder().on_change({
        let (aws, seen) = (Arc::clone(&aws), Arc::clone(&seen));
        move |_| seen.store(vpcs_left(aws.get().unwrap()), Ordering::Relaxed)
    });
    aws.set(account.build()).unwrap();
    assert_eq!(create_vpc(aws.get().unwrap()).await, None);
    assert_eq!(seen.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn longest_duration_does_not_panic() {
    let longest: [Fault; 2] = [
        Fault::on("RunInstances").slow(Duration::MAX).into(),
        Fault::on("RunInstances")
            .fails("Server.InternalError")
            .later(Duration::MAX)
            .into(),
    ];
    for fault in longest {
        let aws = account(fault);
        run_instance(&aws).await;
        assert!(unfired(&aws).is_empty());
    }
    let aws = Aws::builder()
        .fault(Fault::on("CreateVpc").delay(Duration::MAX))
        .fault(Fault::on("CreateVpc").delay(Duration::MAX))
        .build();
    let waited = tokio::time::timeout(HOUR, create_vpc(&aws)).await;
    assert!(waited.is_err());
}

#[tokio::test(start_paused = true)]
async fn error_code_has_status_of_service() {
    for (code, statuses) in [
        // EC2, Elastic Load Balancing, EFS, CloudFront, STS.
        ("ResourceInUse", [400, 400, 400, 409, 400]),
        ("NetworkInterfaceLimitExceeded", [400, 400, 409, 400, 400]),
        ("ThrottlingException", [400, 400, 429, 400, 400]),
        (
            "AuthFailure.ServiceLinkedRoleCreationNotPermitted",
            [403; 5],
        ),
        ("CNAMEAlreadyExists", [409; 5]),
        ("CannotDeleteEntityWhileInUse", [409; 5]),
        ("DryRunOperation", [412; 5]),
        ("FileSystemLimitExceeded", [403; 5]),
        ("IncorrectMountTargetState", [409; 5]),
        ("IpAddressInUse", [409; 5]),
        ("NoFreeAddressesInSubnet", [409; 5]),
        ("NoSuchCachePolicy", [404; 5]),
        ("NoSuchOriginRequestPolicy", [404; 5]),
        ("NoSuchResponseHeadersPolicy", [404; 5]),
        ("NobodyKnows", [400; 5]),
    ] {
        let refused = refusals(|| Fault::on_any().answer(code)).await;
        let sent = refused.map(|(_, status)| status);
        assert_eq!(sent, statuses, "{code}");
    }
}

/// Drops the last handle and returns its panic message, or `None` if it does not panic.
fn dropped(last_handle: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(last_handle)).err()?;
    Some(panic.downcast_ref::<String>().unwrap().clone())
}

#[tokio::test(start_paused = true)]
async fn unfired_fault_fails_its_test() {
    let aws = account(Fault::on("RunInstances").nth(2).lose_reply());
    run_instance(&aws).await;
    let message = dropped(|| drop(aws)).unwrap();
    assert!(
        message.contains("call 2 of RunInstances takes effect and its reply is lost"),
        "{message}"
    );
}

/// A client can hold the last handle.
#[tokio::test(start_paused = true)]
async fn last_handle_reports_unfired_faults() {
    let aws = account(Fault::on("RunInstances").reset());
    let client = ec2(&aws);
    client.describe_vpcs().send().await.unwrap();
    assert_eq!(dropped(|| drop(aws)), None);
    assert!(dropped(|| drop(client)).is_some());
}

/// A fault that was lifted, or reported by `unfired`, may stay unfired too.
#[tokio::test(start_paused = true)]
async fn optional_fault_may_stay_unfired() {
    let optional = account(Fault::on("RunInstances").reset().optional());
    assert_eq!(dropped(|| drop(optional)), None);

    let asked = account(Fault::on("RunInstances").reset());
    assert_eq!(
        unfired(&asked),
        ["call 1 of RunInstances is lost on its way"]
    );
    assert_eq!(dropped(|| drop(asked)), None);

    let lifted = account(Fault::on("DescribeVpcs").reset());
    assert_eq!(lifted.lift_faults().len(), 1);
    assert_eq!(describe_vpcs(&lifted).await, None);
    assert_eq!(dropped(|| drop(lifted)), None);
}

/// An earlier call of `unfired` does not hide the fault.
#[tokio::test(start_paused = true)]
async fn fault_injected_later_is_reported() {
    let aws = Aws::new();
    assert!(aws.unfired().is_empty());
    aws.inject(Fault::on("RunInstances").reset());
    assert!(dropped(|| drop(aws)).is_some());
}

#[tokio::test(start_paused = true)]
async fn calls_are_listed_by_arrival() {
    let aws = account(Fault::on("CreateVpc").delay(HOUR));
    tokio::join!(create_vpc(&aws), describe_vpcs(&aws));
    describe_vpcs(&aws).await;
    let calls = aws.calls();
    let names = |call: &CallRecord| format!("{} #{} {}", call.operation, call.nth, call.outcome);
    let listed: Vec<_> = calls.iter().map(names).collect();
    assert_eq!(
        listed,
        [
            "CreateVpc #1 ok",
            "DescribeVpcs #1 ok",
            "DescribeVpcs #2 ok"
        ]
    );
    assert!(calls[0].ended > calls[1].ended);
    assert!(calls.is_sorted_by_key(|call| call.at));
}
