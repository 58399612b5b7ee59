//! `gm plan --out` keeps a plan, which `gm deploy` carries out as it is or not at all.

use std::fs;

use geusemaker_testkit::Aws;

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;

#[test]
fn saved_plan_is_deployed_without_question() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let account = Account::start(Aws::builder());
    let planned = account.run(&gm, &["plan", "--out", "llm.plan"]).with(0);
    assert!(
        planned
            .stdout
            .contains("saved        gm deploy llm.plan does exactly this"),
        "{}",
        planned.stdout
    );
    assert_eq!(account.leftovers(), [""; 0]);
    // The spec is in the plan.
    gm.write_spec("no spec");
    account.run(&gm, &["deploy", "llm.plan"]).with(0);
    // What is deployed is not deployed again.
    account.run(&gm, &["deploy", "llm.plan"]).with(0);
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

#[test]
fn changed_plan_is_refused() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["plan", "--out", "llm.plan"]).with(0);
    for (option, says) in [
        (
            ["--region", "eu-west-1"],
            "llm.plan is a plan for us-east-1, and --region asks for eu-west-1",
        ),
        (
            ["--var", "A=b"],
            "llm.plan is a plan, in which the variables have their values",
        ),
    ] {
        let deploy = [&["deploy", "llm.plan"], &option[..]].concat();
        gm.sandbox(&deploy).with(2).says(&[says]);
    }
    let file = gm.home().join("llm.plan");
    let text = fs::read_to_string(&file).unwrap();
    for (damage, says) in [
        (
            text.replace("gm-plan/1", "gm-plan/9"),
            "is a plan in the format gm-plan/9",
        ),
        (
            text.replace("\"account\"", "\"owner\""),
            "is a damaged plan: ",
        ),
        (
            text.replace("\"count\": 1", "\"count\": 3"),
            "is a damaged plan: somebody has changed it",
        ),
        (text[..text.len() / 2].to_owned(), "is a damaged plan: EOF"),
    ] {
        fs::write(&file, damage).unwrap();
        gm.sandbox(&["deploy", "llm.plan"]).with(2).says(&[says]);
    }
    assert_eq!(gm.leftovers(), [""; 0]);
}

#[test]
fn plan_of_changed_account_is_refused() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let account = Account::start(Aws::builder());
    let planned = account.run(&gm, &["plan", "--out", "llm.plan", "-o", "json"]);
    let document = planned.with(0).document();
    let subnet = document["plan"]["subnets"][0]["id"].as_str().unwrap();
    account.ask_ec2(&format!("Action=DeleteSubnet&SubnetId={subnet}"));
    account.run(&gm, &["deploy", "llm.plan"]).with(2).says(&[
        "the plan of llm is out of date: ",
        "subnets had 6 items and now 5",
        "try: plan again",
    ]);
    assert_eq!(account.leftovers(), [""; 0]);
}

/// A spec without a Region is planned for one; a plan is no spec.
#[test]
fn plan_has_region_of_its_own() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "").replace("region = \"us-east-1\"\n", ""));
    let plan = ["plan", "--region", "eu-west-1", "--out", "llm.plan"];
    gm.sandbox(&plan).with(0);
    for command in ["plan", "validate", "graph"] {
        gm.sandbox(&[command, "llm.plan"]).with(2).says(&[
            "llm.plan is a plan of llm, not a spec",
            "gm deploy llm.plan deploys it",
        ]);
    }
    gm.sandbox(&["deploy", "llm.plan"]).with(0);
    let status = gm.sandbox(&["status", "llm", "-o", "json"]).with(0);
    assert_eq!(status.document()["region"], "eu-west-1");
}

/// A spec is not lost by a slip of the pen.
#[test]
fn plan_overwrites_plans_alone() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["plan", "--out", "gm.toml"])
        .with(2)
        .says(&["gm.toml exists and is not a plan of gm"]);
    assert_eq!(
        fs::read_to_string(gm.home().join("gm.toml")).unwrap(),
        spec(1, "")
    );
    for _ in 0..2 {
        gm.sandbox(&["plan", "--out", "llm.plan"]).with(0);
    }
    gm.sandbox(&["plan", "--out", "nowhere/llm.plan"])
        .with(2)
        .says(&["there is no folder nowhere"]);
    gm.sandbox(&["plan", "--out", "-"])
        .with(2)
        .says(&["--out - names no file"]);
}

#[test]
fn detailed_exit_code_tells_of_changes() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let plan = ["plan", "--detailed-exitcode"];
    gm.sandbox(&plan).with(9);
    let json = gm.sandbox(&["plan", "--detailed-exitcode", "-o", "json"]);
    let document = json.with(9).document();
    assert_eq!(document["ok"], true);
    assert_eq!(document["exit_code"], 9);
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&plan).with(0);
    gm.write_spec(&spec(1, "storage.keep_on_destroy = true"));
    gm.sandbox(&plan).with(9);
    gm.sandbox(&["plan"]).with(0);
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&plan).with(0);
    gm.sandbox(&["plan", "--out", "llm.plan"])
        .with(2)
        .says(&["llm exists already"]);
}
