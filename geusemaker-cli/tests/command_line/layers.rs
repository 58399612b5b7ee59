//! Settings in layers: an option, a `GM_` variable, the spec, the user's file, the AWS environment, the default.

use std::fs;

use serde_json::Value;

use crate::gm::{CREDENTIALS, Ended, Gm};
use crate::spec_text::spec;

fn with_config(text: &str) -> Gm {
    let gm = Gm::new();
    write_config(&gm, text);
    gm
}

fn write_config(gm: &Gm, text: &str) {
    let folder = gm.home().join(".config/gm");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), text).unwrap();
}

/// Returns the value of a setting and the layer that it comes from, as `gm doctor` says.
fn doctor(
    gm: &Gm,
    environment: &[(&str, &str)],
    arguments: &[&str],
    name: &str,
) -> (String, String) {
    let arguments = [&["doctor", "-o", "json"], arguments].concat();
    let document = gm.run(environment, &arguments).document();
    let checks = document["checks"].as_array().unwrap();
    let is_it = |check: &&Value| check["name"] == name;
    let check = checks
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no {name} in {document}"));
    let home = gm.home().to_str().unwrap();
    let text = |member: &str| {
        let text = check[member].as_str().unwrap_or_default();
        text.replace(home, "~")
    };
    (text("finding"), text("source"))
}

/// A setting in all of its layers, the highest first: what is set there, the value, and how the layer is called.
struct InLayers {
    name: &'static str,
    flag: (&'static [&'static str], &'static str, &'static str),
    variable: (&'static str, &'static str, &'static str),
    file: Option<(&'static str, &'static str)>,
    aws: Option<(&'static str, &'static str)>,
}

const FILE: &str = "~/.config/gm/config.toml:1";

#[test]
fn higher_layer_wins() {
    for setting in [
        InLayers {
            name: "region",
            flag: (&["--region", "eu-west-1"], "eu-west-1", "--region"),
            variable: ("GM_REGION", "eu-west-2", "eu-west-2"),
            file: Some(("region = \"eu-west-3\"", "eu-west-3")),
            aws: Some(("AWS_REGION", "eu-north-1")),
        },
        InLayers {
            name: "profile",
            flag: (&["--profile", "a"], "a", "--profile"),
            variable: ("GM_PROFILE", "b", "b"),
            file: Some(("profile = \"c\"", "c")),
            aws: Some(("AWS_PROFILE", "d")),
        },
        InLayers {
            name: "endpoint",
            flag: (
                &["--endpoint-url", "http://127.0.0.1:1"],
                "http://127.0.0.1:1 instead of AWS",
                "--endpoint-url",
            ),
            variable: (
                "GM_ENDPOINT_URL",
                "http://127.0.0.1:2",
                "http://127.0.0.1:2 instead of AWS",
            ),
            file: Some((
                "endpoint_url = \"http://127.0.0.1:3\"",
                "http://127.0.0.1:3 instead of AWS",
            )),
            aws: Some(("AWS_ENDPOINT_URL", "http://127.0.0.1:4")),
        },
        InLayers {
            name: "state",
            flag: (&["--state", "one"], "one", "--state"),
            variable: ("GM_STATE", "two", "two"),
            file: Some(("state = \"three\"", "~/.config/gm/three")),
            aws: None,
        },
        InLayers {
            name: "output",
            flag: (&[], "json", "--output"),
            variable: ("GM_OUTPUT", "text", ""),
            file: None,
            aws: None,
        },
        InLayers {
            name: "on-failure",
            flag: (&[], "", ""),
            variable: ("GM_ON_FAILURE", "keep", "keep"),
            file: Some(("on_failure = \"rollback\"", "rollback")),
            aws: None,
        },
        InLayers {
            name: "timeout",
            flag: (&[], "", ""),
            variable: ("GM_TIMEOUT", "cdn=2h", "cdn 2h"),
            file: Some(("timeout.cdn = \"1h\"", "cdn 1h")),
            aws: None,
        },
    ] {
        assert_layers(&setting);
    }
}

/// Asserts for each layer that it wins over all that are below it.
fn assert_layers(setting: &InLayers) {
    let InLayers {
        name,
        flag,
        variable,
        file,
        aws,
    } = setting;
    let gm = Gm::new();
    let aws_folder = gm.home().join(".aws");
    fs::create_dir_all(&aws_folder).unwrap();
    fs::write(
        aws_folder.join("config"),
        "[profile a]\n[profile b]\n[profile c]\n[profile d]\n",
    )
    .unwrap();
    let offline = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let mut environment = vec![("AWS_REGION", "us-east-1"), offline];
    if let Some((key, value)) = aws {
        environment.retain(|(name, _)| name != key);
        environment.push((*key, *value));
        let (found, origin) = doctor(&gm, &environment, &[], name);
        assert!(found.starts_with(value), "{name}: {found}");
        assert_eq!(origin, *key, "{name}");
    }
    if let Some((line, value)) = file {
        write_config(&gm, &format!("{line}\n"));
        let found = doctor(&gm, &environment, &[], name);
        assert_eq!(found, ((*value).to_owned(), FILE.to_owned()), "{name}");
    }
    let (key, value, shown) = variable;
    environment.push((*key, *value));
    if !shown.is_empty() {
        let found = doctor(&gm, &environment, &[], name);
        assert_eq!(found, ((*shown).to_owned(), (*key).to_owned()), "{name}");
    }
    let (arguments, value, option) = flag;
    if !option.is_empty() {
        let found = doctor(&gm, &environment, arguments, name);
        assert_eq!(found, ((*value).to_owned(), (*option).to_owned()), "{name}");
    }
    if !shown.is_empty() && *key != "GM_STATE" {
        // An empty variable counts as unset.
        environment.pop();
        environment.push((*key, ""));
        let (_, origin) = doctor(&gm, &environment, &[], name);
        assert_eq!(origin, FILE, "{name}");
    }
}

#[test]
fn output_of_each_layer_is_used() {
    let gm = with_config("output = \"json\"");
    let is_json = |ended: Ended| ended.with(0).stdout.starts_with('{');
    assert!(is_json(gm.sandbox(&["list"])));
    let text = [("GM_OUTPUT", "text")];
    assert!(!is_json(gm.run(&text, &["--sandbox", "list"])));
    assert!(is_json(gm.run(&text, &["--sandbox", "list", "-o", "json"])));
    // Also for a wrong command line.
    let wrong = gm.sandbox(&["list", "--nope"]).with(2).document();
    assert_eq!(wrong["error"]["class"], "usage");
}

#[test]
fn switches_have_variables() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.run(&[("GM_SANDBOX", "1"), ("GM_QUIET", "true")], &["deploy"])
        .with(0);
    assert!(!gm.leftovers().is_empty());
    let quiet = gm.run(
        &[("GM_SANDBOX", "yes"), ("GM_QUIET", "on")],
        &["destroy", "llm"],
    );
    assert_eq!(quiet.with(0).stderr, "");
    let calls = gm
        .run(&[("GM_SANDBOX", "1"), ("GM_VERBOSE", "1")], &["plan"])
        .with(0);
    assert!(calls.stderr.contains("DescribeVpcs"), "{}", calls.stderr);
    for off in ["", "0", "false"] {
        gm.run(
            &[("GM_SANDBOX", off), ("AWS_REGION", "us-east-1")],
            &["plan"],
        )
        .with(6);
    }
}

#[test]
fn wrong_variable_is_named() {
    let gm = Gm::new();
    for (name, value, why) in [
        ("GM_OUTPUT", "xml", "\"xml\" is none of text, json"),
        ("GM_SANDBOX", "maybe", "expected true or false"),
        ("GM_REGION", "us-east-1a", "is an Availability Zone"),
        ("GM_ENDPOINT_URL", "localhost:1", "is not a URL"),
        ("GM_ON_FAILURE", "panic", "is none of rollback, keep, ask"),
        ("GM_TIMEOUT", "cdn", "such as cdn=1h30m"),
        ("GM_VERBOSE", "9", "expected 0, 1 or 2"),
    ] {
        let refused = gm.run(&[(name, value)], &["list"]).with(2);
        refused.says(&[&format!("{name}={value}: "), why, "or unset it"]);
    }
}

#[test]
fn wrong_file_has_line_and_remedy() {
    for (text, fragments) in [
        (
            "\nregoin = \"a\"",
            [
                "config.toml:2: regoin: unknown key; did you mean region?",
                "allowed are region, ",
            ],
        ),
        (
            "[timeout]\ncnd = \"1h\"",
            [
                "config.toml:2: timeout.cnd: unknown key in [timeout]; did you mean cdn?",
                "deletion",
            ],
        ),
        (
            "[timeout]\ncdn = \"soon\"",
            ["config.toml:2: timeout.cdn: expected a duration", "1h30m"],
        ),
        (
            "output = \"xml\"",
            ["config.toml:1: output: \"xml\" is none of", "text, json"],
        ),
        (
            "state = 3",
            ["config.toml:1: state: expected a text", "quotation marks"],
        ),
        ("a = = 1", ["config.toml:1: is not TOML: ", ""]),
        (
            "sandbox = true",
            [
                "config.toml:1: sandbox: is no setting of this file",
                "GM_SANDBOX",
            ],
        ),
    ] {
        let gm = with_config(text);
        gm.run(&[], &["list"]).with(2).says(&fragments);
        // A higher layer does not hide it.
        gm.run(&[], &["list", "--state", "x"])
            .with(2)
            .says(&fragments);
    }
}

#[test]
fn named_file_replaces_usual_one() {
    let gm = with_config("output = \"json\"");
    fs::write(gm.home().join("mine.toml"), "region = \"eu-west-1\"").unwrap();
    let mine = ["--config", "mine.toml", "--sandbox"];
    let (region, origin) = doctor(&gm, &[], &mine, "region");
    assert_eq!(
        (region.as_str(), origin.as_str()),
        ("eu-west-1", "mine.toml:1")
    );
    let variable = [("GM_CONFIG", "mine.toml")];
    let listed = gm.run(&variable, &["list", "--sandbox"]).with(0);
    assert_eq!(listed.stdout, "there are no stacks here\n");
    gm.run(&variable, &["list", "--config", "no.toml"])
        .with(2)
        .says(&["--config: there is no file no.toml"]);
    let none = gm.run(&[("GM_CONFIG", "/dev/null")], &["list", "--sandbox"]);
    assert_eq!(none.with(0).stdout, "there are no stacks here\n");
}

/// The option and its variable come before the spec; the file and the AWS environment after it.
#[test]
fn region_has_its_place_around_spec() {
    let gm = with_config("region = \"eu-west-3\"");
    gm.write_spec(&spec(1, ""));
    let planned = |environment: &[(&str, &str)], arguments: &[&str]| {
        let ended = gm
            .run(environment, &[&["--sandbox", "plan"], arguments].concat())
            .with(0);
        let line = ended.stdout.lines().next().unwrap().to_owned();
        (line, ended.stderr)
    };
    let aws = ("AWS_REGION", "eu-north-1");
    let (line, _) = planned(&[aws], &[]);
    assert!(line.ends_with(", us-east-1 (tier 1)"), "{line}");
    let (line, note) = planned(&[aws, ("GM_REGION", "eu-west-2")], &[]);
    assert!(line.ends_with(", eu-west-2 (tier 1)"), "{line}");
    assert!(
        note.contains("region eu-west-2 from GM_REGION, in place of us-east-1 of the spec"),
        "{note}"
    );
    let (line, _) = planned(&[("GM_REGION", "eu-west-2")], &["--region", "eu-west-1"]);
    assert!(line.ends_with(", eu-west-1 (tier 1)"), "{line}");
    gm.write_spec(&spec(1, "").replace("region = \"us-east-1\"\n", ""));
    let (line, _) = planned(&[aws], &[]);
    assert!(line.ends_with(", eu-west-3 (tier 1)"), "{line}");
    gm.sandbox(&["plan", "--region", "us-esat-1"])
        .with(2)
        .says(&["us-esat-1 is not a known region of AWS; did you mean us-east-1?"]);
}

#[test]
fn journal_says_region_of_stack() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy", "--region", "eu-west-1"]).with(0);
    gm.sandbox(&["deploy", "--region", "eu-west-1"]).with(0);
    for command in [
        &["status", "llm"][..],
        &["destroy", "llm"],
        &["outputs", "llm"],
        &["plan"],
        &["deploy"],
    ] {
        gm.sandbox(&[command, &["--region", "us-west-2"]].concat())
            .with(2)
            .says(&[
                "llm is in eu-west-1, and --region says us-west-2",
                "try: leave --region out",
            ]);
    }
    let here = gm.sandbox(&["list", "--region", "eu-west-1"]).with(0);
    assert!(here.stdout.contains("llm"), "{}", here.stdout);
    let elsewhere = gm.sandbox(&["list", "--region", "us-west-2"]).with(0);
    assert!(!elsewhere.stdout.contains("llm"), "{}", elsewhere.stdout);
    // A variable is for stacks that are made.
    gm.run(
        &[("GM_REGION", "us-west-2")],
        &["--sandbox", "status", "llm"],
    )
    .with(0);
    gm.sandbox(&["destroy", "llm", "--region", "eu-west-1"])
        .with(0);
    assert_eq!(gm.leftovers(), [""; 0]);
}

#[test]
fn sandbox_has_no_profile_and_no_endpoint() {
    let gm = with_config("profile = \"nope\"");
    gm.sandbox(&["list", "--profile", "dev"])
        .with(2)
        .says(&["--profile is for accounts of AWS, and --sandbox chooses the simulated account"]);
    gm.run(
        &[("GM_SANDBOX", "1")],
        &["list", "--endpoint-url", "http://localhost:1"],
    )
    .with(2)
    .says(&["leave out --endpoint-url or GM_SANDBOX"]);
    gm.run(
        &[("GM_ENDPOINT_URL", "http://localhost:1")],
        &["list", "--sandbox"],
    )
    .with(0);
}

/// The keys of the environment belong to another account.
#[test]
fn missing_profile_of_each_layer_is_named() {
    let gm = Gm::new();
    let run = |environment: &[(&str, &str)], arguments: &[&str]| {
        gm.run(&[&CREDENTIALS[..], environment].concat(), arguments)
            .with(6)
    };
    run(&[], &["list", "--profile", "nope"]).says(&[
        "there is no AWS profile \"nope\": ~/.aws/config has no profiles",
        "try: have --profile name a profile that exists",
    ]);
    run(&[("GM_PROFILE", "nope")], &["list"]).says(&["have GM_PROFILE name a profile"]);
    write_config(&gm, "\nprofile = \"nope\"");
    run(&[], &["list"]).says(&["have ~/.config/gm/config.toml:2 name a profile"]);
}

#[test]
fn profile_precedes_keys_of_environment() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    fs::create_dir_all(gm.home().join(".aws")).unwrap();
    fs::write(gm.home().join(".aws/config"), "[profile empty]\n").unwrap();
    gm.run(&CREDENTIALS, &["plan", "--profile", "empty"])
        .with(6)
        .says(&["no AWS credentials were found"]);
}

#[test]
fn wrong_endpoint_is_usage_error() {
    let gm = Gm::new();
    gm.run(&[], &["list", "--endpoint-url", "localhost:4566"])
        .with(2)
        .says(&["the endpoint \"localhost:4566\" is not a URL: expected one such as http://localhost:4566"]);
}

/// Commands that gm suggests lead to the same account and journals.
#[test]
fn next_command_keeps_options() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, "cdn.wait_timeout = \"1m\""));
    gm.sandbox(&["deploy", "--state", "my state"])
        .with(5)
        .says(&["gm resume llm --sandbox --state 'my state'"]);
}

/// The file is for specs that say nothing.
#[test]
fn spec_precedes_timeout_of_file() {
    let gm = with_config("timeout.cdn = \"1m\"");
    gm.write_spec(&spec(3, "cdn.wait_timeout = \"1h\""));
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    gm.write_spec(&spec(3, ""));
    gm.sandbox(&["deploy"]).with(5);
    gm.run(&[("GM_TIMEOUT", "cdn=1h")], &["--sandbox", "resume", "llm"])
        .with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert_eq!(gm.leftovers(), [""; 0]);
}

#[test]
fn help_names_variables() {
    let help = Gm::new().run(&[], &["deploy", "--help"]).with(0).stdout;
    for name in [
        "SANDBOX",
        "OUTPUT",
        "STATE",
        "REGION",
        "PROFILE",
        "ENDPOINT_URL",
        "CONFIG",
        "QUIET",
        "VERBOSE",
        "ON_FAILURE",
        "NO_VERIFY",
        "TIMEOUT",
    ] {
        assert!(help.contains(&format!("GM_{name}")), "{name}");
    }
}
