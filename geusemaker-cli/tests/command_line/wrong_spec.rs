//! Invalid specs: exit code 2, before AWS is called.

use crate::gm::Gm;
use crate::spec_text::spec;

/// Asserts that an invalid spec is refused with these fragments.
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
fn unknown_instance_type_suggests_nearest() {
    refused(
        &spec(1, "").replace("g5.xlarge", "g5.xlagre"),
        &[
            "gm.toml:4: compute.instance_type: ",
            "did you mean \"g5.xlarge\"?",
        ],
    );
}

/// The limit is that of the load balancer's name.
#[test]
fn long_stack_name_is_refused() {
    let name = "a".repeat(29);
    refused(
        &spec(1, "").replace("\"llm\"", &format!("{name:?}")),
        &[
            "gm.toml:1: name: ",
            "it has 29 characters, expected 2 to 28",
        ],
    );
}

/// The error says that a load balancer needs two subnets.
#[test]
fn single_subnet_is_refused() {
    refused(
        &spec(2, "network.subnets = [\"subnet-0a\"]"),
        &[
            "gm.toml:5: network.subnets: tier 2 needs at least 2 subnets, in different Availability Zones",
        ],
    );
}

#[test]
fn unknown_key_is_located() {
    refused(
        &spec(1, "compute.cuont = 2"),
        &["gm.toml:5: ", "cuont", "count"],
    );
}

/// The error names the line and the column.
#[test]
fn syntax_error_is_located() {
    refused("name = \"llm\"\ntier = = 1\n", &["gm.toml:2:8: "]);
}

#[test]
fn missing_spec_points_to_init() {
    let gm = Gm::new();
    for arguments in [&["deploy"][..], &["plan"]] {
        gm.sandbox(arguments)
            .with(2)
            .says(&["no spec given, and no gm.toml in this directory", "gm init"]);
    }
    gm.sandbox(&["deploy", "other.toml"])
        .with(2)
        .says(&["other.toml: there is no such file"]);
}
