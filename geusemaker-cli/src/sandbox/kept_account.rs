//! The account that is kept between runs: a file, and the lock that decides which process may write it.

use std::fs;
use std::path::{Path, PathBuf};

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
    /// Wait and tell the user: commands in the sandbox are short.
    Wait(&'a ProgressDisplay),
    /// Return an error.
    Refuse,
}

impl KeptAccount {
    /// Locks the account for this process.
    pub(crate) fn lock(state: &StateDirectory, lock: Lock<'_>) -> Result<Self, Failure> {
        let file = state.account_file();
        // If no lock file can be written, the account cannot be overwritten either.
        let locked = fs::File::create(file.with_extension("lock")).ok();
        if let Some(locked) = &locked
            && let Err(fs::TryLockError::WouldBlock) = locked.try_lock()
        {
            const TAKEN: &str = "another gm is using the sandbox's account";
            match lock {
                Lock::Wait(display) => {
                    display.note(&format!("{TAKEN}; waiting until it ends..."));
                    // A file system without locks has failed above already.
                    let _ = locked.lock();
                }
                Lock::Refuse => return Err(Failure::locked(TAKEN)),
            }
        }
        Ok(Self {
            file,
            _lock: locked,
        })
    }

    /// Restores the account as it was left; from then on it writes itself to the file at every change.
    pub(crate) fn restore(&self, mut account: AwsBuilder) -> Result<Aws, Failure> {
        if let Some(snapshot) = read(&self.file)? {
            account = account
                .restore(snapshot)
                .map_err(|error| unreadable(&self.file, &error))?;
        }
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
