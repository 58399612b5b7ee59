//! A transition that failed: the error, what was undone, and the deployment as it was before.

use std::fmt;

use super::Deployment;
use super::guard::Guard as _;
use super::state::State;
use crate::error::Error;
use crate::ledger::undone::Undone;

/// Error returned when a transition fails. The transition's own part is undone, and `previous` is as it was.
///
/// Call the transition again on `previous`, or give up with `?`: then the deployment is dropped, and the session undoes
/// all of it. Expired credentials are no reason to undo anything: for that error, `?` leaves everything as it is, the
/// session's [`close`](crate::Session::close) lists it, and [`open`](crate::Session::open) continues the deployment.
#[derive(Debug)]
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
    pub(super) fn new(error: Error, undone: Undone, previous: Deployment<S>) -> Self {
        Self {
            error: Box::new(error),
            undone: Box::new(undone),
            previous,
        }
    }
}

impl<S: State> fmt::Display for Failed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)
    }
}

impl<S: State + fmt::Debug> std::error::Error for Failed<S> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The message is that of the error itself, so its source comes next.
        self.error.source()
    }
}

/// Gives up: the previous deployment is dropped and so undone, unless the credentials have expired.
impl<S: State> From<Failed<S>> for Error {
    fn from(failed: Failed<S>) -> Self {
        if let Some(mut guard) = failed.previous.inner.guard.begun()
            && failed.error.is_about_credentials()
        {
            guard.leave_on_drop();
        }
        *failed.error
    }
}
