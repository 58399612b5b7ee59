//! Explored: a stack comes up and goes away again, whatever befalls the calls that change something.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scenario;

use std::sync::Arc;
use std::time::Duration;

use geusemaker_core::{Error, FileSystems};
use geusemaker_testkit::{CallRecord, Explorer, FaultKind};

use scenario::{Scenario, account, spec, stack};

/// A tier-1 stack, deployed and destroyed.
async fn deploy_and_destroy(scenario: Arc<Scenario>) -> Result<(), Error> {
    let session = &scenario.session;
    session
        .plan(spec(1))
        .await?
        .launch()
        .await?
        .commit()
        .await?;
    session.destroy(&stack(), FileSystems::Delete).await?;
    Ok(())
}

/// What the next session does about whatever an earlier one has left.
async fn destroy_in_another_session(scenario: Arc<Scenario>) -> Result<(), Error> {
    // What was dropped is undone in the background, and the stack is locked until then.
    scenario.aws.clock().sleep(Duration::from_secs(3600)).await;
    let session = scenario.another_session();
    let undone = session.destroy(&stack(), FileSystems::Delete).await;
    session.close().await;
    match undone {
        Ok(_) | Err(Error::NoSuchStack { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

#[test]
fn a_stack_leaves_nothing_if_its_caller_is_dropped_at_any_change() {
    Explorer::with_world(|aws| Arc::new(Scenario::on(aws)), deploy_and_destroy)
        .account(account)
        .calls(CallRecord::is_mutating)
        .fault_kinds([FaultKind::caller_dropped_after()])
        .afterwards(destroy_in_another_session)
        .deadline(Duration::from_secs(6 * 60 * 60))
        .explore()
        .unwrap()
        .assert_sound();
}
