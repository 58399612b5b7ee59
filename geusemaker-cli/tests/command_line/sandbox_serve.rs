//! The sandbox's account on a socket.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::gm::Gm;
use crate::served::Served;
use crate::spec_text::{example, spec};

/// Fast enough for a load balancer to be active at the second look.
const FAST: [&str; 2] = ["--speed", "1000"];

#[test]
fn a_stack_goes_up_and_down_in_a_served_account() {
    let gm = Gm::new();
    let served = Served::start(&gm, &FAST);
    let spec = example("tier3-gpu.toml");
    let at = |arguments: &[&str]| gm.run(&served.environment(), arguments).with(0);
    at(&["deploy", &spec, "--yes"]);
    let status = at(&["status", "llm-tier3", "-o", "json"]).document();
    assert_eq!(status["state"], "committed");
    assert_eq!(status["sandbox"], false);
    assert_eq!(status["resources"].as_array().unwrap().len(), 18);
    at(&["destroy", "llm-tier3", "--yes"]);

    let ended = served.end("INT").with(0);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("\nended: "), "{}", ended.stderr);
    assert!(!ended.stderr.contains("still there"), "{}", ended.stderr);
}

#[test]
fn the_account_that_is_kept_is_the_same_on_a_socket() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);

    let served = Served::start(&gm, &[&FAST[..], &["--keep"]].concat());
    gm.run(&[], &["sandbox", "serve", "--keep"])
        .with(4)
        .says(&["another gm works in the sandbox's account"]);
    let journals = gm.state().join("sandbox");
    let at = |arguments: &[&str]| {
        let state = ["--state", journals.to_str().unwrap()];
        gm.run(&served.environment(), &[arguments, &state].concat())
            .with(0)
    };
    let status = at(&["status", "llm", "-o", "json"]).document();
    assert_eq!(status["state"], "committed");
    at(&["destroy", "llm", "--yes"]);

    served.end("TERM").with(0);
    assert_eq!(gm.leftovers(), [""; 0]);
}

#[test]
fn documents_say_where_it_serves_and_what_came_of_it() {
    let gm = Gm::new();
    let served = Served::start(&gm, &["-o", "json"]);
    let document: Value = serde_json::from_str(&served.printed).unwrap();
    assert_eq!(document["schema"], "gm/1");
    let endpoint = format!("http://127.0.0.1:{}", document["port"]);
    assert_eq!(document["endpoint"], endpoint);
    assert_eq!(document["environment"]["AWS_ENDPOINT_URL"], endpoint);

    gm.write_spec(&spec(1, ""));
    gm.at(&endpoint, &["plan"]).with(0);
    let ended = served.end("TERM").with(0).document();
    assert!(ended["served"]["calls"].as_u64().unwrap() > 5, "{ended}");
    assert_eq!(ended["served"]["leftovers"], json!([]));
    assert_eq!(ended["served"]["unfired"], json!([]));
}

#[test]
fn the_same_seed_gives_the_same_ids() {
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
fn calls_are_throttled_when_that_is_asked_for() {
    let gm = Gm::new();
    let is_throttled = |options: &[&str]| {
        let instant = ["--profile", "instant", "--speed", "1"];
        let served = Served::start(&gm, &[&instant, options].concat());
        // AWS lets fifty of these through at once.
        (0..100)
            .map(|number| format!("Action=CreateKeyPair&KeyName={number}"))
            .any(|call| served.ask_ec2(&call).contains("RequestLimitExceeded"))
    };
    assert!(is_throttled(&["--throttling"]));
    assert!(!is_throttled(&[]));
}

#[test]
fn faults_in_a_file_strike_and_one_that_does_not_is_told() {
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

    // Where nothing could be served, nothing can strike, and that alone is the error.
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
fn verbose_logs_each_call_in_the_accounts_time() {
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
fn the_environments_region_is_the_one_to_use() {
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
fn what_cannot_be_served_is_a_usage_error() {
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
    refused(&["--profile", "odd"], &["'odd'", "instant, typical, slow"]);
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
