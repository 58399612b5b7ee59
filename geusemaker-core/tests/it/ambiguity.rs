//! Faults that leave the outcome of a call unknown, at every call that changes something: the deployment succeeds all
//! the same, nothing exists twice, and its removal leaves nothing.

use std::collections::BTreeMap;

use geusemaker_core::FileSystems;
use geusemaker_testkit::effect::Refusal;
use geusemaker_testkit::{CallRecord, Fault, Service};

use crate::scenario::moment::Moment;
use crate::scenario::{
    Scenario, account, assert_nothing_left, census, deploy_tier_3, spec, stack, tier_3,
};

/// A call of a scenario: the nth call of its operation.
#[derive(Clone, Debug)]
struct Call {
    service: Service,
    operation: String,
    nth: u32,
}

impl Call {
    fn fault(&self) -> Fault {
        Fault::on(&self.operation).nth(self.nth)
    }
}

/// The calls of a deployment and of its removal that change something.
struct Calls {
    up: Vec<Call>,
    down: Vec<Call>,
}

/// Deploys and destroys once without faults, to learn the calls.
async fn undisturbed() -> Calls {
    let scenario = Scenario::on(account().build());
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    deployment.commit().await.unwrap();
    let up = scenario.aws.calls();
    scenario.destroy().await;
    let down = scenario.aws.calls().split_off(up.len());
    Calls {
        up: changes(&up),
        down: changes(&down),
    }
}

fn changes(calls: &[CallRecord]) -> Vec<Call> {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let mut changes = Vec::new();
    for call in calls {
        if !call.is_mutating() {
            continue;
        }
        let nth = seen.entry(&call.operation).or_default();
        *nth += 1;
        changes.push(Call {
            service: call.service.unwrap(),
            operation: call.operation.clone(),
            nth: *nth,
        });
    }
    changes
}

/// Injects the fault into each creating call in turn, and asserts that the deployment does not notice.
async fn strike_up<F: Into<Fault>>(fault: impl Fn(&Call) -> F) {
    let calls = undisturbed().await.up;
    let operations = calls.iter().filter(|call| call.nth == 1).count();
    assert_eq!(operations, 17, "{calls:#?}");
    for call in calls {
        let scenario = Scenario::on(account().fault(fault(&call)).build());
        let deployment = deploy_tier_3(&scenario.session, spec(3)).await;
        let deployment = deployment.unwrap_or_else(|error| panic!("{call:?}: {error}"));
        assert_eq!(scenario.aws.unfired(), []);
        assert_eq!(census(&scenario.aws), tier_3(), "{call:?}");
        let undone = deployment.rollback().await;
        assert_nothing_left(&scenario.aws);
        assert!(undone.is_complete(), "{call:?}: {:#?}", undone.left);
    }
}

/// Injects the fault into each deleting call in turn, and asserts that everything is removed all the same.
async fn strike_down<F: Into<Fault>>(fault: impl Fn(&Call) -> F) {
    let calls = undisturbed().await.down;
    let operations = calls.iter().filter(|call| call.nth == 1).count();
    assert_eq!(operations, 16, "{calls:#?}");
    let committed = Moment::committed().await;
    for call in calls {
        let scenario = committed.fork().restart().await;
        scenario.aws.inject(fault(&call));
        let undone = scenario
            .session
            .destroy(&stack(), FileSystems::Delete)
            .await
            .unwrap();
        let left = scenario.aws.leftovers();
        assert!(left.is_empty(), "{call:?}: {left:#?}");
        assert_eq!(scenario.aws.unfired(), []);
        assert!(undone.is_complete(), "{call:?}: {:#?}", undone.left);
    }
}

fn throttled(call: &Call) -> Fault<Refusal> {
    let code = match call.service {
        Service::Ec2 => "RequestLimitExceeded",
        Service::Efs => "ThrottlingException",
        _ => "Throttling",
    };
    call.fault().answer(code).times(3)
}

#[tokio::test(start_paused = true)]
async fn creation_with_lost_reply_is_found() {
    strike_up(|call| call.fault().lose_reply()).await;
}

/// The request never arrives.
#[tokio::test(start_paused = true)]
async fn undelivered_creation_is_repeated() {
    strike_up(|call| call.fault().reset()).await;
}

#[tokio::test(start_paused = true)]
async fn unanswered_creation_is_repeated() {
    strike_up(|call| call.fault().stall()).await;
}

#[tokio::test(start_paused = true)]
async fn throttled_creation_is_repeated() {
    strike_up(throttled).await;
}

#[tokio::test(start_paused = true)]
async fn creation_survives_five_server_errors() {
    strike_up(|call| call.fault().answer("InternalError").times(5)).await;
}

/// The reply is lost at each attempt.
#[tokio::test(start_paused = true)]
async fn creation_with_lost_replies_is_found() {
    strike_up(|call| call.fault().lose_reply().forever()).await;
}

#[tokio::test(start_paused = true)]
async fn deletion_with_lost_reply_is_done() {
    strike_down(|call| call.fault().lose_reply()).await;
}

/// The request never arrives.
#[tokio::test(start_paused = true)]
async fn undelivered_deletion_is_repeated() {
    strike_down(|call| call.fault().reset()).await;
}

#[tokio::test(start_paused = true)]
async fn unanswered_deletion_is_repeated() {
    strike_down(|call| call.fault().stall()).await;
}

#[tokio::test(start_paused = true)]
async fn throttled_deletion_is_repeated() {
    strike_down(throttled).await;
}

#[tokio::test(start_paused = true)]
async fn deletion_survives_five_server_errors() {
    strike_down(|call| call.fault().answer("InternalError").times(5)).await;
}

/// A deployment may fail when a read is refused, but it must not leave anything.
#[tokio::test(start_paused = true)]
async fn refused_read_leaves_stack_or_nothing() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let mut reads: Vec<_> = scenario
        .aws
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .collect();
    deployment.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    reads.retain(|operation| operation.starts_with("Describe") || operation.starts_with("Get"));
    reads.sort();
    reads.dedup();

    let mut survived = 0;
    for operation in reads {
        for nth in [1, 2, 3] {
            let fault = Fault::on(&operation)
                .nth(nth)
                .answer("AccessDenied")
                .optional();
            let scenario = Scenario::on(account().fault(fault).build());
            match deploy_tier_3(&scenario.session, spec(3)).await {
                Ok(deployment) => {
                    assert_eq!(census(&scenario.aws), tier_3(), "{operation} {nth}");
                    survived += 1;
                    drop(deployment);
                }
                Err(error) => {
                    assert!(
                        error.with_sources().contains("AccessDenied"),
                        "{operation} {nth}: {error}"
                    );
                }
            }
            let later = scenario.another_session();
            let Scenario { aws, session, .. } = scenario;
            // The refusal may hit the undo itself, which then cannot see whether a resource is gone.
            let undone = session.close().await;
            let listed: Vec<_> = undone.left().cloned().collect();
            assert!(
                !aws.leftovers().is_empty() <= !listed.is_empty(),
                "{operation} {nth}"
            );
            if !listed.is_empty() {
                let undone = later.rollback(&stack()).await.unwrap();
                assert!(undone.is_complete(), "{operation} {nth}: {undone:#?}");
            }
            assert_nothing_left(&aws);
            assert!(later.summary(&stack()).await.is_err(), "{operation} {nth}");
        }
    }
    // Not every operation is called three times.
    assert!(survived > 0);
}
