//! The typestate of a deployment: the only way to change AWS, in the only order that works.
//!
//! ```text
//! Deployment<Planned> ──launch()──▶ Deployment<Ec2Ready> ──balance()──▶ Deployment<AlbHealthy>
//!                                        │                                   │ create_cdn()
//!                                        │ commit(): tier 1                  │ commit(): tier 2
//!                                        ▼                                   ▼
//!                                      CommittedStack           Deployment<CdnPending>
//!                                                                            │ wait_until_deployed()
//!                                                                            ▼
//!                                                  Deployment<CdnDeployed> ──commit()──▶ CommittedStack: tier 3
//! ```
//!
//! [`publish`](Deployment::publish) is `create_cdn` and `wait_until_deployed` in one call. Every transition consumes the
//! deployment. A transition that fails undoes its own part and returns the rest in [`Failed`]; with `?` the rest is
//! dropped, and the session undoes it.

mod access_points;
mod allowed_ranges;
mod asked_tier;
mod balance;
pub(crate) mod bearer_token_rotation;
mod certificates;
pub(crate) mod commit;
mod create_cdn;
pub(crate) mod failed;
mod guard;
mod healthy_targets;
mod instance_role;
mod instances;
mod kept_console;
pub(crate) mod launch;
mod listeners;
mod names;
mod network;
pub(crate) mod origin_secret_rotation;
mod pending_work;
mod protection;
mod publish;
mod started_services;
pub(crate) mod state;
mod vpc_origin;
mod wait_until_deployed;

use std::fmt;
use std::sync::Arc;

use self::failed::Failed;
use self::guard::Guard as _;
use self::state::State;
use crate::error::Error;
use crate::journal::state::Savepoint;
use crate::ledger::Ledger;
use crate::ledger::rollback_guard::RollbackGuard;
use crate::ledger::undone::{FileSystems, Undone};
use crate::plan::reached::Reached;
use crate::progress::event::ProgressUpdate;
use crate::progress::step::Step;

/// A deployment in a state. When it is dropped, everything that it has created so far is undone; see
/// [`Deployment::commit`] and [`Deployment::keep`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
/// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// // Each step consumes the deployment, and returns it in its next state.
/// let ready = session.plan(spec).await?.launch().await?;
/// println!("{} runs", ready.state().instances[0].id);
/// let healthy = ready.balance().await?;
/// println!("{} is healthy", healthy.state().load_balancer.dns_name);
/// // From now on, nothing undoes it by itself.
/// let stack = healthy.commit().await?;
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # assert!(aws.leftovers().is_empty());
/// # session.close().await.into_result()
/// # }
/// ```
#[must_use = "a deployment that is dropped is undone"]
pub struct Deployment<S: State> {
    inner: Box<Inner<S>>,
}

struct Inner<S: State> {
    guard: S::Guard,
    state: S,
}

impl<S: State> Deployment<S> {
    pub(crate) fn new(guard: S::Guard, state: S) -> Self {
        Self {
            inner: Box::new(Inner { guard, state }),
        }
    }

    /// Returns the state, which holds everything that the deployment consists of so far.
    pub fn state(&self) -> &S {
        &self.inner.state
    }

    /// Returns the guard and the state for a transition, unless the session was closed. A failure before may have made
    /// the guard leave everything.
    fn begin(self) -> Result<(S::Guard, S), Failed<S>> {
        let rearmed = self
            .inner
            .guard
            .as_begun()
            .map_or(Ok(()), RollbackGuard::rearm);
        match rearmed {
            Ok(()) => {
                let Inner { guard, state } = *self.inner;
                Ok((guard, state))
            }
            Err(error) => Err(Failed::refused(error, self)),
        }
    }

    /// Undoes everything that this deployment has created, and returns the result. If the deployment was committed
    /// before it was opened, only what was begun since then is undone; [`Session::destroy`](crate::Session::destroy)
    /// removes the rest.
    pub async fn rollback(self) -> Undone {
        match self.inner.guard.begun() {
            Some(guard) => guard.rollback(FileSystems::Delete).await,
            None => Undone::default(),
        }
    }

    /// Keeps everything as it is without committing it: the journal has it, and [`Session::open`](crate::Session::open)
    /// continues from there.
    ///
    /// # Errors
    /// Returns an error if the journal cannot be written; even then, nothing is undone. After the session was closed, it
    /// returns [`Error::SessionClosed`], and the session has undone or kept the deployment already.
    pub async fn keep(self) -> Result<(), Error> {
        match self.inner.guard.begun() {
            Some(guard) => guard.release().await,
            None => Ok(()),
        }
    }
}

/// Shows the stack and the deployment, whose plan and state fill pages.
impl<S: State> fmt::Debug for Deployment<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = &self.inner.state.plan().spec;
        write!(f, "Deployment<{}>", S::NAME)?;
        let mut shown = f.debug_struct("");
        shown
            .field("stack", &spec.name().as_str())
            .field("tier", &spec.tier().number());
        if let Some(guard) = self.inner.guard.as_begun() {
            shown.field("deployment", &guard.ledger().owner.deployment.as_str());
        }
        shown.finish()
    }
}

/// Ends a transition. Records and returns the next state, or undoes the transition's own part and returns the
/// deployment as it was in the error.
async fn conclude<S, N>(
    guard: RollbackGuard,
    state: S,
    savepoint: Savepoint,
    result: Result<N, Error>,
) -> Result<Deployment<N>, Failed<S>>
where
    S: State,
    N: State<Guard = RollbackGuard> + Clone + Into<Reached>,
{
    let ledger = guard.ledger();
    let reached = async {
        let next = result?;
        ledger.reach(next.clone().into()).await?;
        Ok::<_, Error>(next)
    };
    let error = match reached.await {
        Ok(next) => return Ok(Deployment::new(guard, next)),
        Err(error) => error,
    };
    ledger.account.progress.tell(ProgressUpdate::Failed {
        message: error.with_sources(),
    });
    if !ledger.is_closed() {
        kept_console::keep(ledger, &error).await;
    }
    let undone = undo_step(ledger, savepoint, &error).await;
    Err(Failed::new(
        error,
        undone,
        Deployment::new(guard.into(), state),
    ))
}

/// Undoes what a transition that failed has created. Expired credentials cannot delete anything, and are no reason to:
/// the user signs in and continues.
async fn undo_step(ledger: &Arc<Ledger>, savepoint: Savepoint, error: &Error) -> Undone {
    if ledger.is_closed() {
        // The session does it, and says so when it is closed.
        return Undone::default();
    }
    if error.is_about_credentials() {
        return ledger.leave(savepoint, &error.with_sources()).await;
    }
    if ledger.has_since(savepoint) {
        ledger.account.progress.step(Step::UndoingStep);
    }
    ledger.undo(savepoint, FileSystems::Delete).await
}
