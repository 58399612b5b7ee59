//! The report of faults that have not fired, when a test drops its last handle to the account.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Shared;
use crate::lock::lock;

/// Panics when it is dropped, if faults are left that have not fired.
pub(super) struct Reporter(pub(super) Arc<Shared>);

impl Drop for Reporter {
    fn drop(&mut self) {
        // A test that fails already has a more useful message.
        if std::thread::panicking() {
            return;
        }
        let Self(shared) = self;
        let mut unfired: Vec<_> = lock(&shared.faults)
            .unreported()
            .into_iter()
            .map(|fault| format!("\n  {fault}"))
            .collect();
        if !shared.boot_faults_taken.load(Ordering::Relaxed) {
            let boot_faults = shared.guest.unfired();
            unfired.extend(boot_faults.iter().map(|fault| format!("\n  {fault}")));
        }
        #[cfg(feature = "traffic")]
        {
            let faults = shared.traffic.programs.faults.unreported();
            unfired.extend(faults.iter().map(|fault| format!("\n  {fault}")));
        }
        assert!(
            unfired.is_empty(),
            "faults that never fired, and are not optional:{}",
            unfired.concat()
        );
    }
}
