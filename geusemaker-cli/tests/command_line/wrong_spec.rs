//! Specs that are wrong in themselves: exit 2, before AWS is asked anything.

use crate::gm::Gm;
use crate::spec_text::spec;

/// Deploys a spec that cannot be one.
#[track_caller]
fn refused(text: &str, fragments: &[&str]) {
    let gm = Gm::new();
    gm.write_spec(text);
    let deployed = gm.sandbox(&["deploy"]).with(2);
    deployed.says(&[&["error: gm.toml:"], fragments].concat());
    assert!(
        !deployed.stderr.contains("Checking credentials"),
        "{}",
        deployed.stderr
    );
    let document = gm.sandbox(&["deploy", "-o", "json"]).with(2).document();
    assert_eq!(document["error"]["class"], "input");
    assert_eq!(document["exit_code"], 2);
    assert_eq!(document["leftovers"], serde_json::json!([]));
    assert!(gm.journals().is_empty());
    assert!(gm.leftovers().is_empty());
}

#[test]
fn an_unknown_instance_type_is_answered_with_the_nearest_one() {
    refused(
        &spec(1, "").replace("g5.xlarge", "g5.xlagre"),
        &[
            "gm.toml:4: compute.instance_type: ",
            "did you mean \"g5.xlarge\"?",
        ],
    );
}

#[test]
fn a_name_that_is_too_long_for_its_load_balancer_is_answered_with_the_limit() {
    let name = "a".repeat(29);
    refused(
        &spec(1, "").replace("\"llm\"", &format!("{name:?}")),
        &[
            "gm.toml:1: name: ",
            "it has 29 characters, expected 2 to 28",
        ],
    );
}

#[test]
fn a_load_balancer_in_one_subnet_is_answered_with_the_need_for_two() {
    refused(
        &spec(2, "network.subnets = [\"subnet-0a\"]"),
        &[
            "gm.toml:5: network.subnets: tier 2 needs at least 2 subnets, in different Availability Zones",
        ],
    );
}

#[test]
fn a_key_that_does_not_exist_is_answered_with_its_place() {
    refused(
        &spec(1, "compute.cuont = 2"),
        &["gm.toml:5: ", "cuont", "count"],
    );
}

#[test]
fn a_text_that_is_not_toml_is_answered_with_line_and_column() {
    refused("name = \"llm\"\ntier = = 1\n", &["gm.toml:2:8: "]);
}

#[test]
fn a_file_that_does_not_exist_is_answered_with_where_to_find_an_example() {
    let gm = Gm::new();
    for arguments in [&["deploy"][..], &["plan"]] {
        gm.sandbox(arguments)
            .with(2)
            .says(&["gm.toml: there is no such file", "examples/"]);
    }
    gm.sandbox(&["deploy", "other.toml"])
        .with(2)
        .says(&["other.toml: there is no such file"]);
}
