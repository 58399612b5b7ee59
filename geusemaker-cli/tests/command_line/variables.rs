//! `${NAME}` and `--var NAME=VALUE` in specs.

use crate::gm::Gm;
use crate::spec_text::spec;

fn gm(lines: &str) -> Gm {
    let gm = Gm::new();
    gm.write_spec(&spec(1, lines));
    gm
}

#[test]
fn option_precedes_environment_and_default() {
    let gm = gm("compute.count = \"${COUNT:-1}\"");
    let count = |environment: &[(&str, &str)], arguments: &[&str]| {
        let arguments = [&["validate", "-o", "json"], arguments].concat();
        let document = gm.run(environment, &arguments).with(0).document();
        document["spec"]["compute"]["count"].clone()
    };
    let two = [("COUNT", "2")];
    assert_eq!(count(&[], &[]), 1);
    assert_eq!(count(&[("COUNT", "")], &[]), 1);
    assert_eq!(count(&two, &[]), 2);
    assert_eq!(count(&two, &["--var", "COUNT=3"]), 3);
}

#[test]
fn commands_with_spec_take_variables() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "").replace("name = \"llm\"", "name = \"llm-${STAGE}\""));
    let stage = ["--var", "STAGE=test"];
    for command in ["validate", "plan", "deploy"] {
        gm.sandbox(&[&[command], &stage[..]].concat()).with(0);
        gm.sandbox(&[command]).with(2).says(&[
            "gm.toml:1: name: needs the variable STAGE, which is not set",
            "give --var STAGE=VALUE or export STAGE",
        ]);
    }
    gm.sandbox(&["destroy", "llm-test"]).with(0);
    assert_eq!(gm.leftovers(), [""; 0]);
}

#[test]
fn wrong_variables_are_usage_errors() {
    let gm = gm("compute.count = \"${COUNT:-1}\"");
    let refused = |arguments: &[&str], fragments: &[&str]| {
        let arguments = [&["validate"], arguments].concat();
        gm.run(&[], &arguments).with(2).says(fragments);
    };
    refused(&["--var", "COUNT"], &["as in STAGE=test"]);
    refused(&["--var", "my-count=1"], &["not starting with a digit"]);
    refused(
        &["--var", "CUONT=1"],
        &["no text has the variable CUONT of --var; did you mean COUNT?"],
    );
    refused(
        &["--var", "COUNT=1", "--var", "COUNT=2"],
        &["--var COUNT is given twice"],
    );
    refused(
        &["--var", "COUNT=many"],
        &["gm.toml:5: compute.count: invalid type: string \"many\""],
    );
}

/// Neither the value nor the command goes on.
#[test]
fn secret_is_not_taken_from_environment() {
    let gm = Gm::new();
    let text = format!("{}env = {{ A = \"${{HF_TOKEN}}\" }}\n", spec(1, ""));
    gm.write_spec(&text);
    let refused = gm.run(&[("HF_TOKEN", "PLANTED")], &["validate"]).with(2);
    refused.says(&[
        "gm.toml:11: service[0].env.A: would take the value of a secret from the variable HF_TOKEN",
        "secrets = { HF_TOKEN = \"ssm:/llm/hf-token\" }",
    ]);
    assert!(!refused.stderr.contains("PLANTED"), "{}", refused.stderr);
    // The sign stands for itself: a shell in the container replaces it.
    gm.write_spec(
        &text
            .replace("env = { A = \"$", "command = [\"sh\", \"-c\", \"echo $$")
            .replace("}\" }", "}\"]"),
    );
    gm.run(&[], &["validate"]).with(0);
}
