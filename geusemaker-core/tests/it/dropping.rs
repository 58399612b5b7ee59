//! Dropped futures: whichever future is dropped at any moment, the session leaves nothing of its work.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use geusemaker_core::{
    AlbHealthy, AnyDeployment, CdnPending, Deployment, Ec2Ready, FileSystems, Planned,
};

use crate::scenario::moment::Moment;
use crate::scenario::watched_store::WatchedStore;
use crate::scenario::{Scenario, account, assert_nothing_left, deleted, spec, stack};

/// Returns moments that are close together while calls are made, and further apart during waits.
fn moments(close: u64, far: u64) -> impl Iterator<Item = Duration> {
    let close = (0..close).map(|n| Duration::from_millis(n * 70));
    let far = (1..).map(move |n| Duration::from_secs(n * far));
    close.chain(far)
}

/// The time that a store takes for a write, so that a future can be dropped in the middle of one.
const WRITE: Duration = Duration::from_millis(20);

/// Deploys up to a state, and returns the moment at which that is reached: each case starts there, in another process.
async fn reached<D>(state: impl AsyncFn(&Scenario) -> D) -> Moment {
    let store = Arc::new(WatchedStore::new());
    let scenario = Scenario::with_store(account().build(), Arc::clone(&store) as _);
    let deployment = state(&scenario).await;
    let moment = Moment::of("reached", &scenario, &store);
    drop(deployment);
    scenario.close_and_assert_nothing_left().await;
    moment
}

/// Returns the moment before anything was planned.
fn nothing() -> Moment {
    let store = Arc::new(WatchedStore::new());
    let scenario = Scenario::with_store(account().build(), Arc::clone(&store) as _);
    Moment::of("nothing", &scenario, &store)
}

/// Opens the deployment in the state that its journal has reached.
macro_rules! open {
    ($state:ident) => {
        async |scenario: &Scenario| match scenario.session.open(&stack()).await.unwrap() {
            AnyDeployment::$state(deployment) => deployment,
            other => panic!("{other:?}"),
        }
    };
}

async fn planned(scenario: &Scenario) -> Deployment<Planned> {
    scenario.session.plan(spec(3)).await.unwrap()
}

async fn ready(scenario: &Scenario) -> Deployment<Ec2Ready> {
    planned(scenario).await.launch().await.unwrap()
}

async fn balanced(scenario: &Scenario) -> Deployment<AlbHealthy> {
    ready(scenario).await.balance().await.unwrap()
}

async fn pending(scenario: &Scenario) -> Deployment<CdnPending> {
    balanced(scenario).await.create_cdn().await.unwrap()
}

/// Drops the transition after each of the moments, until it finishes before one.
async fn drop_at<D, F: Future>(
    start: Moment,
    moments: impl Iterator<Item = Duration>,
    open: impl AsyncFn(&Scenario) -> D,
    transition: impl Fn(D) -> F,
) {
    for (dropped, moment) in moments.enumerate() {
        let scenario = start.fork().restart_slowly(WRITE).await;
        let under_way = transition(open(&scenario).await);
        let finished = tokio::time::timeout(moment, under_way).await.is_ok();
        let aws = scenario.aws.clone();
        let later = scenario.another_session();
        let undone = scenario.session.close().await;
        let left = aws.leftovers();
        assert!(left.is_empty(), "dropped after {moment:?}: {left:#?}");
        assert!(
            undone.is_complete(),
            "dropped after {moment:?}: {undone:#?}"
        );
        // The journal agrees that nothing is left.
        let known = later.summary(&stack()).await;
        assert!(known.is_err(), "dropped after {moment:?}: {known:#?}");
        if finished {
            assert!(dropped > 10, "only {dropped} moments lay before the end");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_launch_leaves_nothing() {
    drop_at(
        nothing(),
        moments(60, 2),
        planned,
        Deployment::<Planned>::launch,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn dropped_balance_leaves_nothing() {
    drop_at(
        reached(ready).await,
        moments(60, 9),
        open!(Ec2Ready),
        Deployment::<Ec2Ready>::balance,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn dropped_cdn_creation_leaves_nothing() {
    let close = (0..).map(|n| Duration::from_millis(n * 10));
    drop_at(
        reached(balanced).await,
        close,
        open!(AlbHealthy),
        Deployment::<AlbHealthy>::create_cdn,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn dropped_cdn_wait_leaves_nothing() {
    let far = (0..).map(|n| Duration::from_secs(n * 12));
    drop_at(
        reached(pending).await,
        far,
        open!(CdnPending),
        Deployment::<CdnPending>::wait_until_deployed,
    )
    .await;
}

/// The session finishes the rollback.
#[tokio::test(start_paused = true)]
async fn dropped_rollback_is_finished() {
    let start = reached(ready).await;
    for moment in moments(30, 15).take(45) {
        let scenario = start.fork().restart_slowly(WRITE).await;
        let deployment = open!(Ec2Ready)(&scenario).await;
        drop(tokio::time::timeout(moment, deployment.rollback()).await);
        let later = scenario.another_session();
        scenario.close_and_assert_nothing_left().await;
        assert!(
            later.summary(&stack()).await.is_err(),
            "dropped after {moment:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_destroy_is_finished_by_next() {
    let committed = Moment::committed().await;
    for moment in moments(30, 15).take(45) {
        let scenario = committed.fork().restart_slowly(WRITE).await;
        let stack = stack();
        let destroy = scenario.session.destroy(&stack, FileSystems::Delete);
        if tokio::time::timeout(moment, destroy).await.is_err() {
            let undone = scenario
                .session
                .destroy(&stack, FileSystems::Delete)
                .await
                .unwrap();
            assert_nothing_left(&scenario.aws);
            assert!(
                undone.is_complete(),
                "dropped after {moment:?}: {undone:#?}"
            );
        }
        scenario.close_and_assert_nothing_left().await;
    }
}

/// Nobody has had the deployment yet, so the stack stays as it is, and another process can open it at once.
#[tokio::test(start_paused = true)]
async fn dropped_open_changes_nothing() {
    let kept = reached(ready).await;
    for moment in (0..100).map(|n| Duration::from_millis(n * 5)) {
        let scenario = kept.fork().restart_slowly(WRITE).await;
        let before = scenario.aws.leftovers();
        let stack = stack();
        let opening = tokio::time::timeout(moment, scenario.session.open(&stack)).await;
        if let Ok(opened) = opening {
            drop(opened.unwrap());
            scenario.close_and_assert_nothing_left().await;
            return;
        }
        let later = scenario.another_session();
        let closed = scenario.session.close().await;
        assert_eq!(scenario.aws.leftovers(), before, "dropped after {moment:?}");
        assert!(closed.is_complete() && deleted(&closed) == 0, "{closed:#?}");
        drop(later.open(&stack).await.unwrap());
        let closed = later.close().await;
        scenario.assert_nothing_left();
        assert!(
            closed.is_complete(),
            "dropped after {moment:?}: {closed:#?}"
        );
    }
    panic!("it was never opened");
}

/// The caller that drops a commit does not know its outcome: it has taken place or it has not, but never by half.
#[tokio::test(start_paused = true)]
async fn dropped_commit_is_all_or_nothing() {
    let start = reached(balanced).await;
    for moment in (0..30).map(|n| Duration::from_millis(n * 5)) {
        let scenario = start.fork().restart_slowly(WRITE).await;
        let deployment = open!(AlbHealthy)(&scenario).await;
        let all = scenario.aws.leftovers();
        drop(tokio::time::timeout(moment, deployment.commit()).await);
        let aws = scenario.aws.clone();
        let later = scenario.another_session();
        let undone = scenario.session.close().await;
        let left = aws.leftovers();
        assert!(
            left.is_empty() || left == all,
            "dropped after {moment:?}: {left:#?}"
        );
        assert!(
            undone.is_complete(),
            "dropped after {moment:?}: {undone:#?}"
        );
        if !left.is_empty() {
            let undone = later.destroy(&stack(), FileSystems::Delete).await.unwrap();
            assert_nothing_left(&aws);
            assert!(undone.is_complete(), "{undone:#?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn panicking_task_leaves_nothing() {
    let scenario = Scenario::new();
    let deployment = balanced(&scenario).await;
    let task = tokio::spawn(async move {
        let held = deployment;
        let domain = held.state().load_balancer.dns_name.clone();
        panic!("what serves {domain} has a bug");
    });
    assert!(task.await.unwrap_err().is_panic());
    scenario.close_and_assert_nothing_left().await;
}

#[tokio::test(start_paused = true)]
async fn aborted_task_leaves_nothing() {
    let scenario = Scenario::new();
    let task = tokio::spawn(planned(&scenario).await.launch());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!scenario.aws.leftovers().is_empty());
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    scenario.close_and_assert_nothing_left().await;
}

#[tokio::test(start_paused = true)]
async fn rollback_lists_deleted_resources() {
    let scenario = Scenario::new();
    let deployment = balanced(&scenario).await;
    let made = scenario.session.summary(&stack()).await.unwrap().resources;
    let undone = deployment.rollback().await;
    scenario.assert_nothing_left();
    assert!(undone.is_complete() && undone.kept.is_empty());
    let mut deleted: Vec<_> = undone
        .deleted
        .into_iter()
        .map(|removed| removed.key)
        .collect();
    let mut keys: Vec<_> = made.into_iter().map(|resource| resource.key).collect();
    deleted.sort();
    keys.sort();
    assert_eq!(deleted, keys);
}

#[tokio::test(start_paused = true)]
async fn unlaunched_deployment_needs_no_undo() {
    let scenario = Scenario::new();
    drop(planned(&scenario).await);
    drop(planned(&scenario).await.launch());
    // Polled once, and then dropped.
    let once = planned(&scenario).await.launch().now_or_never();
    assert!(once.is_none());
    let aws = scenario.aws.clone();
    let _ = scenario.session.close().await;
    assert_nothing_left(&aws);
}
