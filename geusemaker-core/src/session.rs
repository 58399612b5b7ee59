//! A session: credentials, a place for journals, a listener, and the task that cleans up what was dropped.

use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use object_store::ObjectStore;
use tokio_util::task::TaskTracker;

use crate::account::Account;
use crate::deployment::plan::Plan;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::ledger::claim::Holder;
use crate::ledger::cleanup::{Cleaner, Cleanup};
use crate::ledger::journal::{self, Journal, JournalError};
use crate::ledger::rollback_guard::{OnDrop, RollbackGuard};
use crate::ledger::state::Header;
use crate::ledger::undo::Undone;
use crate::progress::{Listener, Progress, ProgressEvent};
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
    cleaner: Cleaner,
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
        Self::with_listener(config, store, Arc::new(|_: &ProgressEvent| {}))
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
        Self {
            inner: Arc::new(Inner {
                config,
                store,
                progress: Progress::new(listener),
                cleaner: Cleaner::start(),
            }),
        }
    }

    /// The configuration that the environment gives: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL` and the rest, as
    /// every AWS SDK reads them. Credentials that are not accepted any more are looked up again, so that somebody can
    /// sign in while a deployment waits for that.
    pub async fn config_from_environment() -> SdkConfig {
        crate::aws::environment::config().await
    }

    /// From now on a deployment that is dropped is not undone: the call in hand is finished and recorded, everything
    /// stays as it is, and [`Session::open`] takes it up again. For a program that has to end and should come back.
    pub fn keep_dropped(&self) {
        self.inner.cleaner.handle().keep_dropped();
    }

    /// Waits until everything that was dropped is undone, and says what became of it. Of a removal that was dropped the
    /// calls under way are finished, and nothing more.
    pub async fn close(self) -> Vec<Undone> {
        self.inner.cleaner.stop().await
    }

    /// The names of the stacks that have a journal here, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn stacks(&self) -> Result<Vec<StackName>, Error> {
        Ok(journal::stacks(self.inner.store.as_ref()).await?)
    }

    /// Begins the journal of a deployment, and guards it from its first record on.
    pub(crate) async fn begin(&self, plan: &Plan) -> Result<RollbackGuard, Error> {
        let session = self.clone();
        let plan = plan.clone();
        let stack = plan.spec.name().to_string();
        let beginning = async move {
            let journal = Journal::open(session.store(), plan.spec.name()).await?;
            let account = session.account(plan.region.clone());
            let ledger = Ledger::begin(journal, account, &Holder::this_process(), &plan).await?;
            Ok(RollbackGuard::of(
                ledger,
                OnDrop::UndoAll,
                session.cleanup(),
            ))
        };
        let begun = self.inner.cleaner.finish(beginning).await;
        begun.unwrap_or(Err(Error::Stopped { key: stack }))
    }

    /// Takes up a deployment that was begun before.
    pub(crate) async fn acquire(&self, stack: &StackName) -> Result<Arc<Ledger>, Error> {
        for _ in 1..MOST_CLAIMS {
            match self.claim(stack).await {
                // Somebody was quicker, and the journal now says who; or a write was under way that is done now.
                Err(Error::Journal(JournalError::TakenOver { .. })) => {}
                claimed => return claimed,
            }
        }
        self.claim(stack).await
    }

    async fn claim(&self, stack: &StackName) -> Result<Arc<Ledger>, Error> {
        self.inner.cleaner.settle().await;
        let (journal, header) = self.journal(stack).await?;
        let account = self.account(header.plan.region.clone());
        let identity = account.identity().await?;
        if identity.account != header.plan.account {
            return Err(Error::OtherAccount {
                stack: stack.to_string(),
                recorded: header.plan.account,
                actual: identity.account,
            });
        }
        Ledger::acquire(journal, header, account, &Holder::this_process()).await
    }

    /// The journal of a deployment that there is.
    pub(crate) async fn journal(&self, stack: &StackName) -> Result<(Journal, Header), Error> {
        let journal = Journal::open(self.store(), stack).await?;
        match journal.state.deployment.clone() {
            Some(header) => Ok((journal, header)),
            None => Err(Error::NoSuchStack {
                stack: stack.to_string(),
                known: self.known().await?,
            }),
        }
    }

    /// The stack that has made this resource and not let go of it, as far as the journals here say.
    pub(crate) async fn maker_of(&self, id: &str) -> Result<Option<StackName>, Error> {
        for name in self.stacks().await? {
            let Ok(journal) = Journal::open(self.store(), &name).await else {
                continue;
            };
            let entries = journal.state.entries();
            if entries
                .iter()
                .any(|entry| entry.is_owned() && entry.id() == Some(id))
            {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// The names of the stacks that exist; a journal that cannot be read is not worth another error here.
    pub(crate) async fn known(&self) -> Result<Vec<String>, Error> {
        let mut known = Vec::new();
        for name in self.stacks().await? {
            if Journal::open(self.store(), &name)
                .await
                .is_ok_and(|journal| !journal.state.is_gone())
            {
                known.push(name.to_string());
            }
        }
        Ok(known)
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.inner.store)
    }

    /// The calls that [`Session::close`] waits for.
    pub(crate) fn calls(&self) -> TaskTracker {
        self.inner.cleaner.begun()
    }

    pub(crate) fn cleanup(&self) -> Cleanup {
        self.inner.cleaner.handle()
    }

    /// The region of the environment, if it names one.
    pub(crate) fn region(&self) -> Option<String> {
        self.inner
            .config
            .region()
            .map(ToString::to_string)
            // An empty AWS_REGION names none.
            .filter(|region| !region.is_empty())
    }

    pub(crate) fn account(&self, region: String) -> Account {
        Account::new(&self.inner.config, self.inner.progress.clone(), region)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// How often a journal is claimed that others write to at the same time.
const MOST_CLAIMS: u32 = 5;
