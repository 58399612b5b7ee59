//! `gm doctor`: what every deployment needs, and where each setting comes from.

use crate::gm::Gm;

#[test]
fn usable_account_is_well() {
    let gm = Gm::new();
    let shown = gm.run(&[("AWS_REGION", "eu-west-1")], &["--sandbox", "doctor"]);
    let shown = shown.with(0).stdout;
    for line in [
        "eu-west-1 (from AWS_REGION)",
        "vCPUs in use",
        "no session-manager-plugin",
    ] {
        assert!(shown.contains(line), "no {line:?} in {shown}");
    }
    let document = gm.sandbox(&["doctor", "-o", "json"]).with(0).document();
    let checks = document["checks"].as_array().unwrap();
    let failed = |check: &&serde_json::Value| check["verdict"] == "failed";
    assert_eq!(checks.iter().find(failed), None);
}

#[test]
fn missing_credentials_fail_check() {
    let gm = Gm::new();
    let ended = gm.run(&[("AWS_REGION", "us-east-1")], &["doctor"]);
    assert_eq!(ended.code, Some(6));
    assert!(ended.stdout.contains("failed"), "{}", ended.stdout);
    for part in ["no AWS credentials were found", "aws configure"] {
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }
    let document = gm.run(&[("AWS_REGION", "us-east-1")], &["doctor", "-o", "json"]);
    let document = document.with(6).document();
    assert_eq!(document["error"]["class"], "credentials");
    assert!(
        document["checks"]
            .as_array()
            .is_some_and(|checks| checks.len() > 3)
    );
}
