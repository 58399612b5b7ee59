//! The runtime ends in the middle of the work, and with it every task, including the one that cleans up. The journal
//! still has everything, and another session finishes the deployment or removes it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "this binary uses a part of it")]
mod scenario;

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use geusemaker_core::object_store::ObjectStore;
use geusemaker_core::object_store::local::LocalFileSystem;
use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{Deployment, Error, FileSystems, Session};
use geusemaker_testkit::{Aws, Snapshot};
use tokio::runtime::Builder;

use scenario::moment::bury_holders;
use scenario::watched_store::WatchedStore;
use scenario::{
    Scenario, account, assert_nothing_left, census, copy_records, deploy_tier_3, go_on,
    paused_runtime, spec, stack, tier_3, unlisted,
};

/// The account that a runtime leaves behind, and a store that may hold a journal.
struct Left {
    at: String,
    account: Snapshot,
    store: Arc<dyn ObjectStore>,
}

/// Begins the work on its own runtime, and ends the runtime after a while; returns `None` if the work was done by then.
fn killed<F>(
    after: Duration,
    before: impl AsyncFnOnce(&Session),
    work: impl FnOnce(Session) -> F,
) -> Option<Left>
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = paused_runtime();
    let store = Arc::new(WatchedStore::new().pause(Duration::from_millis(20)));
    let (aws, account, calls, task) = runtime.block_on(async {
        let scenario = Scenario::with_store(account().build(), Arc::clone(&store) as _);
        before(&scenario.session).await;
        let task = tokio::spawn(work(scenario.session.clone()));
        tokio::time::sleep(after).await;
        let Scenario { aws, .. } = scenario;
        let (snapshot, calls) = (aws.snapshot(), aws.calls().len());
        (aws, snapshot, calls, task)
    });
    let is_done = task.is_finished();
    runtime.shutdown_background();
    assert!(task.is_finished(), "the task has outlived its runtime");
    assert_eq!(aws.calls().len(), calls, "somebody went on");
    (!is_done).then(|| Left {
        at: format!("{after:?}"),
        account,
        store: Arc::new(store.fork()),
    })
}

impl Left {
    /// Returns the scenario that another process finds a moment later.
    async fn found(&self) -> Scenario {
        bury_holders(self.store.as_ref()).await;
        let aws = account().restore(self.account.clone()).unwrap().build();
        Scenario::with_store(aws, Arc::clone(&self.store))
    }

    /// Asserts that the journal lists all existing resources: by id, or as requested with an unknown outcome.
    async fn is_in_the_journal(&self) {
        let Self { at, .. } = self;
        let scenario = self.found().await;
        let known = match scenario.session.summary(&stack()).await {
            Ok(summary) => summary.resources,
            Err(Error::NoSuchStack { .. }) => Vec::new(),
            Err(error) => panic!("{at}: {error}"),
        };
        let listed = known
            .iter()
            .map(|known| (known.kind, known.id.as_ref().map(|id| id.as_str())));
        if let Some(alive) = unlisted(&scenario.aws.leftovers(), listed) {
            panic!("{at}: the journal does not have {alive}: {known:#?}");
        }
    }

    async fn is_rolled_back_to_gone(&self) {
        let Self { at, .. } = self;
        let scenario = self.found().await;
        match scenario.session.rollback(&stack()).await {
            Ok(undone) => assert!(undone.is_complete(), "{at}: {:#?}", undone.left),
            Err(Error::NoSuchStack { .. }) => {}
            Err(error) => panic!("{at}: {error}"),
        }
        let left = scenario.aws.leftovers();
        assert!(left.is_empty(), "{at}: {left:#?}");
    }

    async fn is_resumed_to_running(&self) {
        let Self { at, .. } = self;
        let scenario = self.found().await;
        let opened = match scenario.session.open(&stack()).await {
            Ok(opened) => opened,
            // The deployment had not begun.
            Err(Error::NoSuchStack { .. }) => return assert_nothing_left(&scenario.aws),
            Err(error) => panic!("{at}: {error}"),
        };
        let deployed = go_on(opened).await;
        let deployed = deployed.unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(census(&scenario.aws), tier_3(), "{at}");
        let undone = deployed.rollback().await;
        let left = scenario.aws.leftovers();
        assert!(left.is_empty(), "{at}: {left:#?}");
        assert!(undone.is_complete(), "{at}: {undone:#?}");
    }
}

/// Copies what is left, so that a test can continue from there in two ways.
async fn copy(left: &Left) -> Left {
    let store = InMemory::new();
    copy_records(left.store.as_ref(), &store).await;
    Left {
        at: left.at.clone(),
        account: left.account.clone(),
        store: Arc::new(store),
    }
}

/// Returns moments that are close together while calls are made, and further apart during waits.
fn moments(close: u64, far: u64) -> impl Iterator<Item = Duration> {
    let close = (0..close).map(|n| Duration::from_millis(n * 90));
    let far = (1..).map(move |n| Duration::from_secs(n * far));
    close.chain(far)
}

/// Another session resumes the deployment, or rolls it back.
#[test]
fn deployment_survives_end_of_runtime() {
    let deploying = |session: Session| async move {
        drop(deploy_tier_3(&session, spec(3)).await.unwrap());
    };
    let mut count = 0;
    for left in moments(20, 23).map_while(|after| killed(after, async |_| (), deploying)) {
        count += 1;
        paused_runtime().block_on(async {
            let other = copy(&left).await;
            left.is_in_the_journal().await;
            left.is_resumed_to_running().await;
            other.is_rolled_back_to_gone().await;
        });
    }
    assert!(count > 25, "only {count} moments lay before the end");
}

/// Another session finishes the undo of a dropped deployment.
#[test]
fn cleanup_survives_end_of_runtime() {
    let dropped = async |session: &Session| {
        drop(deploy_tier_3(session, spec(3)).await.unwrap());
    };
    let cleaning_up = |session: Session| async move { drop(session.close().await) };
    let mut count = 0;
    for left in moments(12, 29).map_while(|after| killed(after, dropped, cleaning_up)) {
        count += 1;
        paused_runtime().block_on(async {
            left.is_in_the_journal().await;
            left.is_rolled_back_to_gone().await;
        });
    }
    assert!(count > 12, "only {count} moments lay before the end");
}

/// Another session finishes the removal.
#[test]
fn removal_survives_end_of_runtime() {
    let committed = async |session: &Session| {
        let deployed = deploy_tier_3(session, spec(3)).await.unwrap();
        deployed.commit().await.unwrap();
    };
    let removing = |session: Session| async move {
        drop(session.destroy(&stack(), FileSystems::Delete).await);
    };
    let mut count = 0;
    for left in moments(12, 29).map_while(|after| killed(after, committed, removing)) {
        count += 1;
        paused_runtime().block_on(async {
            left.is_in_the_journal().await;
            let scenario = left.found().await;
            let name = stack();
            let destroyed = scenario.session.destroy(&name, FileSystems::Delete).await;
            let undone = destroyed.unwrap_or_else(|error| panic!("{}: {error}", left.at));
            let alive = scenario.aws.leftovers();
            assert!(alive.is_empty(), "{}: {alive:#?}", left.at);
            assert!(undone.is_complete(), "{}: {undone:#?}", left.at);
        });
    }
    assert!(count > 12, "only {count} moments lay before the end");
}

/// Deploys in real time, with several threads and a journal on disk, and ends the runtime at the end of the nth call.
fn killed_at_call(nth: usize, directory: &std::path::Path) -> Left {
    let (heard, calls) = channel();
    let aws: Aws = account()
        .speed(200.0)
        // The receiver is dropped once enough calls have been counted.
        .on_call(move |call| drop(heard.send(call.operation.clone())))
        .build();
    let store = LocalFileSystem::new_with_prefix(directory).unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(store.with_fsync(true));
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_time().build().unwrap();
    let session = runtime.block_on(async { Session::new(aws.sdk_config(), Arc::clone(&store)) });
    runtime.spawn(async move {
        // Keeps the deployment alive until the runtime ends.
        let deployed = deploy_tier_3(&session, spec(3)).await;
        std::future::pending::<()>().await;
        drop::<Result<Deployment<_>, _>>(deployed);
    });
    let mut last = String::new();
    for _ in 0..nth {
        last = calls.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    // Ends every task and waits for the threads, so a file that is being written is completed.
    runtime.shutdown_timeout(Duration::from_secs(60));
    Left {
        at: format!("{last}, call {nth}"),
        account: aws.snapshot(),
        store,
    }
}

/// Another session resumes the deployment, or rolls it back.
#[test]
fn deployment_survives_end_of_threads() {
    for nth in (12..72).step_by(9) {
        let directory = tempfile::tempdir().unwrap();
        let left = killed_at_call(nth, directory.path());
        paused_runtime().block_on(async {
            let other = copy(&left).await;
            left.is_in_the_journal().await;
            left.is_resumed_to_running().await;
            other.is_rolled_back_to_gone().await;
        });
    }
}
