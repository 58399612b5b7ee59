//! `gm gpus` lists instance types with GPUs.

use serde_json::Value;

use crate::gm::Gm;

fn names(document: &Value, member: &str) -> Vec<String> {
    let types = document[member].as_array().unwrap().iter();
    let names = types.map(|it| it["instance_type"].as_str().unwrap().to_owned());
    names.collect()
}

/// No credentials, region or state are needed.
#[test]
fn list_is_sorted_by_price() {
    let gm = Gm::new();
    let listed = gm.run(&[], &["gpus"]).with(0);
    assert_eq!(listed.stderr, "");
    let lines: Vec<_> = listed.stdout.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["TYPE", "GPUS", "GPU", "MEMORY", "VCPUS", "MEMORY", "PRICE"]
    );
    assert!(lines[1].starts_with("  g6f.large ") && lines[1].ends_with("  $0.202/h"));
    assert_eq!(
        lines.last(),
        Some(&"on-demand list prices of 2026-07-20 in us-east-1, Linux")
    );
    assert!(lines[lines.len() - 2].ends_with("unknown"), "{lines:?}");
    assert_eq!(lines.len(), 76);
    assert!(!gm.state().exists());
}

#[test]
fn limits_choose_types() {
    let gm = Gm::new();
    let limits = [
        "gpus",
        "--gpu",
        "l40s",
        "--min-memory",
        "100",
        "--max-price",
        "16",
        "-o",
        "json",
    ];
    let document = gm.run(&[], &limits).with(0).document();
    assert_eq!(names(&document, "types"), ["g6e.12xlarge", "g6e.24xlarge"]);
    let first = &document["types"][0];
    assert_eq!(first["gpu_model"], "NVIDIA L40S");
    assert_eq!(first["gpu_count"], 4);
    assert_eq!(first["gpu_memory_mib"], 183_104);
    assert_eq!(first["on_demand_usd_per_hour"], "10.49264");
    assert_eq!(document["prices"]["region"], "us-east-1");
    assert_eq!(document["prices"]["as_of"], "2026-07-20");
}

#[test]
fn nearest_types_are_named() {
    let gm = Gm::new();
    let limits = ["gpus", "--min-memory", "80", "--max-price", "1"];
    let text = gm.run(&[], &limits).with(0).stdout;
    assert!(
        text.starts_with("no instance type fits; the nearest:\n"),
        "{text}"
    );
    let document = gm.run(&[], &[&limits[..], &["-o", "json"]].concat());
    let document = document.with(0).document();
    assert_eq!(names(&document, "types"), Vec::<String>::new());
    assert_eq!(names(&document, "nearest"), ["g7e.2xlarge", "g6.xlarge"]);
}

#[test]
fn wrong_limits_are_usage_errors() {
    let gm = Gm::new();
    for (arguments, fragments) in [
        (
            ["--gpu", "a10"],
            [
                "no instance type of the catalog has the GPU \"a10\"",
                "did you mean",
            ],
        ),
        (["--gpu", "Gaudi"], ["the GPU \"Gaudi\"", "the models are"]),
        (
            ["--max-price", "1,5"],
            ["\"1,5\" is not an amount of US dollars", "such as \"1.5\""],
        ),
        (
            ["--min-memory", "much"],
            ["'--min-memory <GIB>'", "expected a number of GiB"],
        ),
        (
            ["--region", "us-east-1a"],
            ["is an Availability Zone", "\"us-east-1\""],
        ),
    ] {
        gm.run(&[], &[&["gpus"], &arguments[..]].concat())
            .with(2)
            .says(&fragments);
    }
}

#[test]
fn sandbox_says_what_is_offered() {
    let gm = Gm::new();
    let available = ["gpus", "--available", "--gpu", "a10g"];
    let text = gm.sandbox(&available).with(0).stdout;
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].ends_with("ADMITTED  ZONES"), "{text}");
    assert!(
        lines[1].starts_with("  g5.xlarge ") && lines[1].contains("  a b c d"),
        "{text}"
    );
    assert!(
        text.contains("Running On-Demand G and VT instances: 0 of "),
        "{text}"
    );
    let document = gm.sandbox(&[&available[..], &["-o", "json"]].concat());
    let document = document.with(0).document();
    let first = &document["types"][0];
    assert_eq!(first["zones"][0], "us-east-1a");
    assert!(first["admitted"].as_u64().unwrap() > 0);
    assert_eq!(document["quotas"][0]["used"], 0);
    // A region that has fewer types, and no prices.
    let elsewhere = gm.sandbox(&["gpus", "--available", "--region", "eu-west-1"]);
    let elsewhere = elsewhere.with(0).stdout;
    let line = "no prices known for eu-west-1: those of us-east-1 are shown";
    assert!(elsewhere.lines().any(|found| found == line), "{elsewhere}");
}

/// Only --available needs an account.
#[test]
fn available_needs_credentials() {
    let gm = Gm::new();
    let ended = gm.run(&[("AWS_REGION", "us-east-1")], &["gpus", "--available"]);
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
}
