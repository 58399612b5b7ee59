//! A transition that failed: what went wrong, what was undone, and the deployment as it was before.

use std::fmt;

use super::{Deployment, State};
use crate::error::Error;
use crate::ledger::undo::Undone;

/// A transition that failed. Its own part is undone, and `previous` is as it was.
///
/// Call the transition again on `previous`, or use `?` to give up: the deployment is dropped then, and the session
/// undoes all of it. Credentials that have run out are no reason to undo anything: for that error `?` leaves everything
/// as it is, the session's [`close`](crate::Session::close) lists it, and [`open`](crate::Session::open) takes it up again.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failed<S: State> {
    /// What went wrong.
    pub error: Box<Error>,
    /// What became of the transition's own part.
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
        Some(self.error.as_ref())
    }
}

/// Gives up: the previous deployment is dropped, and so undone, unless it was the credentials that failed.
impl<S: State> From<Failed<S>> for Error {
    fn from(mut failed: Failed<S>) -> Self {
        if failed.error.is_about_credentials() {
            failed.previous.inner.guard.leave_on_drop();
        }
        *failed.error
    }
}
