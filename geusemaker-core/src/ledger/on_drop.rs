//! The choice of what happens to a deployment that is dropped.

/// The action for a deployment whose guard is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDrop {
    /// Undoes everything.
    UndoAll,
    /// Undoes only what was begun after the last reached state, which is in use.
    UndoUnfinished,
    /// Keeps everything as it is.
    Keep,
    /// Keeps everything as it is and lists it as left over, because the credentials have expired.
    Leave,
}
