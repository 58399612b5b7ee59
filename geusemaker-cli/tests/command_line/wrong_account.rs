//! Specs that do not fit the account, most of them because they name something that does not exist. Exit code 2, and
//! nothing is created.

use geusemaker_testkit::Aws;
use geusemaker_testkit::cassette::Cassette;
use geusemaker_testkit::serve::CassetteServer;

use crate::gm::Gm;
use crate::recorded_plan::recorded_plan;
use crate::spec_text::spec;

#[track_caller]
fn refused(gm: &Gm, text: &str, fragments: &[&str]) {
    gm.write_spec(text);
    gm.sandbox(&["deploy"]).with(2).says(fragments);
    let document = gm.sandbox(&["deploy", "-o", "json"]).with(2).document();
    assert_eq!(document["error"]["class"], "input");
    assert!(document["remedy"].is_string(), "{document}");
    assert!(gm.journals().is_empty());
    assert!(gm.leftovers().is_empty());
}

/// The error for a resource that does not exist in the account names the field of the spec.
#[test]
fn missing_resource_is_named_with_field() {
    for (field, id) in [
        ("network.vpc", "vpc-0123456789abcdef0"),
        ("network.subnets", "subnet-0123456789abcdef0"),
        ("storage.file_system", "fs-0123456789abcdef0"),
        ("compute.ami", "ami-0123456789abcdef0"),
        ("compute.key_pair", "nobodys-key"),
    ] {
        let value = if field == "network.subnets" {
            format!("[{id:?}]")
        } else {
            format!("{id:?}")
        };
        refused(
            &Gm::new(),
            &spec(1, &format!("{field} = {value}")),
            &[
                &format!(
                    "{field} {id} does not exist in us-east-1, or these credentials cannot see it"
                ),
                "try: check the id, the region and the account",
            ],
        );
    }
}

/// The error says that a load balancer needs two zones.
#[tokio::test(start_paused = true)]
async fn single_zone_network_is_refused() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    let recorded = recorded_plan(&Aws::new(), &spec(2, "")).await.to_json();
    // The same account, with all subnets in one zone.
    let one_zone = ["b", "c", "d", "e", "f"]
        .iter()
        .fold(recorded, |recorded, letter| {
            recorded.replace(&format!("us-east-1{letter}<"), "us-east-1a<")
        });
    let server = CassetteServer::start(&Cassette::from_json(&one_zone).unwrap()).await;
    gm.at(&server.uri(), &["deploy", "--yes"]).with(2).says(&[
        "tier 2 needs subnets in two availability zones, and vpc-",
        " has us-east-1a\n",
        "try: name subnets in two zones in network.subnets, or create one in another zone",
    ]);
    assert!(gm.journals().is_empty());
}

#[test]
fn taken_load_balancer_name_is_refused() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);
    // The same account, from a machine without the stack's journal.
    std::fs::remove_dir_all(gm.state().join("sandbox/journals")).unwrap();
    let before = gm.leftovers();
    gm.sandbox(&["deploy"]).with(2).says(&[
        "a load balancer named llm-alb exists in us-east-1 already",
        "try: choose another stack name, or remove the resource with this name",
    ]);
    assert_eq!(gm.leftovers(), before);
}

/// Each problem has a line of its own, with its remedy.
#[test]
fn all_problems_are_listed_at_once() {
    let gm = Gm::new();
    let keys = "compute.key_pair = \"mine\"\ncompute.capacity_reservation = \"cr-0a1b2c3d\"\n\
                storage.file_system = \"fs-0a1b2c3d\"";
    gm.write_spec(&spec(2, keys));
    gm.sandbox(&["plan"]).with(2).says(&[
        "error: 3 problems; nothing was created\n",
        "  1. compute.capacity_reservation cr-0a1b2c3d does not exist in us-east-1",
        "  2. compute.key_pair mine does not exist in us-east-1",
        "  3. storage.file_system fs-0a1b2c3d does not exist in us-east-1",
        "     try: check the id, the region and the account\n",
    ]);
    let document = gm.sandbox(&["plan", "-o", "json"]).with(2).document();
    let problems = document["error"]["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 3);
    assert!(problems.iter().all(|problem| problem["remedy"].is_string()));
    assert!(gm.journals().is_empty());
}
