//! The typestate of a deployment: the only way to change AWS, in the only order that works.
//!
//! ```text
//! Deployment<Planned> ──launch()──▶ Deployment<Ec2Ready> ──balance()──▶ Deployment<AlbHealthy>
//!                                        │                                   │ create_cdn()
//!                                        │ commit(): tier 1                  │ commit(): tier 2
//!                                        ▼                                   ▼
//!                                      Record                   Deployment<CdnPending>
//!                                                                            │ deployed()
//!                                                                            ▼
//!                                                  Deployment<CdnDeployed> ──commit()──▶ Record: tier 3
//! ```
//!
//! [`publish`](Deployment::publish) is `create_cdn` and `deployed` in one call. Every transition consumes the
//! deployment. A transition that fails undoes its own part and returns the rest in [`Failed`]; with `?` the rest is
//! dropped, and the session undoes it.

mod balance;
mod commit;
mod create_cdn;
mod deployed;
pub(crate) mod destroy;
mod failed;
mod launch;
mod open;
pub(crate) mod plan;
mod planning;
mod publish;
mod settle;
pub(crate) mod state;
pub(crate) mod status;

use std::sync::Arc;

use crate::error::Error;
use crate::ledger::Ledger;
use crate::ledger::rollback_guard::RollbackGuard;
use crate::ledger::state::Savepoint;
use crate::ledger::undo::{FileSystems, Undone};
use crate::session::Session;

pub use commit::{CommittedStack, Outputs};
pub use failed::Failed;
pub use open::AnyDeployment;
pub use state::{AlbHealthy, CdnDeployed, CdnPending, Ec2Ready, Planned, State};

/// A deployment in a state. When it is dropped, everything that it has created so far is undone; see
/// [`Deployment::commit`] and [`Deployment::keep`].
#[must_use = "a deployment that is dropped is undone"]
#[derive(Debug)]
pub struct Deployment<S: State> {
    inner: Box<Inner<S>>,
}

#[derive(Debug)]
struct Inner<S> {
    session: Session,
    guard: RollbackGuard,
    state: S,
}

impl<S: State> Deployment<S> {
    fn new(session: Session, guard: RollbackGuard, state: S) -> Self {
        Self {
            inner: Box::new(Inner {
                session,
                guard,
                state,
            }),
        }
    }

    /// Returns the state, which holds everything that the deployment consists of so far.
    pub fn state(&self) -> &S {
        &self.inner.state
    }

    /// Undoes everything that this deployment has created, and returns the result. If the deployment was committed
    /// before it was opened, only what was begun since then is undone; [`Session::destroy`](crate::Session::destroy)
    /// removes the rest.
    pub async fn rollback(self) -> Undone {
        self.inner.guard.rollback(FileSystems::Delete).await
    }

    /// Keeps everything as it is without committing it: the journal has it, and [`Session::open`](crate::Session::open)
    /// continues from there.
    ///
    /// # Errors
    /// Returns an error if the journal cannot be written. Even then, nothing is undone.
    pub async fn keep(self) -> Result<(), Error> {
        Ok(self.inner.guard.release().await?)
    }

    /// Records a transition that succeeded, and returns the next state.
    async fn reach<N>(self, next: N) -> Result<Deployment<N>, Box<(Error, Self)>>
    where
        N: State + Clone + Into<state::Reached>,
    {
        let recorded = match self.inner.guard.ledger() {
            Some(ledger) => ledger.reach(next.clone().into()).await,
            None => Ok(()),
        };
        match recorded {
            Ok(()) => {
                let Inner { session, guard, .. } = *self.inner;
                Ok(Deployment::new(session, guard, next))
            }
            Err(error) => Err(Box::new((error, self))),
        }
    }

    /// Ends a transition. Returns the next state, or undoes the transition's own part and returns this deployment in
    /// the error.
    async fn conclude<N>(
        self,
        savepoint: Savepoint,
        result: Result<N, Error>,
    ) -> Result<Deployment<N>, Failed<S>>
    where
        N: State + Clone + Into<state::Reached>,
    {
        let (error, previous) = match result {
            Ok(next) => match self.reach(next).await {
                Ok(deployment) => return Ok(deployment),
                Err(failed) => *failed,
            },
            Err(error) => (error, self),
        };
        let undone = match previous.inner.guard.ledger() {
            // Expired credentials cannot delete anything, and are no reason to: the user signs in and continues.
            Some(ledger) if error.is_about_credentials() => {
                ledger.leave(savepoint, &error.to_string()).await
            }
            Some(ledger) => {
                if ledger.has_since(savepoint).await {
                    ledger.account.progress.step("Undoing this step...");
                }
                ledger.undo(savepoint, FileSystems::Delete).await
            }
            None => Undone::default(),
        };
        Err(Failed::new(error, undone, previous))
    }
}

impl Ledger {
    async fn reach(&self, state: state::Reached) -> Result<(), Error> {
        let state = Box::new(state);
        Ok(self
            .append(crate::ledger::event::JournalEvent::Reached { state })
            .await?)
    }
}

/// Returns the ledger of a deployment that has begun. Every state after [`Planned`] has one.
#[expect(
    clippy::expect_used,
    reason = "only Planned is made without a ledger, and it does not ask"
)]
fn ledger_of(guard: &RollbackGuard) -> Arc<Ledger> {
    Arc::clone(
        guard
            .ledger()
            .expect("a deployment past Planned has a ledger"),
    )
}
