//! Every call that changes something, struck by every way in which nobody can know whether it happened: the deployment
//! succeeds all the same, nothing is there twice, and its end leaves nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scenario;

use std::collections::BTreeMap;

use geusemaker_core::FileSystems;
use geusemaker_testkit::{CallRecord, Fault, Service};

use scenario::{
    Scenario, account, assert_nothing_left, census, deploy_tier_3, spec, stack, tier_3,
};

/// A call of a scenario: the nth of its operation.
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

/// The calls of a deployment and of its end that change something.
struct Calls {
    up: Vec<Call>,
    down: Vec<Call>,
}

/// Deploys and destroys once undisturbed, to learn the calls.
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
        let is_read = ["Describe", "Get", "List"]
            .iter()
            .any(|read| call.operation.starts_with(read));
        if is_read {
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

/// Strikes each creating call once, and expects to hear nothing of it.
async fn strike_up(fault: impl Fn(&Call) -> Fault) {
    let calls = undisturbed().await.up;
    let operations = calls.iter().filter(|call| call.nth == 1).count();
    assert_eq!(operations, 11, "{calls:#?}");
    for call in calls {
        let scenario = Scenario::on(account().fault(fault(&call)).build());
        let deployment = deploy_tier_3(&scenario.session, spec(3)).await;
        let deployment = deployment.unwrap_or_else(|error| panic!("{call:?}: {error}"));
        assert_eq!(scenario.aws.unfired(), Vec::<String>::new());
        assert_eq!(census(&scenario.aws), tier_3(), "{call:?}");
        let undone = deployment.rollback().await;
        assert_nothing_left(&scenario.aws);
        assert!(undone.is_complete(), "{call:?}: {:#?}", undone.left);
    }
}

/// Strikes each deleting call once, and expects everything to go all the same.
async fn strike_down(fault: impl Fn(&Call) -> Fault) {
    let calls = undisturbed().await.down;
    let operations = calls.iter().filter(|call| call.nth == 1).count();
    assert_eq!(operations, 12, "{calls:#?}");
    for call in calls {
        let scenario = Scenario::on(account().build());
        let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
        deployment.commit().await.unwrap();
        scenario.aws.inject(fault(&call));
        let undone = scenario
            .session
            .destroy(&stack(), FileSystems::Delete)
            .await
            .unwrap();
        let left = scenario.aws.leftovers();
        assert!(left.is_empty(), "{call:?}: {left:#?}");
        assert_eq!(scenario.aws.unfired(), Vec::<String>::new());
        assert!(undone.is_complete(), "{call:?}: {:#?}", undone.left);
    }
}

fn throttled(call: &Call) -> Fault {
    let code = match call.service {
        Service::Ec2 => "RequestLimitExceeded",
        Service::Efs => "ThrottlingException",
        _ => "Throttling",
    };
    call.fault().answer(code).times(3)
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_reply_is_lost_is_found_again() {
    strike_up(|call| call.fault().lose_reply()).await;
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_never_arrived_is_asked_for_again() {
    strike_up(|call| call.fault().reset()).await;
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_is_never_answered_is_asked_for_again() {
    strike_up(|call| call.fault().stall()).await;
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_is_throttled_is_asked_for_again() {
    strike_up(throttled).await;
}

#[tokio::test(start_paused = true)]
async fn a_creation_on_which_aws_fails_five_times_is_asked_for_again() {
    strike_up(|call| call.fault().answer("InternalError").times(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_reply_is_lost_each_time_is_found_again() {
    strike_up(|call| call.fault().lose_reply().forever()).await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_whose_reply_is_lost_is_done() {
    strike_down(|call| call.fault().lose_reply()).await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_never_arrived_is_asked_for_again() {
    strike_down(|call| call.fault().reset()).await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_is_never_answered_is_asked_for_again() {
    strike_down(|call| call.fault().stall()).await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_is_throttled_is_asked_for_again() {
    strike_down(throttled).await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_on_which_aws_fails_five_times_is_asked_for_again() {
    strike_down(|call| call.fault().answer("InternalError").times(5)).await;
}

/// Reads fail too, and then a deployment may fail. It must not leave anything.
#[tokio::test(start_paused = true)]
async fn a_read_that_is_refused_ends_in_a_deployment_or_in_nothing() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let mut reads: Vec<_> = scenario
        .aws
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .collect();
    deployment.rollback().await;
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
                        error.to_string().contains("AccessDenied"),
                        "{operation} {nth}: {error}"
                    );
                }
            }
            let later = scenario.another_session();
            let Scenario { aws, session, .. } = scenario;
            // The refusal may strike the undo itself, which then cannot see whether something is gone.
            let undone = session.close().await;
            let listed: Vec<_> = undone.into_iter().flat_map(|undone| undone.left).collect();
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
