//! The chain of an error and its sources: each thing is said once, and the libraries' own errors are in it.

use std::error::Error as StdError;
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_elasticloadbalancingv2::operation::create_load_balancer::CreateLoadBalancerError;
use geusemaker_core::id::{AccountId, SubnetId};
use geusemaker_core::object_store;
use geusemaker_core::spec::{GpuInstanceType, Region};
use geusemaker_core::{
    ClockSpeed, Deployment, DeploymentSpec, Error, FileSystems, Journals, LibraryError, Session,
    StackName, State,
};
use geusemaker_testkit::{Aws, AwsBuilder, Boot, Fault, Guest, PlainGuest};

use crate::scenario::watched_store::WatchedStore;
use crate::scenario::{Scenario, account, deploy_tier_3, spec, spec_with, stack};

/// Returns the error and its sources, the outermost first.
fn links<'a>(error: &'a (dyn StdError + 'static)) -> Vec<&'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source()).collect()
}

/// Returns the library's error that an error has among its sources.
fn library_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a LibraryError> {
    links(error)
        .into_iter()
        .find_map(|link| link.downcast_ref())
}

/// Asserts that no part of the text of `{:#}` is said twice.
#[track_caller]
fn assert_said_once(error: Error) {
    let messages: Vec<_> = links(&error).iter().map(ToString::to_string).collect();
    let aws_message = error.call().map(|call| call.message.clone());
    let is_list = matches!(error, Error::Capacity { .. });
    let text = format!("{:#}", anyhow::Error::from(error));
    assert_eq!(text, messages.join(": "));
    for (index, message) in messages.iter().enumerate() {
        for other in messages.iter().skip(index + 1) {
            assert!(
                !message.contains(other.as_str()) && !other.contains(message.as_str()),
                "said twice: {text}"
            );
        }
    }
    if let Some(message) = aws_message.filter(|_| !is_list) {
        assert_eq!(text.matches(&message).count(), 1, "{text}");
    }
}

/// Instances whose GPUs are missing.
#[derive(Debug)]
struct NoGpus;

impl Guest for NoGpus {
    fn console_output(&self, _: &Boot) -> String {
        "GEUSEMAKER:GPU count=0 model=\"\"\n".to_owned()
    }
}

/// Returns the error of a tier-3 deployment in this account.
async fn failing(account: AwsBuilder) -> Error {
    let scenario = Scenario::on(account.build());
    let error = deploy_tier_3(&scenario.session, spec(3)).await.err();
    let _ = scenario.session.close().await;
    error.unwrap()
}

#[tokio::test(start_paused = true)]
async fn messages_say_things_once() {
    for error in [
        failing(account().fault(Fault::on("DescribeVpcs").denied())).await,
        failing(account().fault(Fault::on("CreateLoadBalancer").denied())).await,
        failing(account().fault(Fault::on("CreateLoadBalancer").server_error().forever())).await,
        failing(account().fault(Fault::on("CreateFileSystem").reset().forever())).await,
        failing(account().fault(Fault::on("GetCallerIdentity").stall().forever())).await,
        failing(account().fault(Fault::on("GetDistribution").denied().forever())).await,
        failing(account().fault(Fault::on("RegisterTargets").fails("Target.Timeout"))).await,
        failing(account().fault(Fault::on("CreateLoadBalancer").stuck())).await,
        failing(account().fault(Fault::on("CreateLoadBalancer").fails("Client.Broken"))).await,
        failing(account().guest(NoGpus)).await,
        failing(account().guest(PlainGuest::default())).await,
        failing(
            account().fault(
                Fault::on("RunInstances")
                    .answer("InsufficientInstanceCapacity")
                    .forever(),
            ),
        )
        .await,
        of_plan("[network]\nvpc = \"vpc-0123456789abcdef0\"").await,
        full_store().await,
        Journals::in_folder("/dev/null/journals")
            .unwrap_err()
            .into(),
        DeploymentSpec::from_file("/no/such/file")
            .unwrap_err()
            .into(),
        "subnet".parse::<SubnetId>().unwrap_err().into(),
        "fast".parse::<ClockSpeed>().unwrap_err().into(),
    ] {
        assert!(!error.remedy().is_empty(), "{error}");
        assert_said_once(error);
    }
}

async fn of_plan(more: &str) -> Error {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec_with(3, more)).await;
    scenario.assert_nothing_left();
    planned.unwrap_err()
}

/// Returns the error of a launch whose journal cannot be written.
async fn full_store() -> Error {
    let store = Arc::new(WatchedStore::new().room_for(0));
    let scenario = Scenario::with_store(account().build(), store);
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let error = planned.launch().await.unwrap_err().into();
    scenario.assert_nothing_left();
    let library = library_error(&error).unwrap();
    assert!(library.downcast_ref::<object_store::Error>().is_some());
    error
}

/// From an error of the crate, from a failed transition, and through `anyhow`.
#[tokio::test(start_paused = true)]
async fn sdk_error_is_reachable_by_source() {
    let account = account().fault(Fault::on("CreateLoadBalancer").denied());
    let scenario = Scenario::on(account.build());
    let planned = scenario.session.plan(spec(2)).await.unwrap();
    let failed = planned.launch().await.unwrap().balance().await.unwrap_err();
    let is_the_sdk_error = |error: &(dyn StdError + 'static)| {
        let library = library_error(error).unwrap();
        let sdk: &SdkError<CreateLoadBalancerError> = library.downcast_ref().unwrap();
        assert_eq!(sdk.code(), Some("AccessDenied"));
        assert_eq!(sdk.raw_response().unwrap().status().as_u16(), 403);
    };
    is_the_sdk_error(&failed);
    let any = anyhow::Error::from(failed);
    is_the_sdk_error(any.as_ref());
    drop(any);
    scenario.close_and_assert_nothing_left().await;
}

/// Every error that a function of the crate returns becomes the crate's own with `?`.
#[test]
fn all_errors_convert_to_own() {
    fn convert(folder: &std::path::Path) -> Result<(), Error> {
        let _: (SubnetId, AccountId) = ("subnet-0a".parse()?, "123456789012".parse()?);
        let _: (StackName, Region) = ("llm".parse()?, "us-east-1".parse()?);
        let _: GpuInstanceType = "g5.xlarge".parse()?;
        let _: ClockSpeed = "60".parse()?;
        let _ = Journals::in_folder(folder)?;
        let _ = DeploymentSpec::from_toml(
            "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'",
        )?;
        Ok(())
    }
    let folder = tempfile::tempdir().unwrap();
    convert(folder.path()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn plan_of_known_stack_says_it_exists() {
    let scenario = Scenario::new();
    let ready = scenario.session.plan(spec(2)).await.unwrap().launch().await;
    let ready = ready.unwrap();
    let calls = scenario.aws.calls().len();
    let known = scenario.session.plan(spec(2)).await.unwrap_err();
    assert_eq!(scenario.aws.calls().len(), calls, "AWS was asked");
    assert!(
        matches!(&known, Error::Exists { stack: of, .. } if *of == stack()),
        "{known}"
    );
    ready.balance().await.unwrap().commit().await.unwrap();
    let known = scenario.session.plan(spec(2)).await.unwrap_err();
    assert_eq!(known.to_string(), "stack llm exists already");
    scenario.destroy().await;
    drop(scenario.session.plan(spec(2)).await.unwrap());
}

/// The remedy can be followed: this process holds the deployment itself.
#[tokio::test(start_paused = true)]
async fn own_lock_is_not_waited_for() {
    let scenario = Scenario::new();
    let ready = scenario.session.plan(spec(1)).await.unwrap().launch().await;
    let held = scenario.session.open(&stack()).await.unwrap_err();
    assert!(matches!(&held, Error::Locked { holder, .. } if holder.is_this_process()));
    assert!(
        held.to_string().contains("locked by this process"),
        "{held}"
    );
    assert!(
        held.remedy().contains("drop the deployment"),
        "{}",
        held.remedy()
    );
    assert!(!held.remedy().contains("wait"), "{}", held.remedy());

    ready.unwrap().keep().await.unwrap();
    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await;
    scenario.assert_nothing_left();
    assert!(undone.unwrap().is_complete());
}

fn assert_short<S: State>(deployment: &Deployment<S>, state: &str) {
    let text = format!("{deployment:?}");
    assert!(
        text.starts_with(&format!("Deployment<{state}> {{ stack: \"llm\"")),
        "{text}"
    );
    assert!(text.len() < 100, "{text}");
}

#[tokio::test(start_paused = true)]
async fn debug_of_deployment_is_short() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(3)).await.unwrap();
    assert_short(&planned, "Planned");
    let ready = planned.launch().await.unwrap();
    assert_short(&ready, "Ec2Ready");
    let balanced = ready.balance().await.unwrap();
    assert_short(&balanced, "AlbHealthy");
    let pending = balanced.create_cdn().await.unwrap();
    assert_short(&pending, "CdnPending");
    let deployed = pending.wait_until_deployed().await.unwrap();
    assert_short(&deployed, "CdnDeployed");
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// The example of the documentation, on the default account: its guests report their GPUs.
#[tokio::test(start_paused = true)]
async fn default_spec_runs_in_default_account() {
    let aws = Aws::new();
    let session = Session::new(aws.sdk_config(), Journals::in_memory());
    let record = session.plan(spec(1)).await.unwrap().launch().await.unwrap();
    let record = record.commit().await.unwrap();
    let undone = session.destroy(&record.name, FileSystems::Delete).await;
    crate::scenario::assert_nothing_left(&aws);
    undone.unwrap().into_result().unwrap();
}
