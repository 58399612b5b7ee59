//! The life of a stack in the sandbox, with one process per command.

use serde_json::{Value, json};

use crate::gm::Gm;
use crate::spec_text::{example, spec};

/// Deploys an example, checks it and destroys it; the steps must be reported in the given order.
#[track_caller]
fn lives_and_goes(tier: u8, steps: &[&str]) {
    let gm = Gm::new();
    let (file, name) = (
        example(&format!("tier{tier}-gpu.toml")),
        format!("llm-tier{tier}"),
    );

    let deployed = gm.sandbox(&["deploy", &file]).with(0);
    let mut rest = deployed.stderr.as_str();
    for step in steps {
        let Some((_, after)) = rest.split_once(step) else {
            panic!(
                "{step:?} is missing or out of order in:\n{}",
                deployed.stderr
            );
        };
        rest = after;
    }
    assert!(
        deployed.stdout.contains("deployed in simulated "),
        "{}",
        deployed.stdout
    );
    assert!(!gm.leftovers().is_empty());

    let status = gm
        .sandbox(&["status", &name, "-o", "json"])
        .with(0)
        .document();
    assert_eq!(status["tier"], tier);
    assert_eq!(status["state"], "running");
    assert_eq!(status["sandbox"], true);
    assert_steady(&status);
    let url = &status["outputs"]["url"];
    match tier {
        1 => assert_eq!(*url, Value::Null),
        2 => assert_url(url, "http://llm-tier2-alb-", ".elb.amazonaws.com"),
        _ => assert_url(url, "https://", ".cloudfront.net"),
    }
    if let Some(url) = url.as_str() {
        assert!(
            deployed.stdout.contains(&format!("url: {url}")),
            "{}",
            deployed.stdout
        );
    }

    let list = gm.sandbox(&["list", "-o", "json"]).with(0).document();
    assert_eq!(list["stacks"][0]["name"], name);
    assert_eq!(list["stacks"][0]["url"], *url);

    let count = status["resources"].as_array().unwrap().len();
    let destroyed = gm.sandbox(&["destroy", &name]).with(0);
    let report = format!("{name} is gone: {count} resources removed in simulated ");
    assert!(
        destroyed.stdout.starts_with(&report),
        "{}",
        destroyed.stdout
    );
    assert_eq!(gm.leftovers(), Vec::<String>::new());

    let list = gm.sandbox(&["list", "-o", "json"]).with(0).document();
    assert_eq!(list["stacks"], json!([]));
}

/// Asserts that each resource is in its working state.
#[track_caller]
fn assert_steady(status: &Value) {
    for resource in status["resources"].as_array().unwrap() {
        let state = resource["state"].as_str().unwrap();
        assert!(
            ["available", "active", "running", "healthy", "Deployed"].contains(&state),
            "{resource}"
        );
    }
}

#[track_caller]
fn assert_url(url: &Value, start: &str, end: &str) {
    let url = url.as_str().unwrap();
    assert!(url.starts_with(start) && url.ends_with(end), "{url}");
}

/// Tier 1 consists of instances with storage, and leaves nothing.
#[test]
fn tier_1_is_deployed_and_destroyed() {
    lives_and_goes(
        1,
        &[
            "Checking credentials and network...",
            "Creating security groups...",
            "Launching instances...",
            "Waiting for instances to run...",
            "Checking GPUs...",
        ],
    );
}

/// Tier 2 adds a load balancer, and leaves nothing.
#[test]
fn tier_2_is_deployed_and_destroyed() {
    lives_and_goes(
        2,
        &[
            "Launching instances...",
            "Creating target groups...",
            "Creating ALB...",
            "Registering instances...",
            "ALB is active: llm-tier2-alb-",
            "Waiting for healthy targets...",
        ],
    );
}

/// Tier 3 adds a CDN, and leaves nothing.
#[test]
fn tier_3_is_deployed_and_destroyed() {
    lives_and_goes(
        3,
        &[
            "Launching instances...",
            "Creating ALB...",
            "Registering instances...",
            "Waiting for healthy targets...",
            "Creating CloudFront distribution...",
            "Waiting for CloudFront to deploy it...",
            "CloudFront distribution is deployed: https://",
        ],
    );
}

/// An adopted file system is never deleted.
#[test]
fn kept_file_system_can_be_adopted() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let destroyed = gm
        .sandbox(&["destroy", "llm", "--keep-file-system", "-o", "json"])
        .with(0);
    let kept = destroyed.document()["kept"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(gm.leftovers(), [format!("EFS::FileSystem {kept}")]);

    gm.write_spec(&spec(1, &format!("storage.file_system = {kept:?}")));
    gm.sandbox(&["deploy"]).with(0);
    let status = gm.sandbox(&["status", "llm"]).with(0);
    let line = status
        .stdout
        .lines()
        .find(|line| line.contains(&kept))
        .unwrap();
    assert!(line.starts_with("  file system (yours) "), "{line}");

    gm.sandbox(&["destroy", "llm"]).with(0);
    assert_eq!(gm.leftovers(), [format!("EFS::FileSystem {kept}")]);
}

#[test]
fn regions_have_separate_state() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "").replace("us-east-1", "eu-central-1"));
    gm.sandbox(&["deploy"]).with(0);
    let status = gm
        .sandbox(&["status", "llm", "-o", "json"])
        .with(0)
        .document();
    assert_eq!(status["region"], "eu-central-1");
    assert_steady(&status);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert_eq!(gm.leftovers(), Vec::<String>::new());
}

#[test]
fn quiet_prints_result_only() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let deployed = gm.sandbox(&["deploy", "--quiet"]).with(0);
    assert_eq!(deployed.stderr, "");
    assert!(
        deployed.stdout.starts_with("llm: running\n"),
        "{}",
        deployed.stdout
    );
}

/// JSON documents keep them whole.
#[test]
fn text_output_shortens_arns() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    let deployed = gm.sandbox(&["deploy"]).with(0);
    assert!(!deployed.stdout.contains("arn:"), "{}", deployed.stdout);
    assert!(!deployed.stderr.contains("arn:"), "{}", deployed.stderr);
    assert!(
        deployed.stdout.contains("  llm-alb "),
        "{}",
        deployed.stdout
    );

    let status = gm
        .sandbox(&["status", "llm", "-o", "json"])
        .with(0)
        .document();
    let resources = status["resources"].as_array().unwrap();
    let balancer = resources
        .iter()
        .find(|resource| resource["kind"] == "load-balancer")
        .unwrap();
    let arn = balancer["id"].as_str().unwrap();
    assert!(
        arn.starts_with(
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/llm-alb/"
        ),
        "{arn}"
    );
}
