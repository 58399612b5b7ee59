//! Explores the life of a stack: it is deployed and removed, whatever happens to the calls that change something.

use std::sync::Arc;
use std::time::Duration;

use geusemaker_core::{Error, FileSystems};
use geusemaker_testkit::{CallRecord, Explorer, FaultKind};

use crate::scenario::{Scenario, account, spec, stack};

/// Deploys and destroys a tier-1 stack.
async fn deploy_and_destroy(scenario: Arc<Scenario>) -> Result<(), Error> {
    let session = &scenario.session;
    session
        .plan(spec(1))
        .await?
        .launch()
        .await?
        .commit()
        .await?;
    session
        .destroy(&stack(), FileSystems::Delete)
        .await?
        .into_result()
        .unwrap();
    Ok(())
}

/// Removes in another session what an earlier one has left.
async fn destroy_in_another_session(scenario: Arc<Scenario>) -> Result<(), Error> {
    // A dropped deployment is undone in the background, and the stack is locked until then.
    scenario.aws.clock().sleep(Duration::from_secs(3600)).await;
    let session = scenario.another_session();
    let undone = session.destroy(&stack(), FileSystems::Delete).await;
    let _ = session.close().await;
    match undone {
        Ok(_) | Err(Error::NoSuchStack { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The caller is dropped at each call that changes something.
#[test]
fn dropped_caller_leaves_nothing() {
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
