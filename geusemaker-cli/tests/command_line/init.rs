//! `gm init` and `gm validate`: a spec to start from, and its check without an account.

use std::fs;
#[cfg(unix)]
use std::process::Stdio;

use crate::gm::Gm;
use crate::spec_text::spec;
#[cfg(unix)]
use crate::terminal::Terminal;

/// Each template is a spec that can be deployed as it is.
#[test]
fn template_is_deployable_spec() {
    for template in ["ollama", "vllm", "comfyui", "ai-stack"] {
        let gm = Gm::new();
        let written = gm.run(&[], &["init", "--template", template, "--yes"]);
        let written = written.with(0);
        assert!(written.stdout.contains("next: gm plan"), "{written:?}");
        let validated = gm.run(&[], &["validate"]).with(0);
        assert!(
            validated.stdout.contains("gm.toml is valid"),
            "{validated:?}"
        );
        gm.sandbox(&["plan"]).with(0);
    }
}

#[test]
fn options_replace_values_of_template() {
    let gm = Gm::new();
    let arguments = [
        "init",
        "chat.toml",
        "--yes",
        "--template",
        "vllm",
        "--name",
        "chat",
        "--region",
        "eu-west-1",
        "--tier",
        "3",
        "--instance-type",
        "g6e.xlarge",
        "-o",
        "json",
    ];
    let document = gm.run(&[], &arguments).with(0).document();
    assert_eq!(document["name"], "chat");
    let validated = gm.run(&[], &["validate", "chat.toml", "-o", "json"]);
    let spec = validated.with(0).document()["spec"].clone();
    assert_eq!(spec["region"], "eu-west-1");
    assert_eq!(spec["tier"], 3);
    assert_eq!(spec["compute"]["instance_type"], "g6e.xlarge");
    let wrong = gm.run(
        &[],
        &["init", "b.toml", "--yes", "--instance-type", "g6e.xlrage"],
    );
    wrong
        .with(2)
        .says(&["g6e.xlarge", "now: nothing was written"]);
    assert!(!gm.home().join("b.toml").exists());
}

#[test]
fn existing_spec_is_not_overwritten() {
    let gm = Gm::new();
    gm.write_spec("mine");
    gm.run(&[], &["init", "--yes"])
        .with(2)
        .says(&["gm.toml exists already", "--force"]);
    let read = || fs::read_to_string(gm.home().join("gm.toml")).unwrap();
    assert_eq!(read(), "mine");
    gm.run(&[], &["init", "--yes", "--force"]).with(0);
    assert!(read().contains("name = \"ollama-webui\""));
}

#[test]
fn questions_need_terminal() {
    let gm = Gm::new();
    gm.run(&[], &["init"])
        .with(2)
        .says(&["there is no terminal to ask on: give --template and --yes"]);
}

/// A wrong answer is asked for again, and an empty one leaves the value of the template.
#[cfg(unix)]
#[test]
fn questions_are_repeated_until_right() {
    let gm = Gm::new();
    let mut command = gm.command(&[], &["init"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut asked = Terminal::start(&mut command);
    for (question, answer) in [
        ("template [1]: ", "9"),
        ("\"9\" is no template", "vllm"),
        ("name [vllm]: ", "My Stack"),
        ("\"My Stack\" is not a stack name", "mine"),
        ("region [us-east-1]: ", ""),
        ("tier [", "7"),
        ("there is no tier 7", "1"),
        ("instance type [", "g5.xlarg"),
        ("did you mean \"g5.xlarge\"?", "g5.xlarge"),
    ] {
        asked.is_asked(question);
        asked.types(answer);
    }
    let written = asked.ended().with(0);
    assert!(
        written.stdout.starts_with("gm.toml written: mine, tier 1"),
        "{}",
        written.stdout
    );
    gm.run(&[], &["validate"]).with(0);
}

/// Neither credentials nor a region are needed.
#[test]
fn wrong_spec_is_not_valid() {
    let gm = Gm::new();
    gm.run(&[], &["validate"])
        .with(2)
        .says(&["no spec given, and no gm.toml in this directory", "gm init"]);
    gm.write_spec(&spec(
        2,
        "compute.count = 99\nload_balancer.idle_timeout = \"0s\"",
    ));
    let refused = gm.run(&[], &["validate"]).with(2);
    refused.says(&[
        "2 problems in the spec",
        "1. gm.toml:",
        "compute.count: must be 1 to 20",
    ]);
    let document = gm.run(&[], &["validate", "-o", "json"]).document();
    let problems = document["error"]["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2);
    assert!(problems[0]["line"].is_u64(), "{document}");
}
