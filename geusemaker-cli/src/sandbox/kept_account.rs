//! The account that is kept between runs: a file, and the lock that decides which process may write it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use geusemaker_core::Holder;
use geusemaker_testkit::{Aws, AwsBuilder, Snapshot};

use crate::failure::Failure;
use crate::progress_display::ProgressDisplay;
use crate::state_directory::StateDirectory;

/// The account's file, which is locked for this process until this value is dropped.
#[derive(Debug)]
pub(crate) struct KeptAccount {
    file: PathBuf,
    _lock: Option<fs::File>,
}

/// The reaction to an account that another process holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lock<'a> {
    /// Wait for a while and tell the user: commands in the sandbox are short.
    Wait(&'a ProgressDisplay),
    /// Return an error.
    Refuse,
}

/// The time after which a process that holds the account is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two attempts to lock the account.
const PAUSE: Duration = Duration::from_millis(100);

impl KeptAccount {
    /// Locks the account for this process.
    pub(crate) fn lock(state: &StateDirectory, lock: Lock<'_>) -> Result<Self, Failure> {
        let file = state.account_file();
        // If no lock file can be written, the account cannot be overwritten either.
        let Some(locked) = open_lock(&file) else {
            return Ok(Self { file, _lock: None });
        };
        if let Err(fs::TryLockError::WouldBlock) = locked.try_lock() {
            let taken = format!("the sandbox's account is in use by {}", holder(&file));
            match lock {
                Lock::Wait(display) => {
                    let limit = PATIENCE.as_secs();
                    display.note(&format!("{taken}; waiting up to {limit}s until it ends..."));
                    wait(&locked, &taken)?;
                }
                Lock::Refuse => return Err(refusal(&taken)),
            }
        }
        name_holder(&locked);
        Ok(Self {
            file,
            _lock: Some(locked),
        })
    }

    /// Locks the account for a command that only reads, or returns `None` if another process holds it: the command can
    /// then read the account as it is now.
    pub(crate) fn lock_if_free(state: &StateDirectory) -> Option<Self> {
        let file = state.account_file();
        let locked = open_lock(&file);
        if let Some(locked) = &locked {
            if let Err(fs::TryLockError::WouldBlock) = locked.try_lock() {
                return None;
            }
            name_holder(locked);
        }
        Some(Self {
            file,
            _lock: locked,
        })
    }

    /// Returns the account as another process has left it so far. It is never written back.
    pub(crate) fn read(state: &StateDirectory, account: AwsBuilder) -> Result<Aws, Failure> {
        let file = state.account_file();
        Ok(restored(&file, account)?.build())
    }

    /// Restores the account as it was left; from then on it writes itself to the file at every change.
    pub(crate) fn restore(&self, account: AwsBuilder) -> Result<Aws, Failure> {
        let account = restored(&self.file, account)?;
        let file = self.file.clone();
        Ok(account
            .on_change(move |snapshot| keep(&file, snapshot))
            .build())
    }

    /// Saves the account at the end of the command. The last wait changed nothing, but the time that it let pass must
    /// be kept too.
    pub(crate) fn close(self, aws: &Aws) {
        keep(&self.file, &aws.snapshot());
    }
}

fn open_lock(account: &Path) -> Option<fs::File> {
    let mut options = fs::OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    options.open(account.with_extension("lock")).ok()
}

/// Waits until the lock is free.
fn wait(lock: &fs::File, taken: &str) -> Result<(), Failure> {
    let attempts = PATIENCE.as_millis() / PAUSE.as_millis();
    for _ in 0..attempts {
        // Real time: that of the sandbox is virtual, and the other process is not in it.
        std::thread::sleep(PAUSE);
        match lock.try_lock() {
            Err(fs::TryLockError::WouldBlock) => {}
            // A file system without locks has failed before.
            Ok(()) | Err(fs::TryLockError::Error(_)) => return Ok(()),
        }
    }
    Err(refusal(taken))
}

fn refusal(taken: &str) -> Failure {
    Failure::locked(taken).remedy(
        "wait until it ends, or use a sandbox of your own: --state DIR names another directory",
    )
}

/// Writes this process into the lock file, for those that find the account locked.
fn name_holder(mut lock: &fs::File) {
    // A name that cannot be written is only missing from a message.
    let _ = lock.set_len(0);
    let _ = lock.write_all(Holder::this_process().to_string().as_bytes());
}

/// Returns the process that has locked the account, as far as it has said so.
fn holder(account: &Path) -> String {
    let said = fs::read_to_string(account.with_extension("lock"));
    let said = said.ok().filter(|said| !said.trim().is_empty());
    said.unwrap_or_else(|| "another gm".to_owned())
}

/// Returns the account with what the file has.
fn restored(file: &Path, account: AwsBuilder) -> Result<AwsBuilder, Failure> {
    match read(file)? {
        Some(snapshot) => account
            .restore(snapshot)
            .map_err(|error| unreadable(file, &error)),
        None => Ok(account),
    }
}

fn read(file: &Path) -> Result<Option<Snapshot>, Failure> {
    match fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| unreadable(file, &error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(file, &error)),
    }
}

fn keep(file: &Path, snapshot: &Snapshot) {
    if let Err(error) = write(file, snapshot) {
        // The account's resources are then lost with the process, which the journal will reveal.
        tracing::error!(%error, "the sandbox's account cannot be saved");
    }
}

/// Writes a new file and renames it, so that a process that is killed leaves either the old or the new one.
fn write(file: &Path, snapshot: &Snapshot) -> std::io::Result<()> {
    let beside = file.with_extension("json.new");
    fs::write(&beside, serde_json::to_vec(snapshot)?)?;
    fs::rename(beside, file)
}

fn unreadable(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    let file = file.display();
    Failure::local(format!(
        "the sandbox's account {file} cannot be read ({error}); remove it and the journals beside it to start afresh"
    ))
}
