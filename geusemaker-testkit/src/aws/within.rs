//! The account from within: for its traffic, which reads it and changes it without a call.

use std::fmt;
use std::sync::{Arc, Weak};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{Aws, Shared};
use crate::lock::lock;
use crate::sim::account::Account;
use crate::sim::guest::Guest;
use crate::traffic::DataPlane;

impl Aws {
    /// Reads the account as it is now.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Account, Timestamp) -> T) -> T {
        read(&lock(&self.shared.account), self.clock().now())
    }

    /// Changes the account as something in it does, not a call.
    pub(crate) fn update<T>(&self, update: impl FnOnce(&mut Account, Timestamp) -> T) -> T {
        update(&mut lock(&self.shared.account), self.clock().now())
    }

    /// Announces a change that no call has made.
    pub(crate) fn announce_change(&self) {
        let generation = &self.shared.generation;
        generation.send_modify(|generation| *generation += 1);
    }

    /// Returns a number that grows with every call that may have changed something.
    pub(crate) fn generation(&self) -> u64 {
        *self.shared.generation.borrow()
    }

    /// Returns a receiver of the same number, to wait for a change. It does not keep the account.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.shared.generation.subscribe()
    }

    /// Returns the state of the traffic.
    pub(crate) fn data_plane(&self) -> Arc<DataPlane> {
        Arc::clone(&self.shared.traffic)
    }

    /// Returns the software of the instances.
    pub(crate) fn guest(&self) -> &Arc<dyn Guest> {
        &self.shared.guest
    }

    /// Returns a handle for a task of the account's own, such as a connection: one that is still open at the end of a test
    /// does not keep the account from telling about unfired faults.
    pub(crate) fn for_task(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            reporter: None,
        }
    }

    /// Returns a handle that does not keep the account, for tasks that run as long as it exists. With a full handle,
    /// such a task would keep the account from telling about unfired faults at the end of a test.
    pub(crate) fn downgrade(&self) -> WeakAws {
        WeakAws(Arc::downgrade(&self.shared))
    }
}

/// A handle to an account that does not keep it.
#[derive(Clone)]
pub(crate) struct WeakAws(Weak<Shared>);

impl WeakAws {
    /// Returns the account if it still exists.
    pub(crate) fn upgrade(&self) -> Option<Aws> {
        Some(Aws {
            shared: self.0.upgrade()?,
            reporter: None,
        })
    }
}

impl fmt::Debug for WeakAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakAws").finish_non_exhaustive()
    }
}
