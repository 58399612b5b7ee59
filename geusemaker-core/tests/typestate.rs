//! The order is a type: every wrong order does not compile, beside a twin that differs by one line and does.
//!
//! The twins are modules of this test, so that it does not compile either if one of them does not. `TRYBUILD=overwrite`
//! writes down what the compiler says of the others; it is to be read before it is kept.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    dead_code,
    unreachable_pub,
    reason = "the twins are compiled and never called"
)]

#[path = "typestate/balance_planned.compiles.rs"]
mod balance_planned;
#[path = "typestate/balance_twice.compiles.rs"]
mod balance_twice;
#[path = "typestate/commit_cdn_pending.compiles.rs"]
mod commit_cdn_pending;
#[path = "typestate/commit_planned.compiles.rs"]
mod commit_planned;
#[path = "typestate/create_cdn_ec2_ready.compiles.rs"]
mod create_cdn_ec2_ready;
#[path = "typestate/create_cdn_planned.compiles.rs"]
mod create_cdn_planned;
#[path = "typestate/create_cdn_twice.compiles.rs"]
mod create_cdn_twice;
#[path = "typestate/deployed_alb_healthy.compiles.rs"]
mod deployed_alb_healthy;
#[path = "typestate/deployed_ec2_ready.compiles.rs"]
mod deployed_ec2_ready;
#[path = "typestate/deployed_planned.compiles.rs"]
mod deployed_planned;
#[path = "typestate/launch_twice.compiles.rs"]
mod launch_twice;
#[path = "typestate/publish_cdn_deployed.compiles.rs"]
mod publish_cdn_deployed;
#[path = "typestate/publish_ec2_ready.compiles.rs"]
mod publish_ec2_ready;
#[path = "typestate/publish_planned.compiles.rs"]
mod publish_planned;
#[path = "typestate/state_implemented.compiles.rs"]
mod state_implemented;
#[path = "typestate/state_of_ones_own.compiles.rs"]
mod state_of_ones_own;
#[path = "typestate/transition_again_after_failure.compiles.rs"]
mod transition_again_after_failure;
#[path = "typestate/transition_twice_on_one_value.compiles.rs"]
mod transition_twice_on_one_value;

use std::fs;
use std::path::Path;

#[test]
fn a_wrong_order_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/typestate/*.fails.rs");
}

#[test]
fn each_wrong_order_has_a_twin_that_differs_by_one_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/typestate");
    let mut pairs = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(case) = name.strip_suffix(".fails.rs") else {
            continue;
        };
        let wrong = lines(&folder.join(&name));
        let right = lines(&folder.join(format!("{case}.compiles.rs")));
        let only_wrong: Vec<_> = wrong.iter().filter(|line| !right.contains(line)).collect();
        let only_right: Vec<_> = right.iter().filter(|line| !wrong.contains(line)).collect();
        assert_eq!(only_wrong.len(), 1, "{case}: {only_wrong:?}");
        assert!(only_right.len() <= 1, "{case}: {only_right:?}");
        // What does not compile is worth little as long as its twin is not compiled.
        let this = include_str!("typestate.rs");
        assert!(
            this.contains(&format!("mod {case};")),
            "{case} is not compiled here"
        );
        pairs += 1;
    }
    assert_eq!(pairs, 18);
}

/// The lines of a case that say something: not those that only make a program of it, or name a state of its own.
fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && *line != "fn main() {}");
    lines
        .filter(|line| !line.starts_with("use ") && !line.starts_with("pub struct "))
        .map(str::to_owned)
        .collect()
}
