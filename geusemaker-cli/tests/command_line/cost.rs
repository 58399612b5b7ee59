//! The cost of a stack is said before it is made, and while it is there.

use serde_json::Value;

use crate::gm::Gm;
use crate::spec_text::{example, spec};

/// Returns the amount of US dollars that a member has, in millionths.
#[track_caller]
fn micros(document: &Value, member: &str) -> u64 {
    let text = document[member].as_str().unwrap();
    let amount: geusemaker_core::Money = text.parse().unwrap();
    amount.microdollars()
}

#[test]
fn plan_has_section_about_cost() {
    let gm = Gm::new();
    let plan = gm.sandbox(&["plan", &example("tier3-gpu.toml")]).with(0);
    let lines: Vec<_> = plan.stdout.lines().collect();
    let start = lines.iter().position(|line| line.starts_with("  cost"));
    assert_eq!(
        lines[start.unwrap()..],
        [
            "  cost         about $1.085/h, $792.36/month",
            "               (us-east-1 list prices of 2026-07-20, a month of 730 hours)",
            "               1 x g5.xlarge on-demand: $1.006/h",
            "               root volume, 200 GiB: $0.0219/h",
            "               load balancer: $0.0225/h",
            "               7 public IPv4 addresses: $0.035/h",
            "               not included: traffic, CloudFront, the load of the load balancer ($0.008 per LCU and hour),",
            "                 the content of the file system ($0.30 per GB a month) and its use",
        ]
    );
}

/// The cost of the plan is that of the stack, and of what is left of it when its journal is lost.
#[test]
fn cost_is_same_in_all_documents() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, "compute.count = 2"));
    let json = |arguments: &[&str]| {
        gm.sandbox(&[arguments, &["--output", "json"]].concat())
            .with(0)
            .document()
    };
    let planned = json(&["plan"])["cost"].clone();
    assert_eq!(planned["list"]["region"], "us-east-1");
    assert_eq!(planned["list"]["as_of"], "2026-07-20");
    assert_eq!(planned["at_most"], false);
    let deployed = json(&["deploy"])["cost"].clone();
    assert_eq!(deployed["usd_per_hour"], planned["usd_per_hour"]);
    assert_eq!(json(&["status", "llm"])["cost"], deployed);
    assert_eq!(json(&["list"])["stacks"][0]["cost"], deployed);

    let status = gm.sandbox(&["status", "llm"]).with(0).stdout;
    let line = "cost: about $2.118/h, $1546.39/month (us-east-1 list prices of 2026-07-20; without traffic, CloudFront, \
                load of the load balancer, file system content)";
    assert!(status.lines().any(|found| found == line), "{status}");
    let list = gm.sandbox(&["list"]).with(0).stdout;
    assert!(list.contains("  $2.118/h  "), "{list}");

    for journal in gm.journals() {
        std::fs::remove_dir_all(journal).unwrap();
    }
    let orphans = json(&["leftovers"])["cost"].clone();
    // The sizes of the root volumes are not known.
    let volumes = micros(&deployed["items"][1], "usd_per_month");
    assert_eq!(
        micros(&orphans, "usd_per_month") + volumes,
        micros(&deployed, "usd_per_month")
    );
    let left_out = orphans["left_out"].as_array().unwrap();
    assert!(
        left_out.contains(&"root volumes ($0.08 per GB a month)".into()),
        "{orphans}"
    );
    let text = gm.sandbox(&["leftovers"]).with(0).stdout;
    assert!(text.contains("\ncost: about $2.07"), "{text}");
}

/// Two instances cost twice as much as one, and everything else stays.
#[test]
fn second_instance_doubles_its_items() {
    let gm = Gm::new();
    let items = |count: u32| {
        gm.write_spec(&spec(1, &format!("compute.count = {count}")));
        let document = gm.sandbox(&["plan", "-o", "json"]).with(0).document();
        document["cost"]["items"].clone()
    };
    let (one, two) = (items(1), items(2));
    for place in 0..3 {
        assert_eq!(one[place]["what"], two[place]["what"]);
        assert_eq!(
            micros(&two[place], "usd_per_month"),
            2 * micros(&one[place], "usd_per_month")
        );
    }
}

#[test]
fn price_of_other_region_is_unknown() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "").replace("us-east-1", "eu-west-1"));
    let plan = gm.sandbox(&["plan"]).with(0).stdout;
    let line =
        "  cost         no price known for eu-west-1; us-east-1: about $1.033/h, $754.03/month";
    assert!(plan.lines().any(|found| found == line), "{plan}");
    let cost = gm.sandbox(&["plan", "-o", "json"]).with(0).document()["cost"].clone();
    assert_eq!(cost["region"], "eu-west-1");
    assert_eq!(cost["usd_per_hour"], Value::Null);
    assert_eq!(cost["list"]["usd_per_month"], "754.03");
    gm.sandbox(&["deploy"]).with(0);
    let list = gm.sandbox(&["list"]).with(0).stdout;
    assert!(list.contains("price unknown"), "{list}");
}

#[test]
fn price_of_spot_is_upper_bound() {
    let gm = Gm::new();
    gm.write_spec(&spec(
        1,
        "compute.market = \"spot\"\ncompute.max_price = \"0.45\"",
    ));
    let plan = gm.sandbox(&["plan"]).with(0).stdout;
    for line in [
        "  cost         at most $0.477/h, $348.15/month",
        "               1 x g5.xlarge spot: at most $0.45/h",
    ] {
        assert!(plan.lines().any(|found| found == line), "{plan}");
    }
    gm.sandbox(&["deploy"]).with(0);
    let list = gm.sandbox(&["list"]).with(0).stdout;
    assert!(list.contains("up to $0.477/h"), "{list}");
}

/// The dearest type that may be taken instead is said as well.
#[test]
fn dearer_fallback_is_shown() {
    let gm = Gm::new();
    gm.write_spec(&spec(
        1,
        "compute.fallback = [\"g6e.xlarge\", \"g4dn.xlarge\"]",
    ));
    let plan = gm.sandbox(&["plan"]).with(0).stdout;
    let line = "               with the dearest of these instances: about $1.888/h, $1378.18/month";
    assert!(plan.lines().any(|found| found == line), "{plan}");
}

/// A person reads the cost before the question, also with --quiet.
#[cfg(unix)]
#[test]
fn question_says_cost() {
    use geusemaker_testkit::Aws;

    use crate::account::Account;
    use crate::terminal::Terminal;

    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let account = Account::start(Aws::builder());
    let mut command = account.command(&gm, &["deploy", "--quiet"]);
    let mut terminal = Terminal::start(&mut command);
    terminal.is_asked(
        "Cost: about $1.033/h, $754.03/month (us-east-1 list prices of 2026-07-20; without traffic and use).",
    );
    terminal.is_asked("? [y/N] ");
    terminal.types("n");
    terminal.ended().with(10);
}
