//! The tier that a spec asks for, and the steps that are taken: those that do not agree are refused before any call.

use geusemaker_core::spec::Tier;
use geusemaker_core::{Category, Deployment, Ec2Ready, Error, Failed, FileSystems, State};

use crate::scenario::{Scenario, spec, stack};

async fn ready(scenario: &Scenario, tier: u8) -> Deployment<Ec2Ready> {
    let planned = scenario.session.plan(spec(tier)).await.unwrap();
    planned.launch().await.unwrap()
}

/// Asserts that a step was refused before any call, with this step as the remedy, and returns the deployment.
#[track_caller]
fn refused<T, S: State>(
    scenario: &Scenario,
    calls: usize,
    step: Result<T, Failed<S>>,
    remedy: &str,
) -> Deployment<S> {
    assert_eq!(scenario.aws.calls().len(), calls, "AWS was called");
    let Err(failed) = step else {
        panic!("the step was taken");
    };
    let error = &*failed.error;
    assert!(matches!(error, Error::WrongTier { .. }), "{error}");
    assert_eq!(error.category(), Category::Input);
    assert!(error.remedy().contains(remedy), "{}", error.remedy());
    assert!(failed.undone.deleted.is_empty() && failed.undone.left.is_empty());
    failed.previous
}

#[tokio::test(start_paused = true)]
async fn tier_1_takes_no_load_balancer() {
    let scenario = Scenario::new();
    let ready = ready(&scenario, 1).await;
    let calls = scenario.aws.calls().len();
    let ready = refused(&scenario, calls, ready.balance().await, "call commit()");
    let record = ready.commit().await.unwrap();
    scenario.destroy().await;
    assert_eq!(record.tier, Tier::Instances);
}

#[tokio::test(start_paused = true)]
async fn tier_2_takes_balancer_and_no_cdn() {
    let scenario = Scenario::new();
    let ready = ready(&scenario, 2).await;
    let calls = scenario.aws.calls().len();
    let ready = refused(&scenario, calls, ready.commit().await, "call balance()");
    let balanced = ready.balance().await.unwrap();
    let calls = scenario.aws.calls().len();
    let balanced = refused(&scenario, calls, balanced.publish().await, "call commit()");
    let balanced = refused(
        &scenario,
        calls,
        balanced.create_cdn().await,
        "call commit()",
    );
    let record = balanced.commit().await.unwrap();
    scenario.destroy().await;
    assert_eq!(record.tier, Tier::LoadBalancer);
}

/// The load balancer of a tier-3 plan admits CloudFront only, so its URL would lead to nothing.
#[tokio::test(start_paused = true)]
async fn tier_3_takes_all_steps() {
    let scenario = Scenario::new();
    let ready = ready(&scenario, 3).await;
    let calls = scenario.aws.calls().len();
    let ready = refused(&scenario, calls, ready.commit().await, "call balance()");
    let balanced = ready.balance().await.unwrap();
    let calls = scenario.aws.calls().len();
    let balanced = refused(&scenario, calls, balanced.commit().await, "call publish()");
    let record = balanced.publish().await.unwrap().commit().await.unwrap();
    scenario.destroy().await;
    assert_eq!(record.tier, Tier::Cdn);
}

/// `resume` takes the steps of the tier, from every state.
#[tokio::test(start_paused = true)]
async fn resume_takes_steps_of_tier() {
    for (tier, steps) in [(1, 2), (2, 3), (3, 5)] {
        for taken in 0..steps {
            let scenario = Scenario::new();
            kept_after(&scenario, tier, taken).await;
            let later = scenario.another_session();
            let record = later.resume(&stack()).await.unwrap();
            let calls = scenario.aws.calls().len();
            let again = later.resume(&stack()).await.unwrap();
            assert_eq!(scenario.aws.calls().len(), calls, "AWS was asked");
            let undone = later.destroy(&stack(), FileSystems::Delete).await.unwrap();
            scenario.assert_nothing_left();
            assert!(undone.is_complete());
            assert_eq!(record.tier.number(), tier, "after {taken} steps");
            assert_eq!(again, record);
        }
    }
}

/// Keeps a deployment after a number of steps; with none, in the middle of the launch.
async fn kept_after(scenario: &Scenario, tier: u8, steps: u8) {
    let planned = scenario.session.plan(spec(tier)).await.unwrap();
    if steps == 0 {
        scenario.session.keep_dropped();
        let half_way = std::time::Duration::from_secs(1);
        let launch = tokio::time::timeout(half_way, planned.launch()).await;
        launch.unwrap_err();
        let _ = scenario.session.close().await;
        return;
    }
    let ready = planned.launch().await.unwrap();
    if steps == 1 {
        return ready.keep().await.unwrap();
    }
    let balanced = ready.balance().await.unwrap();
    if steps == 2 {
        return balanced.keep().await.unwrap();
    }
    let pending = balanced.create_cdn().await.unwrap();
    if steps == 3 {
        return pending.keep().await.unwrap();
    }
    let deployed = pending.wait_until_deployed().await.unwrap();
    deployed.keep().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn resume_says_what_cannot_be_resumed() {
    let scenario = Scenario::new();
    let unknown = scenario.session.resume(&stack()).await.unwrap_err();
    assert!(matches!(unknown, Error::NoSuchStack { .. }), "{unknown}");

    ready(&scenario, 1).await.keep().await.unwrap();
    scenario
        .aws
        .inject(geusemaker_testkit::Fault::on("TerminateInstances").denied());
    let undone = scenario.session.rollback(&stack()).await.unwrap();
    assert!(!undone.is_complete());
    let ending = scenario.session.resume(&stack()).await.unwrap_err();
    assert!(matches!(ending, Error::Ending { .. }), "{ending}");
    let undone = scenario.session.rollback(&stack()).await.unwrap();
    scenario.assert_nothing_left();
    assert!(undone.is_complete());
}
