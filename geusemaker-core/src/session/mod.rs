//! A session: credentials, a store for journals, a listener, and the task that undoes dropped deployments.

mod adjust;
mod bearer_token;
pub(crate) mod builder;
pub(crate) mod config_loader;
mod cost;
mod destroy;
pub(crate) mod gpu_offers;
pub(crate) mod health;
pub(crate) mod history;
mod invalidate;
pub(crate) mod kept_file_systems;
pub(crate) mod open;
pub(crate) mod orphans;
pub(crate) mod overview;
mod preflight;
mod remote;
mod resume;
mod rotate_origin_secret;
pub(crate) mod status;
mod unlock;
mod verify;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use jiff::Timestamp;
use object_store::ObjectStore;
use tokio_util::task::TaskTracker;

use self::builder::SessionBuilder;
use self::config_loader::ConfigLoader;
use crate::account::Account;
use crate::aws::clock::Clock;
use crate::aws::clock_speed::ClockSpeed;
use crate::error::Error;
use crate::journal::claim::Holder;
use crate::journal::journals::Journals;
use crate::journal::state::Header;
use crate::journal::{self, Journal, JournalError};
use crate::ledger::Ledger;
use crate::ledger::cleanup::{Cleaner, Cleanup};
use crate::ledger::unfinished::Closed;
use crate::progress::Listener;
use crate::spec::{Region, StackName};
use crate::wait::timeouts::Timeouts;

/// The most attempts to claim a journal that other processes write to at the same time.
const MOST_CLAIMS: u32 = 5;

/// The entry point of this crate, from which deployments are planned and opened. It keeps their journals.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let aws = geusemaker_testkit::Aws::new();
/// # let config = aws.sdk_config();
/// # let spec = geusemaker_core::DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// use geusemaker_core::{FileSystems, Journals, Session};
///
/// let journals = Journals::in_folder(folder.path())?;
/// // `Session::config_from_environment().await` for a real account.
/// let session = Session::new(config, journals);
/// let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// session.destroy(&stack.name, FileSystems::Delete).await?.into_result()?;
/// session.close().await.into_result()?;
/// # assert!(aws.leftovers().is_empty());
/// # Ok(())
/// # }
/// ```
///
/// # The end of a session
/// A deployment that is dropped before it is committed is undone by the session, which takes AWS minutes. So await
/// [`Session::close`] before the runtime ends, whatever has happened: it ends every deployment that is neither committed
/// nor kept, and says what became of it.
///
/// Everything that waits for AWS needs the tokio runtime in which the session was created.
///
/// A session that is dropped without it goes on undoing dropped deployments as long as the runtime runs, and nothing
/// hears of the result. Whenever the runtime ends, the journal has everything that exists:
/// [`Session::open`], [`Session::resume`], [`Session::rollback`] and [`Session::destroy`] continue from there.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    config: SdkConfig,
    journals: Journals,
    listener: Arc<dyn Listener>,
    speed: ClockSpeed,
    timeouts: Timeouts,
    cleaner: Cleaner,
}

impl Session {
    /// Creates a session with this configuration of the AWS SDK, and nothing that hears of its progress; see
    /// [`Session::builder`]. Every wait uses the sleep and the time source of the configuration.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    #[must_use]
    pub fn new(config: SdkConfig, journals: impl Into<Journals>) -> Self {
        SessionBuilder::new(config, journals.into()).start()
    }

    /// Starts a session with this configuration of the AWS SDK, which keeps its journals there.
    pub fn builder(config: SdkConfig, journals: impl Into<Journals>) -> SessionBuilder {
        SessionBuilder::new(config, journals.into())
    }

    /// Loads the configuration from the environment: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL` and the rest, as
    /// every AWS SDK reads them. Credentials that are no longer accepted are looked up again, so that the user can sign
    /// in while a deployment waits.
    pub async fn config_from_environment() -> SdkConfig {
        Self::config_loader().load().await
    }

    /// Starts to load a configuration that differs from the environment's in its profile, Region or endpoint.
    pub fn config_loader() -> ConfigLoader {
        ConfigLoader::default()
    }

    /// Keeps deployments that are dropped from now on: the call under way is finished and recorded, everything stays as
    /// it is, and [`Session::open`] continues the deployment later. For a program that has to end and will be started
    /// again.
    pub fn keep_dropped(&self) {
        self.inner.cleaner.handle().keep_dropped();
    }

    /// Ends every deployment of this session and of its clones that is neither committed nor kept, and returns what
    /// became of each. A deployment that something still holds, a variable or a boxed error, is ended like a dropped
    /// one: it is undone, or kept after [`Session::keep_dropped`]. From then on it can make nothing more, and its
    /// transitions return [`Error::SessionClosed`]; so do new ones.
    ///
    /// Of a removal that was dropped, only the calls under way are finished, and the list has what is left. Reading,
    /// such as [`Session::status`], still works.
    ///
    /// The result is the same however often the session is closed, and a `close` that is dropped half way can be called
    /// again.
    pub async fn close(&self) -> Closed {
        self.inner.cleaner.stop().await
    }

    /// Returns the names of the stacks that exist, and of those whose journals cannot be read, sorted.
    ///
    /// # Errors
    /// Returns an error if the journals cannot be listed.
    pub async fn stacks(&self) -> Result<Vec<StackName>, Error> {
        let mut stacks = Vec::new();
        for name in self.histories().await? {
            let journal = Journal::open(self.store(), &name).await;
            if journal.map_or(true, |journal| !journal.state.is_gone()) {
                stacks.push(name);
            }
        }
        Ok(stacks)
    }

    /// Returns the names of all stacks that have a journal, sorted: also of those that are gone, whose journal stays as
    /// their history.
    ///
    /// # Errors
    /// Returns an error if the journals cannot be listed.
    pub async fn histories(&self) -> Result<Vec<StackName>, Error> {
        Ok(journal::stacks(self.store().as_ref()).await?)
    }

    /// Acquires the journal of a deployment that was begun earlier.
    pub(crate) async fn acquire(&self, stack: &StackName) -> Result<Arc<Ledger>, Error> {
        for _ in 1..MOST_CLAIMS {
            match self.claim(stack).await {
                // Another process was quicker, and the journal now names it; or a write was under way that is done now.
                Err(Error::Journal(JournalError::TakenOver { .. })) => {}
                // A call of this session that nobody waits for any more may be about to release its claim.
                Err(Error::Locked { holder, .. }) if holder.is_this_process() => {}
                claimed => return claimed,
            }
        }
        self.claim(stack).await
    }

    /// Waits until what was dropped so far is undone.
    pub(crate) async fn drain(&self) {
        self.inner.cleaner.drain().await;
    }

    async fn claim(&self, stack: &StackName) -> Result<Arc<Ledger>, Error> {
        self.drain().await;
        let (journal, header) = self.journal(stack).await?;
        let account = self.account(header.plan.region.clone()).of_stack(stack);
        let identity = account.identity().await?;
        if identity.account != header.plan.account {
            return Err(Error::OtherAccount {
                stack: stack.clone(),
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
                stack: stack.clone(),
                known: self.known().await?,
            }),
        }
    }

    /// Returns the stack that owns this resource, as far as the journals in this store say.
    pub(crate) async fn maker_of(&self, id: &str) -> Result<Option<StackName>, Error> {
        for name in self.histories().await? {
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
    pub(crate) async fn known(&self) -> Result<Vec<StackName>, Error> {
        let mut known = Vec::new();
        for name in self.histories().await? {
            if Journal::open(self.store(), &name)
                .await
                .is_ok_and(|journal| !journal.state.is_gone())
            {
                known.push(name);
            }
        }
        Ok(known)
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(self.inner.journals.store())
    }

    /// Returns the calls that [`Session::close`] waits for.
    pub(crate) fn calls(&self) -> TaskTracker {
        self.inner.cleaner.handle().begun()
    }

    pub(crate) fn cleanup(&self) -> Cleanup {
        self.inner.cleaner.handle()
    }

    /// Returns the given region, or else the one of the environment.
    ///
    /// # Errors
    /// Returns an error if no region is named, or the environment's is not one.
    pub(crate) fn region_or(&self, region: Option<&Region>) -> Result<Region, Error> {
        if let Some(region) = region {
            return Ok(region.clone());
        }
        let configured = self.inner.config.region().map(AsRef::as_ref);
        // An empty AWS_REGION names no region.
        match configured.filter(|region| !region.is_empty()) {
            Some(region) => Ok(region.parse()?),
            None => Err(Error::NoRegion),
        }
    }

    /// Returns the time of the session's clock, which is that of the configuration of the AWS SDK.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// Waits for a duration of the account's time, which is faster than this machine's where it is simulated.
    pub async fn sleep(&self, duration: Duration) {
        self.clock().sleep(duration).await;
    }

    /// Returns the clock, which needs no client.
    pub(crate) fn clock(&self) -> Clock {
        Clock::of(&self.inner.config).at_speed(self.inner.speed)
    }

    pub(crate) fn account(&self, region: Region) -> Account {
        let Inner {
            config,
            listener,
            speed,
            timeouts,
            ..
        } = &*self.inner;
        Account::new(config, *speed, listener, region).with_timeouts(timeouts.clone())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
