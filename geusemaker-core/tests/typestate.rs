//! The order of transitions is in the types: each wrong order fails to compile, beside a twin that differs by one line
//! and compiles.
//!
//! The twins are modules of this test, so the test does not compile if one of them does not. `TRYBUILD=overwrite`
//! records the compiler's messages for the wrong orders; they are to be read before they are committed.

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
fn wrong_orders_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/typestate/*.fails.rs");
}

/// Each twin differs by one line.
#[test]
fn wrong_orders_have_compiling_twins() {
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
        // A case that does not compile proves little unless its twin is compiled.
        let this = include_str!("typestate.rs");
        assert!(
            this.contains(&format!("mod {case};")),
            "{case} is not compiled here"
        );
        pairs += 1;
    }
    assert_eq!(pairs, 18);
}

/// Returns the significant lines of a case: not those that only complete the program or define a state of its own.
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
