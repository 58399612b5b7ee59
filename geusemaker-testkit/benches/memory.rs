//! The memory of an idle account: the growth of the process when it creates a thousand accounts.
//!
//! It is measured from outside, as resident memory, because an allocator that counts would need unsafe code. Linux
//! reports it in `/proc`; on other systems nothing is measured.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::fs;
use std::process::ExitCode;

use geusemaker_testkit::Aws;
use tokio::runtime::Builder;

const ACCOUNTS: u64 = 1_000;

/// The upper limit for one account.
const AIM_KIB: u64 = 1_024;

fn main() -> ExitCode {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let _entered = runtime.enter();
    // The first account creates the data that all accounts share, such as the catalog.
    let first = Aws::new();
    let Some(before) = resident_kib() else {
        println!("memory per idle account: not measured, there is no /proc/self/status");
        return ExitCode::SUCCESS;
    };
    let accounts: Vec<Aws> = (0..ACCOUNTS).map(|_| Aws::new()).collect();
    let grown = resident_kib().unwrap().saturating_sub(before);
    let each = grown as f64 / ACCOUNTS as f64;
    println!("memory per idle account: {each:.1} KiB (aim: under {AIM_KIB} KiB)");
    drop((first, accounts));
    if grown < AIM_KIB * ACCOUNTS {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns the resident memory of this process.
fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
