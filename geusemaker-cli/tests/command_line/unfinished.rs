//! Deployments that do not finish: slow ones, failed ones, and the ways to continue from each.

use crate::gm::Gm;
use crate::spec_text::spec;

/// A wait of one minute for a distribution, which takes several.
const HASTY: &str = "cdn.wait_timeout = \"1m\"";

/// A wait without time for the two health checks that a target needs.
const UNHEALTHY: &str =
    "load_balancer.wait_timeout = \"10s\"\nload_balancer.health_check_interval = \"300s\"";

/// `gm resume` continues the wait.
#[test]
fn slow_distribution_is_in_progress() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, HASTY));
    let deployed = gm.sandbox(&["deploy", "-o", "json"]).with(5).document();
    assert_eq!(deployed["error"]["class"], "in-progress");
    assert_eq!(deployed["exit_code"], 5);
    assert_eq!(deployed["next"], "gm resume llm --sandbox");

    let status = gm
        .sandbox(&["status", "llm", "-o", "json"])
        .with(0)
        .document();
    assert_eq!(status["state"], "deploying");

    let ended = (0..20)
        .map(|_| gm.sandbox(&["resume", "llm"]))
        .find(|ended| ended.code != Some(5))
        .unwrap()
        .with(0);
    assert!(ended.stdout.contains("url: https://"), "{}", ended.stdout);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}

/// `gm wait` goes on, again and again, and commits in the end.
#[test]
fn deploy_without_wait_is_waited_for() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, HASTY));
    let deployed = gm.sandbox(&["deploy", "--no-wait", "-o", "json"]);
    let deployed = deployed.with(5).document();
    assert_eq!(deployed["next"], "gm wait llm --sandbox");
    assert_eq!(deployed["deleted"].as_array().unwrap().len(), 0);
    let resumed = gm.sandbox(&["resume", "llm", "--no-wait"]).with(5);
    resumed.says(&[
        "CloudFront is still in progress with the distribution of llm, as usual",
        "undo everything with gm rollback llm --sandbox",
        "next: gm wait llm --sandbox",
    ]);

    let mut waits = 0;
    let ended = loop {
        let ended = gm.sandbox(&["wait", "llm"]);
        waits += 1;
        if ended.code != Some(5) {
            break ended.with(0);
        }
        ended.says(&["still in progress", "next: gm wait llm --sandbox"]);
        assert!(waits < 20, "{}", ended.stderr);
    };
    assert!(waits > 1, "the wait of one minute was long enough");
    assert!(ended.stdout.contains("url: https://"), "{}", ended.stdout);
    // It is up already.
    gm.sandbox(&["wait", "llm"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}

/// A stack that needs more than CloudFront's time is not touched.
#[test]
fn wait_creates_nothing() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, UNHEALTHY));
    gm.sandbox(&["deploy", "--on-failure", "keep"]).with(3);
    let before = gm.leftovers();
    let refused = gm.sandbox(&["wait", "llm"]).with(2);
    refused.says(&[
        "there is nothing to wait for: llm is instances ready",
        "next: gm resume llm --sandbox",
    ]);
    assert_eq!(gm.leftovers(), before);
    gm.sandbox(&["wait", "other"]).with(2);
    gm.sandbox(&["rollback", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}

#[test]
fn repeated_deploy_resumes_stack() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, HASTY));
    gm.sandbox(&["deploy"]).with(5);
    let again = gm.sandbox(&["deploy"]);
    assert!(
        again.stderr.contains("llm was begun at "),
        "{}",
        again.stderr
    );
    assert!(
        !again.stderr.contains("Launching instances..."),
        "{}",
        again.stderr
    );
}

#[test]
fn unfinished_stack_is_rolled_back() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, HASTY));
    gm.sandbox(&["deploy"])
        .with(5)
        .says(&["still waiting for ", "next: gm resume llm --sandbox"]);
    let gone = gm.sandbox(&["rollback", "llm"]).with(0);
    assert!(gone.stdout.starts_with("llm is gone: "), "{}", gone.stdout);
    assert!(gm.leftovers().is_empty());
}

/// The output says that nothing is left.
#[test]
fn failed_deployment_is_rolled_back() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, UNHEALTHY));
    let failed = gm.sandbox(&["deploy"]).with(1);
    failed.says(&[
        "1 of 1 targets not healthy after ",
        "the load balancer is still provisioning; ",
        "try: check that each service answers health_path",
        "now: nothing is left; ",
    ]);
    assert!(gm.leftovers().is_empty());
    let list = gm.sandbox(&["list"]).with(0);
    assert_eq!(list.stdout, "there are no stacks here\n");
}

/// The output lists the resources and the command that resumes the stack.
#[test]
fn failed_deployment_can_be_kept() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, UNHEALTHY));
    let failed = gm
        .sandbox(&["deploy", "--on-failure", "keep", "-o", "json"])
        .with(3)
        .document();
    assert_eq!(failed["exit_code"], 3);
    assert_eq!(failed["next"], "gm resume llm --sandbox");
    let state = failed["now"].as_str().unwrap();
    assert!(
        state.starts_with("llm is kept as it is (instances ready, "),
        "{state}"
    );

    let status = gm
        .sandbox(&["status", "llm", "-o", "json"])
        .with(0)
        .document();
    assert_eq!(status["state"], "interrupted");
    let listed = |document: &serde_json::Value| {
        let resources = document["resources"].as_array().unwrap().iter();
        resources
            .map(|resource| (resource["kind"].clone(), resource["id"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(&failed), listed(&status));

    let instance = status["outputs"]["instances"][0].as_str().unwrap();
    gm.sandbox(&["resume", "llm", "--on-failure", "keep"])
        .with(3)
        .says(&["kept:", &format!("instance {instance}")]);
    gm.sandbox(&["rollback", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}
