//! The state that a process leaves when it ends at some moment, and the process that continues from there.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::object_store::{ObjectStore, ObjectStoreExt as _};
use geusemaker_testkit::{Aws, AwsBuilder, Snapshot};

use super::watched_store::WatchedStore;
use super::{Scenario, account, deploy_tier_3, records, spec};

/// The state that a process leaves when it ends at this moment.
pub(crate) struct Moment {
    pub(crate) what: String,
    pub(crate) account: Snapshot,
    pub(crate) journal: InMemory,
}

/// A scenario that records every moment: after each call that changed something, before its reply arrived, and after
/// each record of the journal.
pub(crate) struct Watched {
    pub(crate) scenario: Scenario,
    moments: Arc<Mutex<Vec<Moment>>>,
}

impl Watched {
    pub(crate) fn new(account: AwsBuilder) -> Self {
        Self::on(account, InMemory::new())
    }

    /// Creates a watched scenario on an existing journal.
    pub(crate) fn on(account: AwsBuilder, journal: InMemory) -> Self {
        let moments = Arc::new(Mutex::new(Vec::new()));
        let aws = Arc::new(OnceLock::<Aws>::new());
        let store = {
            let (moments, aws) = (Arc::clone(&moments), Arc::clone(&aws));
            WatchedStore::over(journal).on_write(move |store| {
                let aws = aws.get().unwrap();
                moments.lock().unwrap().push(Moment {
                    what: format!("a record after call {}", aws.calls().len()),
                    account: aws.snapshot(),
                    journal: store.fork(),
                });
            })
        };
        let store = Arc::new(store);
        let account = {
            let (moments, store) = (Arc::clone(&moments), Arc::clone(&store));
            account.on_change(move |snapshot| {
                moments.lock().unwrap().push(Moment {
                    what: "a change".to_owned(),
                    account: snapshot.clone(),
                    journal: store.fork(),
                });
            })
        };
        let scenario = Scenario::with_store(account.build(), store);
        aws.set(scenario.aws.clone()).unwrap();
        Self { scenario, moments }
    }

    /// Takes the moments that were recorded since the last call.
    pub(crate) fn take(&self) -> Vec<Moment> {
        std::mem::take(&mut self.moments.lock().unwrap())
    }
}

impl Moment {
    /// Copies the moment.
    pub(crate) fn fork(&self) -> Self {
        Self {
            what: self.what.clone(),
            account: self.account.clone(),
            journal: self.journal.fork(),
        }
    }

    /// Starts another process on the same machine, a moment later.
    pub(crate) async fn restart(self) -> Scenario {
        let aws = account().restore(self.account).unwrap().build();
        bury_holders(&self.journal).await;
        Scenario::with_store(aws, Arc::new(self.journal))
    }

    /// Deploys tier 3, commits it and returns the moment after that.
    pub(crate) async fn committed() -> Self {
        let store = Arc::new(WatchedStore::new());
        let scenario = Scenario::with_store(account().build(), Arc::clone(&store) as _);
        let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
        deployment.commit().await.unwrap();
        let moment = Self::of("committed", &scenario, &store);
        scenario.destroy().await;
        moment
    }

    /// Returns the current moment of a scenario and its store.
    pub(crate) fn of(what: &str, scenario: &Scenario, store: &WatchedStore) -> Self {
        Self {
            what: what.to_owned(),
            account: scenario.aws.snapshot(),
            journal: store.fork(),
        }
    }

    /// Starts another process on the same machine, whose store takes a while for each write.
    pub(crate) async fn restart_slowly(self, pause: Duration) -> Scenario {
        let aws = account().restore(self.account).unwrap().build();
        bury_holders(&self.journal).await;
        let store = WatchedStore::over(self.journal).pause(pause);
        Scenario::with_store(aws, Arc::new(store))
    }

    /// Starts another process, and records each of its moments.
    pub(crate) async fn restart_watched(self) -> Watched {
        bury_holders(&self.journal).await;
        Watched::on(account().restore(self.account).unwrap(), self.journal)
    }
}

/// Replaces every process in the journal by one that has ended: in a test all of them are this process, which is alive.
pub(crate) async fn bury_holders(journal: &dyn ObjectStore) {
    for (path, mut record) in records(journal).await {
        if let Some(pid) = record.pointer_mut("/event/holder/pid") {
            *pid = u32::MAX.into();
            journal
                .put(&path.into(), record.to_string().into())
                .await
                .unwrap();
        }
    }
}
