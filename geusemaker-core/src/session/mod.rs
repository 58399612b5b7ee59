//! A session: credentials, a store for journals, a listener, and the task that undoes dropped deployments.

mod destroy;
pub(crate) mod history;
pub(crate) mod open;
pub(crate) mod orphans;
mod plan;
pub(crate) mod status;

use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use object_store::ObjectStore;
use tokio_util::task::TaskTracker;

use crate::account::Account;
use crate::aws::clock_speed::{ClockSpeed, NotSimulated, ensure_simulated};
use crate::error::Error;
use crate::journal::claim::Holder;
use crate::journal::state::Header;
use crate::journal::{self, Journal, JournalError};
use crate::ledger::Ledger;
use crate::ledger::cleanup::{Cleaner, Cleanup};
use crate::ledger::undone::Undone;
use crate::progress::{Listener, Progress, ProgressEvent};
use crate::spec::StackName;

/// The most attempts to claim a journal that other processes write to at the same time.
const MOST_CLAIMS: u32 = 5;

/// The entry point of this crate, from which deployments are planned and opened. Its store keeps their journals.
///
/// A deployment that is dropped before it is committed is undone by the session. That takes AWS minutes, so await
/// [`Session::close`] before the runtime ends. The journal has everything that could not be undone in time.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
    speed: ClockSpeed,
}

struct Inner {
    config: SdkConfig,
    store: Arc<dyn ObjectStore>,
    progress: Progress,
    cleaner: Cleaner,
}

impl Session {
    /// Creates a session with these credentials, whose journals are kept in this store.
    ///
    /// Every wait uses the sleep and the time source of the configuration.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    #[must_use]
    pub fn new(config: SdkConfig, store: Arc<dyn ObjectStore>) -> Self {
        Self::with_listener(config, store, Arc::new(|_: &ProgressEvent| {}))
    }

    /// Creates a session that reports its progress to a listener.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
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
            speed: ClockSpeed::OF_AWS,
        }
    }

    /// Returns this session for an account whose time passes at this speed: a simulated one, in another process on this
    /// machine. All durations of this session are then the account's: pauses between polls and before retries,
    /// deadlines, and the times that the listener hears of. Call timeouts, and what processes compare with each other
    /// in the journal, stay as they are.
    ///
    /// # Errors
    /// Returns an error if a service's calls leave this machine: AWS must not be polled faster than in real time.
    pub fn with_clock_speed(self, speed: ClockSpeed) -> Result<Self, NotSimulated> {
        ensure_simulated(&self.inner.config)?;
        Ok(Self { speed, ..self })
    }

    /// Loads the configuration from the environment: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL` and the rest, as
    /// every AWS SDK reads them. Credentials that are no longer accepted are looked up again, so that the user can sign
    /// in while a deployment waits.
    pub async fn config_from_environment() -> SdkConfig {
        crate::aws::environment::config().await
    }

    /// Keeps deployments that are dropped from now on: the call under way is finished and recorded, everything stays as
    /// it is, and [`Session::open`] continues the deployment later. For a program that has to end and will be started
    /// again.
    pub fn keep_dropped(&self) {
        self.inner.cleaner.handle().keep_dropped();
    }

    /// Waits until everything that was dropped is undone, and returns the results. Of a removal that was dropped, only
    /// the calls under way are finished.
    pub async fn close(self) -> Vec<Undone> {
        self.inner.cleaner.stop().await
    }

    /// Returns the names of the stacks that have a journal in this store, sorted.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub async fn stacks(&self) -> Result<Vec<StackName>, Error> {
        Ok(journal::stacks(self.inner.store.as_ref()).await?)
    }

    /// Acquires the journal of a deployment that was begun earlier.
    pub(crate) async fn acquire(&self, stack: &StackName) -> Result<Arc<Ledger>, Error> {
        for _ in 1..MOST_CLAIMS {
            match self.claim(stack).await {
                // Another process was quicker, and the journal now names it; or a write was under way that is done now.
                Err(Error::Journal(JournalError::TakenOver { .. })) => {}
                claimed => return claimed,
            }
        }
        self.claim(stack).await
    }

    async fn claim(&self, stack: &StackName) -> Result<Arc<Ledger>, Error> {
        self.inner.cleaner.drain().await;
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

    /// Returns the journal of a deployment that exists.
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

    /// Returns the stack that owns this resource, as far as the journals in this store say.
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

    /// Returns the names of the stacks that exist, without those whose journals cannot be read: the caller already
    /// reports an error.
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

    /// Returns the calls that [`Session::close`] waits for.
    pub(crate) fn calls(&self) -> TaskTracker {
        self.inner.cleaner.handle().begun()
    }

    pub(crate) fn cleanup(&self) -> Cleanup {
        self.inner.cleaner.handle()
    }

    /// Returns the region of the environment, if it names one.
    pub(crate) fn region(&self) -> Option<String> {
        self.inner
            .config
            .region()
            .map(ToString::to_string)
            // An empty AWS_REGION names no region.
            .filter(|region| !region.is_empty())
    }

    pub(crate) fn account(&self, region: String) -> Account {
        let Inner {
            config, progress, ..
        } = &*self.inner;
        Account::new(config, self.speed, progress.clone(), region)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
