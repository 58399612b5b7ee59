//! A session: credentials, a place for journals, a listener, and the task that cleans up what was dropped.

use std::fmt;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use crate::aws::clients::{Reader, Writer};
use crate::aws::clock::Clock;
use crate::aws::error::AwsError;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::ledger::claim::Holder;
use crate::ledger::journal;
use crate::ledger::undo::{FileSystems, Undone};
use crate::progress::{Event, Listener, Progress};
use crate::spec::StackName;

/// Where deployments come from and where their state is kept.
///
/// A deployment that is dropped before it is committed is undone by the session. That takes AWS minutes, so
/// [`Session::close`] has to be awaited before the runtime ends; what it could not finish is in the journal.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    config: SdkConfig,
    store: Arc<dyn ObjectStore>,
    progress: Progress,
    holder: Holder,
    cleanup: Cleanup,
    cleaner: Mutex<Option<JoinHandle<Vec<Undone>>>>,
}

/// One account in one region, as a deployment sees it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) clock: Clock,
    pub(crate) progress: Progress,
    pub(crate) region: String,
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) account: String,
    pub(crate) arn: String,
}

impl Account {
    /// The account that the credentials belong to.
    pub(crate) async fn identity(&self) -> Result<Identity, Error> {
        let reply = self
            .reader
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(AwsError::of("sts:GetCallerIdentity"))
            .map_err(Error::aws("asking who these credentials belong to"))?;
        Ok(Identity {
            account: reply.account.unwrap_or_default(),
            arn: reply.arn.unwrap_or_default(),
        })
    }
}

/// The way to the session's clean-up task.
#[derive(Clone, Debug)]
pub(crate) struct Cleanup(mpsc::UnboundedSender<Task>);

enum Task {
    Undo(Arc<Ledger>),
    Stop,
}

impl Cleanup {
    /// Has a deployment undone that nobody holds any more.
    pub(crate) fn hand_over(&self, ledger: Arc<Ledger>) {
        // A session that is closed has no task any more; the journal keeps what there is.
        let _ = self.0.send(Task::Undo(ledger));
    }
}

impl Session {
    /// A session on these credentials, with its journals in this store.
    ///
    /// Time is the configuration's: its sleep and time source serve every wait.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(config: SdkConfig, store: Arc<dyn ObjectStore>) -> Self {
        Self::with_listener(config, store, Arc::new(|_: &Event| {}))
    }

    /// A session that tells a listener what happens.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn with_listener(
        config: SdkConfig,
        store: Arc<dyn ObjectStore>,
        listener: Arc<dyn Listener>,
    ) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            inner: Arc::new(Inner {
                config,
                store,
                progress: Progress::new(listener),
                holder: Holder::this_process(),
                cleanup: Cleanup(sender),
                cleaner: Mutex::new(Some(tokio::spawn(clean(receiver)))),
            }),
        }
    }

    /// The configuration that the environment gives: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL` and the rest, as
    /// every AWS SDK reads them.
    pub async fn config_from_environment() -> SdkConfig {
        aws_config::load_defaults(BehaviorVersion::latest()).await
    }

    /// Waits until everything that was dropped is undone, and says what became of it.
    pub async fn close(self) -> Vec<Undone> {
        let _ = self.inner.cleanup.0.send(Task::Stop);
        let cleaner = self.inner.cleaner.lock().await.take();
        match cleaner {
            // A clean-up that panicked has left the rest to the journal.
            Some(cleaner) => cleaner.await.unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// The names of the stacks that have a journal here, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn stacks(&self) -> Result<Vec<StackName>, Error> {
        Ok(journal::stacks(self.inner.store.as_ref()).await?)
    }

    pub(crate) async fn no_such_stack(&self, stack: &StackName) -> Result<Error, Error> {
        let mut known = Vec::new();
        for name in self.stacks().await? {
            let journal = journal::Journal::open(self.store(), &name).await?;
            if !journal.state.is_gone() {
                known.push(name.to_string());
            }
        }
        Ok(Error::NoSuchStack {
            stack: stack.to_string(),
            known,
        })
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.inner.store)
    }

    pub(crate) fn holder(&self) -> &Holder {
        &self.inner.holder
    }

    pub(crate) fn cleanup(&self) -> Cleanup {
        self.inner.cleanup.clone()
    }

    /// The region of the environment, if it names one.
    pub(crate) fn region(&self) -> Option<String> {
        self.inner.config.region().map(ToString::to_string)
    }

    pub(crate) fn account(&self, region: String) -> Account {
        let sdk_region = Some(SdkRegion::new(region.clone()));
        Account {
            reader: Reader::new(&self.inner.config, sdk_region.clone()),
            writer: Writer::new(&self.inner.config, sdk_region),
            clock: Clock::of(&self.inner.config),
            progress: self.inner.progress.clone(),
            region,
        }
    }

    /// Twelve hexadecimal digits: two deployments of one name are told apart by them in tags and tokens.
    pub(crate) fn new_deployment_id(&self) -> String {
        let mut id = uuid::Uuid::new_v4().simple().to_string();
        id.truncate(12);
        id
    }
}

/// Undoes what is handed over, one after another, until the session is closed.
async fn clean(mut tasks: mpsc::UnboundedReceiver<Task>) -> Vec<Undone> {
    let mut done = Vec::new();
    while let Some(task) = tasks.recv().await {
        match task {
            Task::Undo(ledger) => {
                ledger.account.progress.step("Rolling back...");
                // Nobody was asked about the data, but it is minutes old.
                done.push(ledger.end(FileSystems::Delete).await);
            }
            Task::Stop => break,
        }
    }
    done
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("holder", &self.inner.holder).finish_non_exhaustive()
    }
}
