//! The command line itself.

use crate::gm::Gm;

#[test]
fn help_lists_every_exit_code() {
    let help = Gm::new().run(&[], &["--help"]).with(0);
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "10", "130", "143"] {
        let line = help
            .stdout
            .lines()
            .find(|line| line.split_whitespace().next() == Some(code));
        assert!(line.is_some(), "no line for {code} in:\n{}", help.stdout);
    }
    for command in [
        "plan",
        "deploy",
        "resume",
        "wait",
        "status",
        "list",
        "events",
        "logs",
        "exec",
        "ssh",
        "port-forward",
        "destroy",
        "rollback",
        "leftovers",
        "gpus",
        "completions",
        "man",
        "sandbox",
    ] {
        assert!(help.stdout.contains(command), "{command}");
    }
}

/// The message says what is wrong, or suggests a correction.
#[test]
fn wrong_arguments_are_usage_error() {
    let gm = Gm::new();
    gm.run(&[], &["list", "--nope"])
        .with(2)
        .says(&["unexpected argument '--nope'"]);
    gm.run(&[], &["statsu"])
        .with(2)
        .says(&["a similar subcommand exists: 'status'"]);
    gm.run(&[], &["status", "LLM"])
        .with(2)
        .says(&["\"LLM\" is not a stack name: expected lower-case letters"]);
    let nothing = gm.run(&[], &[]).with(2);
    assert!(nothing.stderr.contains("Usage: gm "), "{}", nothing.stderr);
}

/// The error of a wrong command line is a JSON document if JSON is asked for.
#[test]
fn wrong_arguments_give_json_document() {
    let gm = Gm::new();
    let json = [("GM_OUTPUT", "json")];
    let ways: [(&[_], &[_]); 5] = [
        (&json, &["list", "--nope"]),
        (&[], &["list", "--nope", "-o", "json"]),
        (&[], &["list", "--nope", "-ojson"]),
        (&[], &["--output", "json", "list", "--nope"]),
        (&[], &["--output=json", "list", "--nope"]),
    ];
    for (environment, arguments) in ways {
        let ended = gm.run(environment, arguments).with(2);
        let document = ended.document();
        assert_eq!(document["error"]["class"], "usage");
        assert_eq!(
            document["error"]["message"],
            "unexpected argument '--nope' found"
        );
    }
    gm.run(&json, &["list", "--nope", "-o", "text"])
        .with(2)
        .says(&["--nope"]);
}

/// The names that other tools use for these commands work too.
#[test]
fn command_aliases_work() {
    let gm = Gm::new();
    gm.write_spec(&crate::spec_text::spec(1, ""));
    gm.sandbox(&["up"]).with(0);
    gm.sandbox(&["down", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}

#[test]
fn version_is_printed() {
    let version = Gm::new().run(&[], &["--version"]).with(0);
    assert_eq!(
        version.stdout,
        concat!("gm ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
