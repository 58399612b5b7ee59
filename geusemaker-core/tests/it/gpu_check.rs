//! The GPU check: the report on the instance's console is compared with the catalog.

use std::time::Duration;

use geusemaker_core::{Category, Ec2Ready, Error, Failed, GpuReport, WaitError};
use geusemaker_testkit::{Aws, Boot, Guest};

use crate::scenario::{Scenario, census, spec, spec_with};

/// Instances that print this text on their console.
#[derive(Debug)]
struct Prints(String);

impl Guest for Prints {
    fn console_output(&self, _: &Boot) -> String {
        self.0.clone()
    }
}

/// Commits tier 1 on such instances, and returns the failure and the time until it.
async fn commit_on(guest: Prints) -> (Failed<Ec2Ready>, Scenario, Duration) {
    let scenario = Scenario::on(Aws::builder().guest(guest).build());
    let ready = scenario
        .session
        .plan(spec(1))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let start = scenario.aws.clock().elapsed();
    let failed = ready.commit().await.unwrap_err();
    let took = scenario.aws.clock().elapsed() - start;
    (failed, scenario, took)
}

/// Nobody has told this account what runs inside its instances.
#[tokio::test(start_paused = true)]
async fn default_account_passes_check() {
    let scenario = Scenario::on(Aws::new());
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    planned.launch().await.unwrap().commit().await.unwrap();
    let calls = scenario.aws.calls();
    assert!(
        calls
            .iter()
            .any(|call| call.operation == "GetConsoleOutput")
    );
    scenario.destroy().await;
}

/// The error names both models.
#[tokio::test(start_paused = true)]
async fn wrong_gpu_model_is_error() {
    let report = GpuReport::new(1, "Tesla T4").to_string();
    let (failed, scenario, _) = commit_on(Prints(report)).await;
    let instance = failed.previous.state().instances[0].id.clone();
    assert!(
        census(&scenario.aws).contains_key("EC2::Instance"),
        "the instance is handed back"
    );
    let error = Error::from(failed);
    scenario.close_and_assert_nothing_left().await;

    assert!(matches!(&error, Error::Gpu { instance: named, .. } if *named == instance));
    let text = error.with_sources();
    assert!(
        text.contains("A10G") && text.contains("Tesla T4") && text.contains(instance.as_str()),
        "{text}"
    );
    assert!(error.remedy().contains("gpu_check = false"));
    assert_eq!(error.category(), Category::Failure);
}

#[tokio::test(start_paused = true)]
async fn missing_gpus_are_error() {
    let report = GpuReport::new(0, "").to_string();
    let (failed, scenario, took) = commit_on(Prints(report)).await;
    let error = Error::from(failed);
    scenario.close_and_assert_nothing_left().await;

    assert!(
        error.with_sources().contains("nvidia-smi found no GPU"),
        "{error}"
    );
    assert!(
        took >= Duration::from_secs(10 * 60),
        "the driver has ten minutes to load, not {took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn missing_report_fails_at_deadline() {
    let (failed, scenario, took) = commit_on(Prints("login: ".to_owned())).await;
    let error = Error::from(failed);
    scenario.close_and_assert_nothing_left().await;

    assert!(
        matches!(&error, Error::Wait(WaitError::Deadline { last, .. }) if last == "no report on the console yet"),
        "{error}"
    );
    let given_up = Duration::from_secs(25 * 60)..Duration::from_secs(26 * 60);
    assert!(given_up.contains(&took), "{took:?}");
}

/// Only the load balancer is undone.
#[tokio::test(start_paused = true)]
async fn mismatch_fails_balance() {
    let report = GpuReport::new(4, "NVIDIA A10G").to_string();
    let scenario = Scenario::on(Aws::builder().guest(Prints(report)).build());
    let ready = scenario
        .session
        .plan(spec(2))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let before = census(&scenario.aws);
    let failed = ready.balance().await.unwrap_err();
    assert_eq!(census(&scenario.aws), before);
    assert!(
        matches!(&*failed.error, Error::Gpu { .. }),
        "{}",
        failed.error
    );
    drop(failed);
    scenario.close_and_assert_nothing_left().await;
}

#[tokio::test(start_paused = true)]
async fn disabled_check_reads_no_console() {
    let scenario = Scenario::on(Aws::builder().guest(Prints(String::new())).build());
    let planned = scenario
        .session
        .plan(spec_with(2, "gpu_check = false"))
        .await
        .unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert!(
        scenario
            .aws
            .calls()
            .iter()
            .all(|call| call.operation != "GetConsoleOutput")
    );
}

/// User data that is too long for AWS is compressed, and the simulated instances read it all the same.
#[tokio::test(start_paused = true)]
async fn compressed_user_data_passes_check() {
    let services: String = (1..60)
        .map(|number| {
            format!("[[service]]\nname = \"s{number}\"\ninternal = true\nimage = \"a/b\"\n")
        })
        .collect();
    let spec =
        format!("name = \"llm\"\ntier = 1\n[compute]\ninstance_type = \"g5.xlarge\"\n{services}");
    let scenario = Scenario::on(Aws::new());
    let spec = geusemaker_core::DeploymentSpec::from_toml(&spec).unwrap();
    let planned = scenario.session.plan(spec).await.unwrap();
    planned.launch().await.unwrap().commit().await.unwrap();
    scenario.destroy().await;
}
