//! Work that sleeps most of the time, done in parallel.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// Does the work for each item in parallel; if any of it fails, panics once all of it is done.
///
/// After a kill, the next process checks for half a minute of its time what happened to the pending call, and sleeps
/// between the checks.
pub(super) fn at_each<T: Display + Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    let next = Mutex::new(all.iter());
    let failed = Mutex::new(Vec::new());
    let work_off = || {
        loop {
            let Some(one) = next.lock().unwrap().next() else {
                return;
            };
            if catch_unwind(AssertUnwindSafe(|| work(one))).is_err() {
                failed.lock().unwrap().push(one.to_string());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WORKERS.min(all.len()) {
            scope.spawn(work_off);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} of {} failed: {failed:#?}",
        failed.len(),
        all.len()
    );
}

/// The number of threads: most of them sleep while one works.
const WORKERS: usize = 12;
