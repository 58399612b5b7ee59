//! The choice of what happens to a deployment that is dropped.

use super::Ledger;
use crate::journal::state::Savepoint;

/// The action for a deployment whose guard is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDrop {
    /// Undoes everything.
    UndoAll,
    /// Undoes only what was begun after the last reached state, and after this place: the rest is in use, or was kept
    /// on purpose.
    UndoSince(Savepoint),
    /// Keeps everything as it is.
    Keep,
    /// Keeps everything as it is and lists it as left over, because the credentials have expired.
    Leave,
}

impl OnDrop {
    /// Returns the place behind which everything is undone, if not all is.
    pub(super) fn savepoint(self, ledger: &Ledger) -> Savepoint {
        match self {
            Self::UndoSince(opened) => ledger.savepoint().max(opened),
            Self::UndoAll | Self::Keep | Self::Leave => ledger.savepoint(),
        }
    }
}
