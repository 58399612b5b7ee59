//! `cargo xtask chaos`: runs the real `gm` against moto, an independent AWS server, with faults of every kind between
//! them.
//!
//! Each round is the life of a stack in its own account: calls are refused, fail, are lost before or after their
//! effect, or arrive late, and the program is killed in the middle. After every command the account is listed. A
//! resource that `gm` does not know is a failure, and so is an exit code that does not keep its promise. At the end no
//! more faults happen, and the stack must come up or be removed.

mod account;
mod fault;
mod gm;
mod http;
mod proxy;
mod rng;
mod round;
mod verdict;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::Args;

use self::account::Account;
use self::proxy::Proxy;
use self::rng::Rng;
use self::round::Round;
use crate::moto::Moto;
use crate::workspace::Workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// Number of rounds
    #[arg(long, default_value_t = 12)]
    rounds: u64,
    /// Seed for all faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The first round, to repeat one that failed
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Number of rounds at the same time; nearly all of the time is spent waiting
    #[arg(long, default_value_t = 6)]
    at_once: u64,
    /// Include faults that gm gives up only after minutes: calls that stall, and operations that fail every time
    #[arg(long)]
    slow: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let workspace = Workspace::read()?;
    workspace.build_programs()?;
    let directory = workspace.target_directory.join("chaos");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    // A copy, so that a build in the meantime makes no difference.
    let gm = directory.join("gm");
    fs::copy(workspace.gm(), &gm)?;
    let moto = Moto::start(&workspace)?;
    let next = AtomicU64::new(options.first);
    let failed = AtomicU64::new(0);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..options.at_once.min(options.rounds))
            .map(|worker| {
                let directory = directory.join(format!("worker-{worker}"));
                let (gm, moto, next, failed) = (&gm, &moto, &next, &failed);
                scope.spawn(move || work(options, gm, moto, &directory, next, failed))
            })
            .collect();
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .map_err(|_| anyhow!("a worker has panicked"))?
        })
    })?;
    let failed = failed.into_inner();
    println!(
        "chaos: {} rounds passed, {failed} failed",
        options.rounds - failed
    );
    ensure!(failed == 0, "what gm wrote is in {}", directory.display());
    Ok(())
}

/// Runs one round after the other in the same account.
fn work(
    options: &Options,
    gm: &Path,
    moto: &Moto,
    directory: &Path,
    next: &AtomicU64,
    failed: &AtomicU64,
) -> Result<()> {
    let mut account = Account::open(moto, directory.to_owned())?;
    let proxy = Proxy::start(account.server())?;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= options.first + options.rounds {
            return Ok(());
        }
        let round = Round {
            seed: options.seed,
            number,
            rng: Rng::new(options.seed).of(number),
            is_slow: options.slow,
            gm,
            directory: directory.with_file_name(format!("round-{number}")),
        };
        let report = round
            .live(&mut account, &proxy)
            .with_context(|| format!("round {number}"))?;
        if !report.problems.is_empty() {
            failed.fetch_add(1, Ordering::Relaxed);
        }
        println!("{report}");
    }
}
