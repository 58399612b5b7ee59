//! The matrix: whatever happens to any call while a stack is deployed, rolled back or destroyed, it ends running, gone,
//! or with a list of leftovers that the next command removes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod document;
mod end;
#[path = "../scenario/mod.rs"]
#[allow(dead_code, reason = "this binary uses a part of it")]
mod scenario;
mod stack;
mod way;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use geusemaker_testkit::{Exploration, Explorer, FaultKind};

use document::Table;
use end::{End, World};
use scenario::{account, paused_runtime};
use stack::{Neighborhood, STACKS, Stack};
use way::{Beginning, WAYS, Way};

/// The extent of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All cases; the document is made from them.
    All,
    /// One case in ten; the document must agree with each.
    Sample,
}

impl Extent {
    /// Returns the extent from the environment; `cargo xtask matrix` asks for all cases.
    fn asked_for() -> Self {
        match std::env::var("GEUSEMAKER_MATRIX").as_deref() {
            Ok("all") => Self::All,
            Ok(other) => panic!("GEUSEMAKER_MATRIX is {other:?}; it can be \"all\""),
            Err(_) => Self::Sample,
        }
    }
}

fn explore(
    (stack, way): (Stack, Way),
    around: &Arc<Neighborhood>,
    beginning: Beginning,
    extent: Extent,
) -> (Exploration, Table) {
    let around = Arc::clone(around);
    let begun = beginning.account.clone();
    let ends = Arc::new(Mutex::new(BTreeMap::new()));
    let kept = Arc::clone(&ends);
    let exploration = Explorer::with_world(
        move |aws| World::new(aws, &beginning, &around),
        move |world| async move {
            world.go(way, stack).await;
            Ok::<_, String>(())
        },
    )
    .account(move || way.prepare(account().restore(begun.clone()).unwrap(), stack))
    .calls(way.strikes(stack))
    .fault_kinds(FaultKind::usual())
    .one_in(match extent {
        Extent::All => 1,
        Extent::Sample => FaultKind::usual().len(),
    })
    .afterwards(|world| async move { world.finish().await })
    .check(move |world, run| {
        kept.lock().unwrap().insert(run.name(), world.end());
        run.judge()
    })
    .deadline(Duration::from_secs(24 * 60 * 60))
    .explore()
    .unwrap_or_else(|error| panic!("{}, {}: {error}", stack.name, way.name()));
    let ends = ends.lock().unwrap();
    // An unsound case may have no end; that case fails the test.
    let table = Table::new(stack, way, &exploration, |run| {
        ends[run].unwrap_or(End::Left)
    });
    (exploration, table)
}

/// Whatever happens to a call, the stack runs, is gone, or is listed with its leftovers.
#[test]
fn stack_ends_running_gone_or_listed() {
    let extent = Extent::asked_for();
    let runtime = paused_runtime();
    let around = Arc::new(runtime.block_on(Neighborhood::build()));
    let mut tables = Vec::new();
    let mut unsound = Vec::new();
    // The name of a stack, to look at it alone.
    let only = std::env::var("GEUSEMAKER_MATRIX_STACK").ok();
    let is_asked = |stack: &Stack| only.as_deref().is_none_or(|only| only == stack.name);
    for stack in STACKS.into_iter().filter(is_asked) {
        for way in WAYS {
            let beginning = runtime.block_on(way.beginning(stack, &around));
            let (exploration, table) = explore((stack, way), &around, beginning, extent);
            for run in exploration.failures() {
                let why = run.verdict.clone().unwrap_err();
                unsound.push(format!(
                    "{}, {}: {}: {why}",
                    stack.name,
                    way.name(),
                    run.name()
                ));
            }
            tables.push(table);
        }
    }
    assert!(unsound.is_empty(), "{}", unsound.join("\n"));
    match extent {
        Extent::All if only.is_some() => document::update(&tables),
        Extent::All => document::write(&tables),
        Extent::Sample => {
            let differences = document::differences(&tables);
            assert!(
                differences.is_empty(),
                "docs/matrix.md says otherwise; `cargo xtask matrix` writes it anew:\n{}",
                differences.join("\n")
            );
        }
    }
}
