//! Settings that touch no resource: they change in place, in the spec or for one run.

use crate::gm::Gm;
use crate::spec_text::spec;

/// A wait of one minute for a distribution, which takes several.
const HASTY: &str = "cdn.wait_timeout = \"1m\"";

#[test]
fn longer_wait_is_no_other_stack() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, HASTY));
    gm.sandbox(&["deploy"]).with(5);
    gm.write_spec(&spec(3, "cdn.wait_timeout = \"1h\""));
    let deployed = gm.sandbox(&["deploy"]).with(0);
    let changed = "changed: cdn.wait_timeout: \"1m\" -> \"1h\"";
    assert!(deployed.stderr.contains(changed), "{}", deployed.stderr);
    let events = gm.sandbox(&["events", "llm"]).with(0);
    assert!(
        events.stdout.contains("settings of the spec"),
        "{}",
        events.stdout
    );
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert_eq!(gm.leftovers(), [""; 0]);
}

#[test]
fn kept_data_is_setting_of_running_stack() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    gm.write_spec(&spec(1, "storage.keep_on_destroy = true"));
    let planned = gm.sandbox(&["plan"]).with(0);
    let change = "gm deploy changes storage.keep_on_destroy: false -> true";
    assert!(planned.stderr.contains(change), "{}", planned.stderr);
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert_eq!(gm.leftovers().len(), 1, "{:?}", gm.leftovers());
}

#[test]
fn timeout_is_for_one_run() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, HASTY));
    let late = gm.sandbox(&["deploy"]).with(5);
    late.says(&["--timeout cdn=2h waits longer"]);
    gm.sandbox(&["resume", "llm", "--timeout", "cdn=1h"])
        .with(0);
    gm.sandbox(&["destroy", "llm", "--timeout", "alb=1h"])
        .with(2)
        .says(&["\"alb\" is not a stage: the stages are instances, load-balancer"]);
    // No deletion takes as little as a second, so it goes on another time.
    gm.sandbox(&["destroy", "llm", "--timeout", "deletion=1s"])
        .with(3);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert_eq!(gm.leftovers(), [""; 0]);
}

/// After the undo there is no instance any more whose log could be read.
#[test]
fn console_of_removed_instance_is_kept() {
    let gm = Gm::new();
    gm.write_spec(&spec(
        2,
        "load_balancer.wait_timeout = \"10s\"\nload_balancer.health_check_interval = \"300s\"",
    ));
    let failed = gm
        .sandbox(&["deploy", "--timeout", "load-balancer=4m"])
        .with(1);
    assert_eq!(gm.leftovers(), [""; 0]);
    failed.says(&["gm events --console llm --sandbox shows the console of i-"]);
    let console = gm.sandbox(&["events", "--console", "llm"]).with(0);
    assert!(
        console.stdout.contains("are kept here"),
        "{}",
        console.stdout
    );
    let document = gm.sandbox(&["events", "--console", "llm", "-o", "json"]);
    let events = document.with(0).document()["events"].clone();
    assert!(
        !events[0]["lines"].as_array().unwrap().is_empty(),
        "{events}"
    );
}
