//! Much that sleeps most of the time, done at the same time.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// Does it with each, and fails after all have been done if any of it has.
///
/// Whoever goes on after a kill asks for half a minute what became of a call, and sleeps in between.
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

/// As many as sleep beside the one that works.
const WORKERS: usize = 48;
