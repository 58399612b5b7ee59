//! The end of a session: whatever still holds a deployment, `close` leaves nothing armed behind, and says so.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use geusemaker_core::{
    AnyDeployment, Closed, Deployment, Ec2Ready, Error, Failed, FileSystems, State,
};
use geusemaker_testkit::{CallRecord, Explorer, Fault};

use crate::scenario::{
    Scenario, account, assert_nothing_left, deleted, deploy_tier_3, spec, stack, unlisted,
};

async fn ready(scenario: &Scenario, tier: u8) -> Deployment<Ec2Ready> {
    let planned = scenario.session.plan(spec(tier)).await.unwrap();
    planned.launch().await.unwrap()
}

/// An account in which no load balancer can be created.
fn without_load_balancers() -> Scenario {
    let fault = Fault::on("CreateLoadBalancer").denied();
    Scenario::on(account().fault(fault).build())
}

async fn deploy_boxed(scenario: &Scenario) -> Result<(), Box<dyn StdError + Send + Sync>> {
    let ready = scenario.session.plan(spec(2)).await?.launch().await?;
    ready.balance().await?.commit().await?;
    Ok(())
}

async fn deploy_anyhow(scenario: &Scenario) -> anyhow::Result<()> {
    let ready = scenario.session.plan(spec(2)).await?.launch().await?;
    ready.balance().await?.commit().await?;
    Ok(())
}

/// An enum of a caller, as the documentation of `Failed` shows it.
#[derive(Debug)]
enum MyError {
    Deployment(Error),
}

impl From<Error> for MyError {
    fn from(error: Error) -> Self {
        Self::Deployment(error)
    }
}

impl<S: State> From<Failed<S>> for MyError {
    fn from(failed: Failed<S>) -> Self {
        Self::Deployment(failed.into())
    }
}

async fn deploy_with_own_error(scenario: &Scenario) -> Result<(), MyError> {
    let ready = scenario.session.plan(spec(2)).await?.launch().await?;
    ready.balance().await?.commit().await?;
    Ok(())
}

/// The error lives on, in whatever it was put.
#[tokio::test(start_paused = true)]
async fn close_ends_deployment_in_any_error() {
    let scenario = without_load_balancers();
    let boxed = deploy_boxed(&scenario).await.unwrap_err();
    let closed = scenario.session.close().await;
    scenario.assert_nothing_left();
    assert!(closed.is_complete() && closed.unfinished[0].was_held);
    assert!(deleted(&closed) >= 5, "{closed:#?}");
    assert!(boxed.to_string().contains("creating the load balancer"));

    let scenario = without_load_balancers();
    let any = deploy_anyhow(&scenario).await.unwrap_err();
    let any = Arc::new(any.context("it was not to be"));
    let closed = scenario.session.close().await;
    scenario.assert_nothing_left();
    assert!(closed.is_complete() && closed.unfinished[0].was_held);
    let calls = scenario.aws.calls().len();
    drop(any);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(scenario.aws.calls().len(), calls, "it was ended already");

    let scenario = without_load_balancers();
    let MyError::Deployment(own) = deploy_with_own_error(&scenario).await.unwrap_err();
    let closed = scenario.session.close().await;
    scenario.assert_nothing_left();
    assert!(closed.is_complete() && !closed.unfinished[0].was_held);
    assert!(own.call().is_some());
}

/// Nothing but the session knows the deployment any more.
#[tokio::test(start_paused = true)]
async fn forgotten_deployment_is_ended() {
    let scenario = Scenario::new();
    std::mem::forget(ready(&scenario, 1).await);
    let closed = scenario.session.close().await;
    scenario.assert_nothing_left();
    let [unfinished] = &closed.unfinished[..] else {
        panic!("{closed:#?}");
    };
    assert_eq!(unfinished.stack, stack());
    assert!(unfinished.was_held && !unfinished.undone.deleted.is_empty());
}

#[tokio::test(start_paused = true)]
async fn held_deployment_can_be_kept() {
    let scenario = without_load_balancers();
    let boxed = deploy_boxed(&scenario).await.unwrap_err();
    scenario.session.keep_dropped();
    let alive = scenario.aws.leftovers();
    let closed = scenario.session.close().await;
    assert_eq!(scenario.aws.leftovers(), alive);
    let kept = &closed.unfinished[0].undone.kept;
    let listed = kept.iter().map(|kept| (kept.kind, Some(kept.id.as_str())));
    assert_eq!(unlisted(&alive, listed), None);
    assert!(closed.is_complete() && deleted(&closed) == 0);
    drop(boxed);

    let later = scenario.another_session();
    let record = later.resume(&stack()).await.unwrap();
    assert_eq!(record.name, stack());
    let undone = later.destroy(&stack(), FileSystems::Delete).await.unwrap();
    assert_nothing_left(&scenario.aws);
    assert!(undone.is_complete());
}

/// Expired credentials are no reason to undo anything, and an error in a box makes no difference.
#[tokio::test(start_paused = true)]
async fn boxed_credentials_error_is_listed() {
    let fault = Fault::on("CreateLoadBalancer").answer("ExpiredToken");
    let scenario = Scenario::on(account().fault(fault.forever()).build());
    let boxed = deploy_boxed(&scenario).await.unwrap_err();
    let alive = scenario.aws.leftovers();
    let closed = scenario.session.close().await;
    assert_eq!(scenario.aws.leftovers(), alive);
    let listed = closed
        .left()
        .map(|left| (left.kind, left.id.as_ref().map(|id| id.as_str())));
    assert_eq!(unlisted(&alive, listed), None);
    assert!(matches!(
        closed.clone().into_result(),
        Err(Error::Leftovers { left, .. }) if left.len() == closed.left().count()
    ));
    drop(boxed);

    scenario.aws.lift_faults();
    let undone = scenario.another_session().rollback(&stack()).await.unwrap();
    scenario.assert_nothing_left();
    assert!(undone.is_complete());
}

/// The retry after an error about credentials is armed again.
#[tokio::test(start_paused = true)]
async fn retried_deployment_is_armed_again() {
    let fault = Fault::on("CreateLoadBalancer").answer("ExpiredToken");
    let scenario = Scenario::on(account().fault(fault.forever()).build());
    let failed = ready(&scenario, 2).await.balance().await.unwrap_err();
    scenario.aws.lift_faults();
    let balanced = failed.previous.balance().await.unwrap();
    drop(balanced);
    scenario.close_and_assert_nothing_left().await;
}

fn is_closed(error: &Error) -> bool {
    matches!(error, Error::SessionClosed { stack: of, .. } if *of == stack())
}

/// In every state, and for everything that a session can begin.
#[tokio::test(start_paused = true)]
async fn closed_session_makes_nothing_more() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(3)).await.unwrap();
    let closed = scenario.session.close().await;
    // A plan has created nothing, so there is nothing to say about it.
    assert!(closed.unfinished.is_empty());
    let failed = planned.launch().await.unwrap_err();
    scenario.assert_nothing_left();
    assert!(is_closed(&failed.error), "{failed:?}");
    let session = &scenario.session;
    for refused in [
        session.plan(spec(1)).await.err(),
        session.open(&stack()).await.err(),
        session.resume(&stack()).await.err(),
        session.rollback(&stack()).await.err(),
        session.destroy(&stack(), FileSystems::Delete).await.err(),
    ] {
        let refused = refused.unwrap();
        let is_unknown = matches!(refused, Error::NoSuchStack { .. });
        assert!(is_closed(&refused) || is_unknown, "{refused}");
    }
    let scenario = Scenario::new();
    let ready = ready(&scenario, 3).await;
    let closed = scenario.session.close().await;
    scenario.assert_nothing_left();
    let calls = scenario.aws.calls().len();
    let failed = ready.balance().await.unwrap_err();
    assert!(is_closed(&failed.error), "{failed:?}");
    assert!(failed.undone.deleted.is_empty());
    let kept = failed.previous.keep().await.unwrap_err();
    assert!(is_closed(&kept), "{kept}");
    assert_eq!(scenario.aws.calls().len(), calls);
    assert_eq!(closed.unfinished.len(), 1);

    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let _ = scenario.session.close().await;
    scenario.assert_nothing_left();
    let failed = deployed.commit().await.unwrap_err();
    assert!(is_closed(&failed.error), "{failed:?}");
    let undone = failed.previous.rollback().await;
    assert!(undone.is_complete() && undone.deleted.is_empty());
}

/// Returns a deployment's whole life as one future.
fn life(scenario: &Scenario) -> BoxFuture<'static, Result<(), Error>> {
    let session = scenario.session.clone();
    let life = async move {
        let deployed = deploy_tier_3(&session, spec(3)).await?;
        drop(deployed.rollback().await);
        Ok(())
    };
    life.boxed()
}

/// Moments all along the life of a stack, in seconds.
fn moments() -> impl Iterator<Item = Duration> {
    let close = (0..20).map(|n| n * 270);
    let far = (1..22).map(|n| n * 47_000);
    close.chain(far).map(Duration::from_millis)
}

/// A `select!` leaves the other future alive and does not poll it, while the session is being closed.
#[tokio::test(start_paused = true)]
async fn unpolled_future_does_not_block_close() {
    for moment in moments() {
        let scenario = Scenario::new();
        let mut life = life(&scenario);
        let ended = tokio::time::timeout(moment, &mut life).await;
        let closed = scenario.session.close().await;
        let left = scenario.aws.leftovers();
        assert!(left.is_empty(), "after {moment:?}: {left:#?}");
        assert!(closed.is_complete(), "after {moment:?}: {closed:#?}");
        if ended.is_err() {
            // It goes on, and can make nothing more.
            let _ = life.await;
            scenario.assert_nothing_left();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn close_ends_deployment_of_other_task() {
    for moment in moments() {
        let scenario = Scenario::new();
        let task = tokio::spawn(life(&scenario));
        tokio::time::sleep(moment).await;
        let closed = scenario.session.close().await;
        let left = scenario.aws.leftovers();
        assert!(left.is_empty(), "after {moment:?}: {left:#?}");
        assert!(closed.is_complete(), "after {moment:?}: {closed:#?}");
        let soon = tokio::time::timeout(Duration::from_secs(1), task).await;
        assert!(soon.is_ok(), "after {moment:?}: the transition goes on");
        scenario.assert_nothing_left();
    }
}

/// Nothing hears of the result, and the work goes on as long as the runtime does.
#[tokio::test(start_paused = true)]
async fn dropped_session_still_undoes() {
    let scenario = Scenario::new();
    let ready = ready(&scenario, 1).await;
    let (aws, later) = (scenario.aws.clone(), scenario.another_session());
    drop(scenario);
    drop(ready);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_nothing_left(&aws);
    assert!(later.summary(&stack()).await.is_err());
}

/// Returns the ids of what the sessions' results list as left.
fn ids(closed: &Closed) -> Vec<String> {
    closed
        .left()
        .filter_map(|left| Some(left.id.as_ref()?.to_string()))
        .collect()
}

/// Whoever stops waiting can close again, and gets the whole result.
#[tokio::test(start_paused = true)]
async fn close_can_be_dropped_and_repeated() {
    let scenario = Scenario::new();
    let fault = Fault::on("TerminateInstances").server_error().forever();
    scenario.aws.inject(fault);
    drop(ready(&scenario, 1).await);
    for seconds in [0, 1, 5, 60] {
        let limit = Duration::from_secs(seconds);
        drop(tokio::time::timeout(limit, scenario.session.close()).await);
    }
    // One that is alive and not polled is in nobody's way.
    let mut unpolled = Box::pin(scenario.session.close());
    assert!(unpolled.as_mut().now_or_never().is_none());
    let (first, second) = tokio::join!(scenario.session.close(), scenario.session.close());
    let instance = scenario
        .aws
        .leftovers()
        .into_iter()
        .find(|it| it.kind == "EC2::Instance");
    assert!(ids(&first).contains(&instance.unwrap().id), "{first:#?}");
    assert_eq!(ids(&first), ids(&second));

    scenario.aws.lift_faults();
    let undone = scenario.another_session().rollback(&stack()).await.unwrap();
    scenario.assert_nothing_left();
    assert!(undone.is_complete());
}

/// A removal has said it already, and perhaps nobody has listened.
#[tokio::test(start_paused = true)]
async fn close_lists_what_removal_left() {
    let scenario = Scenario::new();
    scenario
        .aws
        .inject(Fault::on("TerminateInstances").denied().forever());
    let undone = ready(&scenario, 1).await.rollback().await;
    let closed = scenario.session.close().await;
    assert!(!undone.is_complete());
    assert_eq!(ids(&closed).len(), undone.left.len());

    scenario.aws.lift_faults();
    let undone = scenario.another_session().rollback(&stack()).await.unwrap();
    scenario.assert_nothing_left();
    assert!(undone.is_complete());
}

/// A removal that another task finishes while the session is being closed is finished, and not listed.
#[tokio::test(start_paused = true)]
async fn close_does_not_list_finished_removal() {
    let scenario = Scenario::new();
    ready(&scenario, 1).await.commit().await.unwrap();
    drop(scenario.session.open(&stack()).await.unwrap());
    let session = scenario.session.clone();
    let destroying =
        tokio::spawn(async move { session.destroy(&stack(), FileSystems::Delete).await });
    tokio::time::sleep(Duration::from_secs(10)).await;
    let closed = scenario.session.close().await;
    scenario.assert_nothing_left();
    assert!(closed.unfinished.is_empty(), "{closed:#?}");
    assert!(destroying.await.unwrap().unwrap().is_complete());
}

/// A stack that was kept first, and is committed by now, is in use like any other.
#[tokio::test(start_paused = true)]
async fn close_does_not_list_resumed_stack() {
    let scenario = Scenario::new();
    scenario.session.keep_dropped();
    drop(ready(&scenario, 1).await);
    scenario.session.resume(&stack()).await.unwrap();
    let closed = scenario.session.close().await;
    let undone = scenario
        .another_session()
        .destroy(&stack(), FileSystems::Delete)
        .await;
    scenario.assert_nothing_left();
    assert!(undone.unwrap().is_complete());
    assert!(closed.unfinished.is_empty(), "{closed:#?}");
}

/// After `?` the stack is undone in the background, and the next attempt waits for that.
#[tokio::test(start_paused = true)]
async fn next_attempt_waits_for_undo() {
    let scenario = without_load_balancers();
    let failed = deploy_with_own_error(&scenario).await;
    assert!(failed.is_err());
    let again = deploy_with_own_error(&scenario).await;
    again.unwrap();
    scenario.destroy().await;
}

/// The report leaves out deployments that were kept or left first, and are finished by now.
#[tokio::test(start_paused = true)]
async fn close_reports_state_of_now() {
    let scenario = Scenario::new();
    ready(&scenario, 1).await.keep().await.unwrap();
    let AnyDeployment::Ec2Ready(opened) = scenario.session.open(&stack()).await.unwrap() else {
        panic!("it was kept with instances");
    };
    scenario
        .aws
        .inject(Fault::on("TerminateInstances").denied());
    drop(opened);
    let undone = scenario.session.rollback(&stack()).await.unwrap();
    scenario.assert_nothing_left();
    assert!(undone.is_complete());
    let closed = scenario.session.close().await;
    assert!(closed.is_complete(), "{closed:#?}");
}

/// A scenario whose error stays where the caller has put it.
struct World<E> {
    scenario: Scenario,
    error: Mutex<Option<E>>,
}

/// Explores a deployment that ends in this error, and closes the session while the error lives on.
fn explore<E: std::fmt::Debug + Send + 'static>(
    deploy: impl for<'a> Fn(&'a Scenario) -> BoxFuture<'a, Result<(), E>> + Copy + Send + Sync + 'static,
) {
    let world = |aws| {
        Arc::new(World::<E> {
            scenario: Scenario::on(aws),
            error: Mutex::default(),
        })
    };
    let deploy = move |world: Arc<World<E>>| async move {
        match deploy(&world.scenario).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let said = format!("{error:?}");
                *world.error.lock().unwrap() = Some(error);
                Err(said)
            }
        }
    };
    Explorer::with_world(world, deploy)
        .account(account)
        .calls(CallRecord::is_mutating)
        .one_in(3)
        .deadline(Duration::from_secs(6 * 60 * 60))
        .afterwards(|world: Arc<World<E>>| async move {
            world.scenario.session.close().await.into_result()?;
            let later = world.scenario.another_session();
            match later.destroy(&stack(), FileSystems::Delete).await {
                Ok(undone) => undone.into_result(),
                Err(Error::NoSuchStack { .. }) => Ok(()),
                Err(error) => Err(error),
            }
        })
        .explore()
        .unwrap()
        .assert_sound();
}

#[test]
fn anyhow_error_strands_nothing() {
    explore(|scenario| deploy_anyhow(scenario).boxed());
}

#[test]
fn own_error_strands_nothing() {
    explore(|scenario| {
        async {
            let ready = scenario.session.plan(spec(2)).await?.launch().await?;
            ready.balance().await?.commit().await?;
            Ok::<_, Error>(())
        }
        .boxed()
    });
}
