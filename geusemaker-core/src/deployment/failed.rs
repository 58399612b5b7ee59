//! A transition that failed: the error, what was undone, and the deployment as it was before.

use std::fmt;

use super::Deployment;
use super::guard::Guard as _;
use super::state::State;
use crate::error::Error;
use crate::ledger::undone::Undone;

/// Error returned when a transition fails. The transition's own part is undone, and `previous` is as it was.
///
/// Call the transition again on `previous`, or give up with `?`. In a function that returns [`Error`], `?` drops the
/// deployment, and the session undoes all of it. Expired credentials are no reason to undo anything: for that error,
/// everything is left as it is, the session's [`close`](crate::Session::close) lists it, and
/// [`open`](crate::Session::open) continues the deployment.
///
/// # In `anyhow::Error` and `Box<dyn Error>`
/// There, `?` keeps this error as it is, and the deployment in it: the undo begins when the error is dropped, or at the
/// latest when the session is closed. So close the session, whatever has happened:
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use geusemaker_core::{CommittedStack, DeploymentSpec, Journals, Session};
/// use geusemaker_testkit::{Aws, Fault};
///
/// async fn deploy(session: &Session, spec: DeploymentSpec) -> anyhow::Result<CommittedStack> {
///     Ok(session.plan(spec).await?.launch().await?.commit().await?)
/// }
///
/// let aws = Aws::builder().fault(Fault::on("RunInstances").denied()).build();
/// let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'").unwrap();
/// let deployed = deploy(&session, spec).await;
/// let closed = session.close().await;
/// // The error is still there, and nothing else is.
/// assert!(deployed.is_err());
/// assert!(aws.leftovers().is_empty() && closed.is_complete());
/// # }
/// ```
///
/// # In an error of your own
/// An enum of your own takes every `Failed` through [`Error`], and the undo begins at `?`:
///
/// ```
/// use geusemaker_core::{Error, Failed, State};
///
/// #[derive(Debug)]
/// enum MyError {
///     Deployment(Error),
///     // And whatever else can go wrong.
/// }
///
/// impl From<Error> for MyError {
///     fn from(error: Error) -> Self {
///         Self::Deployment(error)
///     }
/// }
///
/// impl<S: State> From<Failed<S>> for MyError {
///     fn from(failed: Failed<S>) -> Self {
///         Self::Deployment(failed.into())
///     }
/// }
/// ```
///
/// If it has no other `From`, one line takes every error of this crate, those of specs and ids too:
/// `impl<E: Into<geusemaker_core::Error>> From<E> for MyError`.
#[non_exhaustive]
pub struct Failed<S: State> {
    /// The error.
    pub error: Box<Error>,
    /// The result of undoing the transition's own part.
    pub undone: Box<Undone>,
    /// The deployment as it was before.
    pub previous: Deployment<S>,
}

impl<S: State> Failed<S> {
    /// Creates the error. Without credentials nothing can be undone, so the deployment is left as it is if it is
    /// dropped, wherever this error is by then.
    pub(super) fn new(error: Error, undone: Undone, previous: Deployment<S>) -> Self {
        if error.is_about_credentials()
            && let Some(guard) = previous.inner.guard.as_begun()
        {
            guard.leave_on_drop();
        }
        Self {
            error: Box::new(error),
            undone: Box::new(undone),
            previous,
        }
    }

    /// Creates the error of a transition that has not begun.
    pub(super) fn refused(error: Error, previous: Deployment<S>) -> Self {
        Self::new(error, Undone::default(), previous)
    }
}

impl<S: State> fmt::Debug for Failed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failed")
            .field("error", &self.error)
            .field("undone", &self.undone)
            .field("previous", &self.previous)
            .finish()
    }
}

impl<S: State> fmt::Display for Failed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)
    }
}

impl<S: State> std::error::Error for Failed<S> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The message is that of the error itself, so its source comes next.
        self.error.source()
    }
}

/// Gives up: the previous deployment is dropped and so undone, unless the credentials have expired.
impl<S: State> From<Failed<S>> for Error {
    fn from(failed: Failed<S>) -> Self {
        *failed.error
    }
}
