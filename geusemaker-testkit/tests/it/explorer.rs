//! The explorer: a table that tells the truth, and a seed that repeats the runs.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::InstanceType;
use geusemaker_testkit::{
    Aws, CallRecord, Ending, Exploration, Explorer, ExplorerError, FaultKind, Resource, Run,
};

/// Returns a short text in place of an SDK error, whose chain is long.
fn short<E: Debug>(_: E) -> String {
    "refused".to_owned()
}

async fn create_vpc(ec2: &Client) -> Result<String, String> {
    let creation = ec2.create_vpc().cidr_block("10.0.0.0/16").send();
    let creation = creation.await.map_err(short)?;
    Ok(creation.vpc().unwrap().vpc_id().unwrap().to_owned())
}

async fn delete_vpc(ec2: &Client, id: &str) -> Result<(), String> {
    let deletion = ec2.delete_vpc().vpc_id(id).send().await;
    deletion.map(drop).map_err(short)
}

/// Creates a VPC and deletes it, with no provision for failures.
async fn careless(aws: Aws) -> Result<(), String> {
    let ec2 = Client::new(&aws.sdk_config());
    let id = create_vpc(&ec2).await?;
    delete_vpc(&ec2, &id).await
}

/// Deletes every VPC except the default one.
async fn sweep(aws: Aws) -> Result<(), String> {
    let ec2 = Client::new(&aws.sdk_config());
    let vpcs = ec2.describe_vpcs().send().await.map_err(short)?;
    for vpc in vpcs
        .vpcs()
        .iter()
        .filter(|vpc| vpc.is_default() != Some(true))
    {
        delete_vpc(&ec2, vpc.vpc_id().unwrap()).await?;
    }
    Ok(())
}

/// Returns the run with this name.
#[track_caller]
fn run<'a>(exploration: &'a Exploration, name: &str) -> &'a Run {
    let found = exploration.runs.iter().find(|run| run.name() == name);
    found.unwrap_or_else(|| panic!("no {name} in\n{exploration}"))
}

#[test]
fn table_shows_effect_of_each_fault() {
    let exploration = Explorer::new(careless)
        .seed(7)
        .deadline(Duration::from_secs(900))
        .explore()
        .unwrap();
    let refused = || Ending::Failed("refused".to_owned());
    for (name, ending, leftovers) in [
        ("CreateVpc #1, denied", refused(), 0),
        // The SDK makes three attempts.
        ("CreateVpc #1, throttled 20 times", refused(), 0),
        ("CreateVpc #1, 500 for ever", refused(), 0),
        ("CreateVpc #1, reset", Ending::Succeeded, 0),
        ("CreateVpc #1, reply lost", Ending::Succeeded, 1),
        ("CreateVpc #1, stall", Ending::OutOfTime, 0),
        (
            "CreateVpc #1, caller dropped before",
            Ending::CallerDropped,
            0,
        ),
        (
            "CreateVpc #1, caller dropped after",
            Ending::CallerDropped,
            1,
        ),
        ("CreateVpc #1, panic before", Ending::InjectedPanic, 0),
        ("CreateVpc #1, panic after", Ending::InjectedPanic, 1),
        ("DeleteVpc #1, denied", refused(), 1),
        ("DeleteVpc #1, throttled 20 times", refused(), 1),
        ("DeleteVpc #1, 500 for ever", refused(), 1),
        ("DeleteVpc #1, reset", Ending::Succeeded, 0),
        // The retry finds the VPC gone.
        ("DeleteVpc #1, reply lost", refused(), 0),
        ("DeleteVpc #1, stall", Ending::OutOfTime, 1),
        (
            "DeleteVpc #1, caller dropped before",
            Ending::CallerDropped,
            1,
        ),
        (
            "DeleteVpc #1, caller dropped after",
            Ending::CallerDropped,
            0,
        ),
        ("DeleteVpc #1, panic before", Ending::InjectedPanic, 1),
        ("DeleteVpc #1, panic after", Ending::InjectedPanic, 0),
    ] {
        let run = run(&exploration, name);
        assert_eq!(run.ending, ending, "{name}");
        assert_eq!(run.leftovers.len(), leftovers, "{name}");
        let sound = leftovers == 0 && ending != Ending::OutOfTime;
        assert_eq!(run.verdict.is_ok(), sound, "{name}");
    }
    assert_eq!(exploration.runs.len(), 20);
}

#[test]
fn failure_shows_reproducing_code() {
    let exploration = Explorer::new(careless)
        .seed(7)
        .fault_kinds([FaultKind::reply_lost(), FaultKind::caller_dropped_after()])
        .explore()
        .unwrap();
    let report = exploration.to_string();
    let lost = run(&exploration, "CreateVpc #1, reply lost");
    assert_eq!(
        lost.reproduce_with(),
        r#"Aws::builder().seed(7).fault(Fault::on("CreateVpc").nth(1).lose_reply())"#
    );
    assert!(
        report.contains(&format!("reproduce with: {}\n", lost.reproduce_with())),
        "{report}"
    );
    assert!(
        report.contains("2 of 4 runs are not sound (seed 7)"),
        "{report}"
    );
    let [heading, clean, first, ..] = report.lines().collect::<Vec<_>>()[..] else {
        panic!("{report}");
    };
    assert_eq!(
        heading.split_whitespace().collect::<Vec<_>>(),
        ["call", "fault", "outcome", "left", "calls", "time", "sound"]
    );
    assert!(clean.starts_with("-             none"), "{report}");
    assert!(first.starts_with("CreateVpc #1  reply lost"), "{report}");
    assert!(first.ends_with("NO"), "{report}");
}

#[test]
fn reproducing_code_shows_same_failure() {
    use geusemaker_testkit::Fault;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let aws = Aws::builder()
            .seed(7)
            .fault(Fault::on("CreateVpc").nth(1).lose_reply())
            .build();
        careless(aws.clone()).await.unwrap();
        assert_eq!(aws.leftovers().len(), 1);
    });
}

#[test]
fn afterwards_can_make_runs_sound() {
    let exploration = Explorer::new(careless)
        .afterwards(sweep)
        .fault_kinds(
            FaultKind::usual()
                .into_iter()
                .filter(|fault_kind| fault_kind.name() != "stall"),
        )
        .explore()
        .unwrap();
    exploration.assert_sound();
}

#[test]
fn afterwards_has_to_succeed() {
    let exploration = Explorer::new(careless)
        .afterwards(|_| async { Err::<(), _>("no broom") })
        .fault_kinds([FaultKind::denied()])
        .check(|_, run| match run.fault() {
            Some(_) => run.judge(),
            None => Ok(()),
        })
        .explore()
        .unwrap();
    let problem = run(&exploration, "CreateVpc #1, denied").verdict.clone();
    assert_eq!(problem.unwrap_err(), "afterwards: error: no broom");
}

#[test]
fn own_panic_differs_from_injected_panic() {
    let exploration = Explorer::new(|aws: Aws| async move {
        let ec2 = Client::new(&aws.sdk_config());
        let vpcs = ec2.describe_vpcs().send().await;
        assert!(vpcs.is_ok(), "cannot go on");
        Ok::<_, String>(())
    })
    .fault_kinds([FaultKind::denied(), FaultKind::panic()])
    .explore()
    .unwrap();
    let denied = run(&exploration, "DescribeVpcs #1, denied");
    assert_eq!(denied.ending, Ending::Panicked("cannot go on".to_owned()));
    assert!(denied.verdict.is_err());
    let panicked = run(&exploration, "DescribeVpcs #1, panic before");
    assert_eq!(panicked.ending, Ending::InjectedPanic);
    assert!(panicked.verdict.is_ok());
}

#[test]
fn explored_calls_can_be_chosen() {
    let exploration = Explorer::new(|aws: Aws| async move {
        careless(aws.clone()).await?;
        sweep(aws).await
    })
    .calls(CallRecord::is_mutating)
    .fault_kinds([FaultKind::denied()])
    .explore()
    .unwrap();
    let names: Vec<_> = exploration.runs.iter().map(Run::name).collect();
    assert_eq!(names, ["CreateVpc #1, denied", "DeleteVpc #1, denied"]);
}

#[test]
fn runs_have_separate_worlds() {
    let worlds = Arc::new(AtomicU32::new(0));
    let made = Arc::clone(&worlds);
    let exploration = Explorer::with_world(
        move |aws| {
            made.fetch_add(1, Ordering::Relaxed);
            (aws, Arc::new(Mutex::new(None)))
        },
        |(aws, remembered): (Aws, Arc<Mutex<Option<String>>>)| async move {
            let ec2 = Client::new(&aws.sdk_config());
            *remembered.lock().unwrap() = Some(create_vpc(&ec2).await?);
            Ok::<_, String>(())
        },
    )
    .afterwards(|(aws, remembered)| async move {
        let id = remembered.lock().unwrap().take();
        match id {
            Some(id) => delete_vpc(&Client::new(&aws.sdk_config()), &id).await,
            None => Ok(()),
        }
    })
    .fault_kinds([FaultKind::denied(), FaultKind::reset()])
    .explore()
    .unwrap();
    exploration.assert_sound();
    assert_eq!(worlds.load(Ordering::Relaxed), 3);
}

#[test]
fn terminating_instance_is_no_leftover() {
    Explorer::new(|aws: Aws| async move {
        let ec2 = Client::new(&aws.sdk_config());
        let id = launch(&ec2).await?;
        // After this time, every call can see the instance.
        aws.clock().sleep(Duration::from_secs(60)).await;
        // The scenario does not wait for the end of the termination.
        let end = ec2.terminate_instances().instance_ids(id).send().await;
        end.map(drop).map_err(short)
    })
    .calls(|call| call.operation == "RunInstances")
    .fault_kinds([FaultKind::denied()])
    .explore()
    .unwrap()
    .assert_sound();
}

async fn launch(ec2: &Client) -> Result<String, String> {
    let images = ec2.describe_images().owners("amazon").send().await;
    let images = images.map_err(short)?;
    let run = ec2
        .run_instances()
        .image_id(images.images()[0].image_id().unwrap())
        .instance_type(InstanceType::G5Xlarge)
        .min_count(1)
        .max_count(1);
    let ran = run.send().await.map_err(short)?;
    Ok(ran.instances()[0].instance_id().unwrap().to_owned())
}

/// Without any fault, a scenario must succeed and leave nothing behind.
#[test]
fn failing_scenario_is_refused() {
    let fails = Explorer::new(|_| async { Err::<(), _>("never works") });
    assert_eq!(
        fails.explore().unwrap_err(),
        ExplorerError::Clean {
            problem: "error: never works".to_owned()
        }
    );
    let leaks = Explorer::new(|aws: Aws| async move {
        create_vpc(&Client::new(&aws.sdk_config())).await.map(drop)
    });
    let problem = leaks.explore().unwrap_err().to_string();
    assert!(problem.contains("left over: EC2::VPC vpc-"), "{problem}");
}

#[test]
fn scenario_without_calls_is_refused() {
    let silent = Explorer::new(|_| async { Ok::<_, String>(()) });
    assert_eq!(silent.explore().unwrap_err(), ExplorerError::NothingToUpset);
    let none = Explorer::new(careless).calls(|_| false);
    assert_eq!(none.explore().unwrap_err(), ExplorerError::NothingToUpset);
}

#[test]
fn unfired_fault_makes_run_unsound() {
    // The scenario makes its calls in the first run only.
    let first = Arc::new(AtomicBool::new(true));
    let exploration = Explorer::new(move |aws| {
        let is_first = first.swap(false, Ordering::Relaxed);
        async move {
            if is_first {
                careless(aws).await
            } else {
                Ok(())
            }
        }
    })
    .fault_kinds([FaultKind::denied()])
    .explore()
    .unwrap();
    assert_eq!(exploration.failures().count(), 2);
    let problem = exploration.runs[0].verdict.clone().unwrap_err();
    assert_eq!(problem, "the fault never fired");
}

/// All observable results of a run.
type Trace = (
    String,
    Ending,
    Vec<CallRecord>,
    Vec<Resource>,
    Duration,
    String,
);

/// Explores a scenario with retries, waits, random ids and tokens; returns each run with its account at the end.
fn traced(seed: u64) -> Vec<Trace> {
    let accounts = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&accounts);
    let exploration = Explorer::new(|aws: Aws| async move {
        let ec2 = Client::new(&aws.sdk_config());
        let (vpc, instance) = tokio::join!(create_vpc(&ec2), launch(&ec2));
        aws.clock().sleep(Duration::from_secs(300)).await;
        let instance = instance?;
        let end = ec2.terminate_instances().instance_ids(instance).send();
        let end = end.await.map(drop).map_err(short);
        delete_vpc(&ec2, &vpc?).await?;
        end
    })
    .seed(seed)
    .deadline(Duration::from_secs(900))
    .check(move |aws, run| {
        let account = serde_json::to_string(&aws.snapshot()).unwrap();
        kept.lock().unwrap().push((run.name(), account));
        Ok(())
    })
    .explore()
    .unwrap();
    let accounts = accounts.lock().unwrap();
    let account_of = |name: &str| {
        let found = accounts.iter().find(|(run, _)| run == name);
        found.unwrap().1.clone()
    };
    std::iter::once(&exploration.clean)
        .chain(&exploration.runs)
        .map(|run| {
            (
                run.name(),
                run.ending.clone(),
                run.calls.clone(),
                run.leftovers.clone(),
                run.virtual_time,
                account_of(&run.name()),
            )
        })
        .collect()
}

#[test]
fn seed_determines_trace() {
    let first = traced(7);
    assert!(first.len() > 50);
    let again = traced(7);
    for (first, again) in first.iter().zip(&again) {
        assert_eq!(first, again, "{}", first.0);
    }
    assert_eq!(first.len(), again.len());
    assert_ne!(first, traced(8));
}
