//! Two sessions that want the same stack at the same moment: one gets it, and the other learns why it does not.

use std::sync::{Arc, Barrier};

use futures::TryStreamExt as _;
use geusemaker_core::object_store::local::LocalFileSystem;
use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::object_store::{ObjectStore, ObjectStoreExt as _};
use geusemaker_core::{Category, Deployment, Error, FileSystems, Planned, Session};
use geusemaker_testkit::Aws;
use tempfile::TempDir;

use crate::scenario::{account, assert_nothing_left, records, spec, stack};

/// Returns the stores for journals: in memory, and on disk as `gm` uses it.
fn stores() -> (TempDir, [Arc<dyn ObjectStore>; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let on_disk = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    let on_disk = on_disk.with_fsync(true);
    (
        directory,
        [Arc::new(InMemory::new()), Arc::new(on_disk) as _],
    )
}

/// Creates a runtime with real time; each thread has its own, as each process does.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
}

async fn planned(session: &Session) -> Deployment<Planned> {
    session.plan(spec(1)).await.unwrap()
}

async fn claims(store: &dyn ObjectStore) -> usize {
    let records = records(store).await;
    let claims = records
        .iter()
        .filter(|(_, record)| record["event"]["type"] == "claimed");
    claims.count()
}

/// Opens the stack at the same moment as the other session, holds it until the other has its answer, and releases it.
/// Returns the error if the stack was refused.
fn take_up(aws: &Aws, store: &Arc<dyn ObjectStore>, together: &Barrier) -> Option<Error> {
    runtime().block_on(async {
        let session = Session::new(aws.sdk_config(), Arc::clone(store));
        together.wait();
        let opened = session.open(&stack()).await;
        together.wait();
        let refused = opened.err();
        let _ = session.close().await;
        refused
    })
}

/// The other session learns which process has the stack.
#[test]
fn concurrent_opens_have_one_winner() {
    let (_directory, stores) = stores();
    for store in stores {
        let runtime = runtime();
        let aws = account().speed(100.0).build();
        runtime.block_on(async {
            let session = Session::new(aws.sdk_config(), Arc::clone(&store));
            let ready = planned(&session).await.launch().await.unwrap();
            ready.commit().await.unwrap();
            let _ = session.close().await;
        });
        let committed = runtime.block_on(records(store.as_ref()));
        let before = runtime.block_on(claims(store.as_ref()));
        for round in 0..100 {
            let together = Barrier::new(2);
            let [one, other] = std::thread::scope(|scope| {
                [(), ()]
                    .map(|()| scope.spawn(|| take_up(&aws, &store, &together)))
                    .map(|thread| thread.join().unwrap())
            });
            let lost = match (one, other) {
                (None, Some(lost)) | (Some(lost), None) => lost,
                (None, None) => panic!("round {round}: both have it"),
                (Some(one), Some(other)) => panic!("round {round}: neither: {one}; {other}"),
            };
            assert!(
                matches!(lost, Error::Locked { .. }),
                "round {round}: {lost}"
            );
            assert!(lost.to_string().contains(" since "), "{lost}");
            runtime.block_on(async {
                let now = claims(store.as_ref()).await;
                assert_eq!(now, before + 1, "round {round}: two have claimed it");
                shorten(store.as_ref(), committed.len()).await;
            });
        }
        runtime.block_on(async {
            let session = Session::new(aws.sdk_config(), Arc::clone(&store));
            let undone = session.destroy(&stack(), FileSystems::Delete).await;
            assert_nothing_left(&aws);
            assert!(undone.unwrap().is_complete());
        });
    }
}

/// Deletes all but the first records, so that the next race reads no more than the last one did.
async fn shorten(store: &dyn ObjectStore, first: usize) {
    let mut objects: Vec<_> = store.list(None).try_collect().await.unwrap();
    objects.sort_by(|a, b| a.location.cmp(&b.location));
    for object in &objects[first..] {
        store.delete(&object.location).await.unwrap();
    }
}

/// The other session creates nothing.
#[tokio::test(start_paused = true)]
async fn concurrent_launches_have_one_winner() {
    let (_directory, stores) = stores();
    for store in stores {
        for _ in 0..5 {
            let aws = account().build();
            let session = || Session::new(aws.sdk_config(), Arc::clone(&store));
            let sessions = [session(), session()];
            // Both sessions plan before either launches, so that neither plan finds the name taken.
            let (one, other) = (planned(&sessions[0]).await, planned(&sessions[1]).await);
            let (one, other) = tokio::join!(one.launch(), other.launch());
            let (ready, failed) = match (one, other) {
                (Ok(ready), Err(failed)) | (Err(failed), Ok(ready)) => (ready, failed),
                (one, other) => panic!("{one:?}; {other:?}"),
            };
            let error = &failed.error;
            let is_told =
                error.category() == Category::Locked || matches!(**error, Error::Exists { .. });
            assert!(is_told, "{error}");
            assert!(failed.undone.deleted.is_empty() && failed.undone.left.is_empty());
            let made = aws.leftovers();
            drop(failed);
            let instances = made.iter().filter(|made| made.kind == "EC2::Instance");
            assert_eq!(instances.count(), 1, "{made:#?}");
            let undone = ready.rollback().await;
            for session in sessions {
                let _ = session.close().await;
            }
            assert_nothing_left(&aws);
            assert!(undone.is_complete());
        }
    }
}
