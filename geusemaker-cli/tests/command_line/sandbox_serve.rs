//! The sandbox's account, served on a socket.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::gm::Gm;
use crate::json_schema;
use crate::served::Served;
use crate::spec_text::{example, spec};

/// Fast enough for a load balancer to be active at the second poll.
const FAST: [&str; 2] = ["--speed", "1000"];

/// A stack is deployed and destroyed in an account that is served.
#[test]
fn stack_lives_in_served_account() {
    let gm = Gm::new();
    let served = Served::start(&gm, &FAST);
    let spec = example("tier3-gpu.toml");
    assert!(served.printed.ends_with("export GM_CLOCK_SPEED=1000\n"));
    let at = |arguments: &[&str]| gm.run(&served.environment(), arguments).with(0);
    at(&["deploy", &spec, "--yes"]);
    let status = at(&["status", "llm-tier3", "-o", "json"]).document();
    assert_eq!(status["state"], "running");
    assert_eq!(status["sandbox"], false);
    assert_eq!(status["resources"].as_array().unwrap().len(), 23);
    at(&["destroy", "llm-tier3", "--yes"]);

    let ended = served.end("INT").with(0);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("\nended: "), "{}", ended.stderr);
    assert!(!ended.stderr.contains("still there"), "{}", ended.stderr);
}

/// `--keep` serves the account that `gm --sandbox` works in.
#[test]
fn kept_account_is_served_by_keep() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);

    let served = Served::start(&gm, &[&FAST[..], &["--keep"]].concat());
    gm.run(&[], &["sandbox", "serve", "--keep"])
        .with(4)
        .says(&["the sandbox's account is in use by ", "(pid "]);
    let journals = gm.state().join("sandbox");
    let at = |arguments: &[&str]| {
        let state = ["--state", journals.to_str().unwrap()];
        gm.run(&served.environment(), &[arguments, &state].concat())
            .with(0)
    };
    let status = at(&["status", "llm", "-o", "json"]).document();
    assert_eq!(status["state"], "running");
    at(&["destroy", "llm", "--yes"]);

    served.end("TERM").with(0);
    assert_eq!(gm.leftovers(), [""; 0]);
}

/// The first document has the address, and the second the summary.
#[test]
fn documents_report_start_and_end() {
    let gm = Gm::new();
    let served = Served::start(&gm, &["-o", "json"]);
    let document: Value = serde_json::from_str(&served.printed).unwrap();
    json_schema::assert_document(&document);
    let endpoint = format!("http://127.0.0.1:{}", document["port"]);
    assert_eq!(document["endpoint"], endpoint);
    assert_eq!(document["environment"]["AWS_ENDPOINT_URL"], endpoint);
    assert_eq!(document["environment"]["GM_CLOCK_SPEED"], "60");

    gm.write_spec(&spec(1, ""));
    gm.at(&endpoint, &["plan"]).with(0);
    let ended = served.end("TERM").with(0).document();
    assert!(ended["served"]["calls"].as_u64().unwrap() > 5, "{ended}");
    assert_eq!(ended["served"]["leftovers"], json!([]));
    assert_eq!(ended["served"]["unfired"], json!([]));
}

#[test]
fn equal_seeds_give_equal_ids() {
    let gm = Gm::new();
    let key_pair = |seed| {
        let served = Served::start(&gm, &["--seed", seed]);
        served.ask_ec2("Action=CreateKeyPair&KeyName=one")
    };
    let made = key_pair("7");
    assert!(made.contains("<keyPairId>key-"), "{made}");
    assert_eq!(made, key_pair("7"));
    assert_ne!(made, key_pair("8"));
}

#[test]
fn throttling_option_throttles_calls() {
    let gm = Gm::new();
    let is_throttled = |options: &[&str]| {
        let instant = ["--profile", "instant", "--speed", "1"];
        let served = Served::start(&gm, &[&instant, options].concat());
        // AWS allows fifty of these calls at once.
        (0..100)
            .map(|number| format!("Action=CreateKeyPair&KeyName={number}"))
            .any(|call| served.ask_ec2(&call).contains("RequestLimitExceeded"))
    };
    assert!(is_throttled(&["--throttling"]));
    assert!(!is_throttled(&[]));
}

/// A fault that never fires is reported at the end.
#[test]
fn faults_from_file_fire_or_are_reported() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let faults = gm.home().join("faults.toml");
    let refused = "[[fault]]\non = \"DescribeVpcs\"\nanswer = \"UnauthorizedOperation\"\n";
    fs::write(&faults, refused).unwrap();
    let options = ["--faults", faults.to_str().unwrap(), "-o", "json"];
    let plan = |served: &Served| {
        let document: Value = serde_json::from_str(&served.printed).unwrap();
        gm.at(document["endpoint"].as_str().unwrap(), &["plan"])
    };

    let served = Served::start(&gm, &options);
    plan(&served)
        .with(6)
        .says(&["ec2:DescribeVpcs failed with UnauthorizedOperation"]);
    served.end("INT").with(0);

    let served = Served::start(&gm, &options);
    let ended = served.end("INT").with(7).document();
    assert_eq!(ended["error"]["class"], "fault-unfired");
    let unfired = ended["served"]["unfired"].as_array().unwrap();
    assert_eq!(unfired.len(), 1, "{ended}");
    assert!(unfired[0].as_str().unwrap().contains("DescribeVpcs"));

    // If nothing could be served, no fault could fire, and only the first error is reported.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let arguments = ["sandbox", "serve", "--port", &port];
    gm.run(&[], &[&arguments[..], &options[..2]].concat())
        .with(2)
        .says(&["in use"]);

    fs::write(&faults, "[[fault]]\non = \"RunInstance\"\nreset = true\n").unwrap();
    gm.run(&[], &[&["sandbox", "serve"], &options[..2]].concat())
        .with(2)
        .says(&["faults.toml", "line 2", "RunInstances"]);
}

#[test]
fn verbose_logs_calls_in_simulated_time() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let served = Served::start(&gm, &["--verbose"]);
    gm.run(&served.environment(), &["plan"]).with(0);
    let log = served.end("INT").with(0).stderr;
    let line = log.lines().find(|line| line.contains("DescribeVpcs"));
    let words: Vec<_> = line.unwrap().split_whitespace().collect();
    assert!(words[0].starts_with("2026-11-01T00:"), "{words:?}");
    assert_eq!(words[1..], ["ec2:DescribeVpcs", "ok"]);
}

#[test]
fn region_comes_from_environment() {
    let gm = Gm::new();
    let region = |environment: &[_]| {
        let served = Served::start_in(environment, &gm, &[]);
        let environment = served.environment();
        let of = |name| environment.iter().find(|it| it.0 == name).unwrap().1;
        assert_eq!(of("AWS_REGION"), of("AWS_DEFAULT_REGION"));
        of("AWS_REGION").to_owned()
    };
    assert_eq!(region(&[]), "us-east-1");
    assert_eq!(region(&[("AWS_REGION", "eu-west-1")]), "eu-west-1");
}

#[test]
fn unservable_options_are_usage_errors() {
    let gm = Gm::new();
    let refused = |arguments: &[&str], fragments: &[&str]| {
        gm.run(&[], &[&["sandbox", "serve"], arguments].concat())
            .with(2)
            .says(fragments);
    };
    for speed in ["0", "-1", "NaN", "inf", "1e9", "fast"] {
        refused(
            &["--speed", speed],
            &["--speed", speed, "expected a number from 0.001 to 1000000"],
        );
    }
    refused(&["--timings", "odd"], &["'odd'", "instant, typical, slow"]);
    refused(
        &["--profile", "odd"],
        &["no profile \"odd\"", "instant, typical and slow"],
    );
    refused(
        &["--profile", "slow", "--keep"],
        &["--profile slow cannot be used with --keep"],
    );
    refused(&["--seed", "x"], &["--seed"]);
    refused(&["--host", "example.com"], &["--host"]);
    refused(&["--keep", "--seed", "7"], &["--keep", "--seed"]);
    refused(&["--sandbox"], &["give --keep"]);
    refused(
        &["--faults", "nowhere.toml"],
        &["nowhere.toml", "No such file"],
    );

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    refused(
        &["--port", &address.port().to_string()],
        &[&address.to_string(), "in use", "choose another"],
    );
}
