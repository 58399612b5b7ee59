//! The first boot: what the instances say on their consoles while the load balancer waits for them.

use std::time::Duration;

use geusemaker_core::{Category, Error};
use geusemaker_testkit::{Aws, Boot, BootFault, Fault, GpuGuest, Guest, ServiceGuest};

use crate::scenario::{Scenario, spec, spec_with};

/// Instances that print these lines, each after a number of seconds, below the report of their GPUs.
#[derive(Debug)]
struct Says(&'static [(u64, &'static str)]);

impl Guest for Says {
    fn console_output(&self, boot: &Boot) -> String {
        let said = self.0.iter();
        let said = said.filter(|(after, _)| boot.since >= Duration::from_secs(*after));
        let lines = said.map(|(_, line)| format!("[  {:>5}] {line}\r\n", boot.since.as_secs()));
        GpuGuest::default().console_output(boot) + &lines.collect::<String>()
    }
}

/// Balances a stack whose targets never become healthy, and returns the error and the time until it.
async fn unhealthy(guest: Says, more: &str) -> (Error, Vec<String>, Duration) {
    let fault = Fault::on("RegisterTargets")
        .fails("Target.Timeout")
        .forever();
    let scenario = Scenario::on(Aws::builder().guest(guest).fault(fault).build());
    let planned = scenario.session.plan(spec_with(2, more)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    let start = scenario.aws.clock().elapsed();
    let failed = ready.balance().await.unwrap_err();
    let took = scenario.aws.clock().elapsed() - start;
    let said = scenario.messages();
    let error = *failed.error;
    failed.previous.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    (error, said, took)
}

const LONG: &str = "[load_balancer]\nwait_timeout = '30m'";

/// The wait ends at once, and not at its deadline.
#[tokio::test(start_paused = true)]
async fn reported_failure_ends_wait() {
    let guest = Says(&[
        (
            0,
            "GEUSEMAKER:STAGE 3/5 pulling ollama/ollama:latest (2 of 2)",
        ),
        (250, "GEUSEMAKER:LOG ollama: CUDA error: out of memory"),
        (250, "GEUSEMAKER:FAILED ollama: out of GPU memory"),
    ]);
    let (error, said, took) = unhealthy(guest, LONG).await;
    let Error::Software {
        instance,
        service,
        reason,
        log,
        ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (service.as_str(), reason.as_str()),
        ("ollama", "out of GPU memory")
    );
    assert_eq!(log, &["ollama: CUDA error: out of memory"]);
    assert_eq!(
        error.to_string(),
        format!("ollama failed on instance {instance}: out of GPU memory")
    );
    assert_eq!(error.category(), Category::Failure);
    // The load balancer's three minutes are the longest part.
    assert!(took < Duration::from_secs(8 * 60), "{took:?}");
    let pulling = "pulling ollama/ollama:latest (2 of 2) (stage 3 of 5)";
    assert!(said.iter().any(|line| line.contains(pulling)), "{said:#?}");
}

/// An instance that says nothing, or that all is well, is left to the health checks.
#[tokio::test(start_paused = true)]
async fn silent_instance_is_waited_for() {
    for guest in [Says(&[]), Says(&[(0, "GEUSEMAKER:READY")])] {
        let (error, _, _) = unhealthy(guest, "").await;
        assert!(matches!(error, Error::Unhealthy { .. }), "{error}");
    }
}

/// Permission to read consoles is not needed for a stack whose GPUs are not checked.
#[tokio::test(start_paused = true)]
async fn unreadable_console_says_nothing() {
    let fault = Fault::on("GetConsoleOutput").denied().forever().optional();
    let scenario = Scenario::on(Aws::builder().fault(fault).build());
    let spec = spec_with(2, "gpu_check = false");
    let planned = scenario.session.plan(spec).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// A stack that comes up as usual asks no console more often than the GPU check does.
#[tokio::test(start_paused = true)]
async fn healthy_targets_need_no_console() {
    let count = |spec| async move {
        let scenario = Scenario::new();
        let planned = scenario.session.plan(spec).await.unwrap();
        let balanced = planned.launch().await.unwrap().balance().await.unwrap();
        balanced.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
        let calls = scenario.aws.calls();
        let of_console =
            |call: &&geusemaker_testkit::CallRecord| call.operation == "GetConsoleOutput";
        calls.iter().filter(of_console).count()
    };
    assert!(count(spec_with(2, "gpu_check = false")).await <= 1);
    assert!(count(spec(2)).await < 20);
}

/// Tier 1 has no health checks, so the report is all that is known.
#[tokio::test(start_paused = true)]
async fn reported_failure_ends_gpu_check() {
    let guest = Says(&[(0, "GEUSEMAKER:FAILED script: the mount was refused")]);
    let scenario = Scenario::on(Aws::builder().guest(guest).build());
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let failed = planned.launch().await.unwrap().commit().await.unwrap_err();
    let text = failed.error.to_string();
    failed.previous.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert!(text.ends_with(": the mount was refused"), "{text}");
}

const WITH_SECRET: &str = "[load_balancer]
wait_timeout = '30m'

[[service]]
name = 'jobs'
internal = true
image = 'ghcr.io/llm/jobs:1'
secrets = { HF_TOKEN = 'ssm:/llm/hf' }";

/// Every failure of the software ends the wait, with its reason, long before the deadline. The script tries to read a
/// secret for five minutes.
#[tokio::test(start_paused = true)]
async fn boot_faults_end_wait() {
    let faults = [
        (
            BootFault::script_fails(),
            "the machine",
            "the script failed at line ",
        ),
        (
            BootFault::mount_refused(),
            "the shared file system",
            "the mount was refused: ",
        ),
        (
            BootFault::no_space_left("webui"),
            "webui",
            "no space left on the disk for the image ghcr.io",
        ),
        (
            BootFault::image_not_found("ollama"),
            "ollama",
            "image not found: manifest for ollama/ollama:latest",
        ),
        (
            BootFault::image_denied("ollama"),
            "ollama",
            "access to the image denied: pull access denied for ollama",
        ),
        (
            BootFault::secret_unreadable("jobs"),
            "jobs",
            "the secret HF_TOKEN could not be read from ssm:/llm/hf: ",
        ),
        (
            BootFault::container_exits("webui", 3),
            "webui",
            "the container exits with code 3 (restarts: ",
        ),
        (
            BootFault::out_of_gpu_memory("ollama"),
            "ollama",
            "out of GPU memory (restarts: ",
        ),
    ];
    for (fault, subject, expected) in faults {
        let is_of_container = expected.contains("restarts");
        let scenario = Scenario::on(
            Aws::builder()
                .guest(ServiceGuest::new().fault(fault))
                .build(),
        );
        let ssm = aws_sdk_ssm::Client::new(&scenario.aws.sdk_config());
        let token = ssm.put_parameter().name("/llm/hf").value("token");
        token.r#type("SecureString".into()).send().await.unwrap();
        scenario.aws.reset_baseline();
        let planned = scenario
            .session
            .plan(spec_with(2, WITH_SECRET))
            .await
            .unwrap();
        let ready = planned.launch().await.unwrap();
        let start = scenario.aws.clock().elapsed();
        let failed = ready.balance().await.unwrap_err();
        let took = scenario.aws.clock().elapsed() - start;
        let error = *failed.error;
        failed.previous.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
        let Error::Software {
            service,
            reason,
            log,
            ..
        } = &error
        else {
            panic!("{expected}: {error}");
        };
        assert_eq!(service, subject);
        assert!(reason.starts_with(expected), "{reason}");
        assert_eq!(log.is_empty(), !is_of_container, "{log:#?}");
        assert!(took < Duration::from_secs(10 * 60), "{expected}: {took:?}");
    }
}

/// The targets become healthy once the services answer, and until then the wait shows the stage.
#[tokio::test(start_paused = true)]
async fn wait_shows_stages_of_services() {
    let scenario = Scenario::on(Aws::builder().guest(ServiceGuest::new()).build());
    let planned = scenario
        .session
        .plan(spec_with(2, "count = 2"))
        .await
        .unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let said = scenario.messages();
    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert!(said.iter().any(|line| line.contains(" of 7)")), "{said:#?}");
    assert!(scenario.aws.clock().elapsed() < Duration::from_secs(15 * 60));
}

/// No load balancer stands in front of tier 1, so the consoles say whether the services run.
#[tokio::test(start_paused = true)]
async fn tier_1_waits_for_its_services() {
    let guest = ServiceGuest::new().fault(BootFault::image_not_found("ollama"));
    let scenario = Scenario::on(Aws::builder().guest(guest).build());
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    let failed = ready.commit().await.unwrap_err();
    let error = *failed.error;
    failed.previous.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert!(
        matches!(&error, Error::Software { service, .. } if service == "ollama"),
        "{error}"
    );

    let scenario = Scenario::on(Aws::builder().guest(ServiceGuest::new()).build());
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    planned.launch().await.unwrap().commit().await.unwrap();
    let said = scenario.messages();
    scenario.destroy().await;
    let waited = |line: &String| line.starts_with("waited ") && line.contains("services of");
    assert!(said.iter().any(waited), "{said:#?}");
}
