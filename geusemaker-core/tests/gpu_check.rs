//! The proof of the GPUs: what the instance prints on its console is held against the catalogue.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scenario;

use std::time::Duration;

use geusemaker_core::{Category, Ec2Ready, Error, Failed, GpuReport, WaitError};
use geusemaker_testkit::{Aws, Boot, Guest};

use scenario::{Scenario, census, spec, spec_with};

/// Instances that print this.
#[derive(Debug)]
struct Prints(String);

impl Guest for Prints {
    fn console_output(&self, _: &Boot) -> String {
        self.0.clone()
    }
}

/// What becomes of tier 1 on such instances, and how long it takes.
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

#[tokio::test(start_paused = true)]
async fn another_model_than_the_types_is_an_error_that_names_both() {
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
    let text = error.to_string();
    assert!(
        text.contains("A10G") && text.contains("Tesla T4") && text.contains(instance.as_str()),
        "{text}"
    );
    assert!(error.remedy().contains("gpu_check = false"));
    assert_eq!(error.category(), Category::Failure);
}

#[tokio::test(start_paused = true)]
async fn fewer_gpus_than_the_type_has_are_an_error() {
    let report = GpuReport::new(0, "").to_string();
    let (failed, scenario, took) = commit_on(Prints(report)).await;
    let error = Error::from(failed);
    scenario.close_and_assert_nothing_left().await;

    assert!(
        error.to_string().contains("nvidia-smi found no GPU"),
        "{error}"
    );
    assert!(
        took >= Duration::from_secs(10 * 60),
        "the driver has ten minutes to load, not {took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_console_that_never_shows_a_report_is_given_up_at_the_deadline() {
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

#[tokio::test(start_paused = true)]
async fn a_mismatch_ends_balance_too_and_takes_only_the_load_balancer_with_it() {
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
async fn without_the_check_nobody_reads_the_console() {
    let scenario = Scenario::on(Aws::builder().guest(Prints(String::new())).build());
    let planned = scenario
        .session
        .plan(spec_with(2, "gpu_check = false"))
        .await
        .unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    balanced.rollback().await;
    scenario.assert_nothing_left();
    assert!(
        scenario
            .aws
            .calls()
            .iter()
            .all(|call| call.operation != "GetConsoleOutput")
    );
}
