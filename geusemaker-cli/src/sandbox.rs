//! The sandbox: an AWS account inside the process, kept between runs.

use std::fs;
use std::path::Path;

use geusemaker_core::GpuReport;
use geusemaker_core::SdkConfig;
use geusemaker_testkit::{Aws, Boot, Guest, Snapshot};

use crate::failure::Failure;
use crate::state_directory::StateDirectory;

/// The configuration whose clients talk to the sandbox's account, and what has to be called at the end.
pub(crate) fn open(state: &StateDirectory) -> Result<(SdkConfig, impl FnOnce() + use<>), Failure> {
    let file = state.account_file();
    // One process at a time has the account; commands are short here, so others wait.
    let lock = lock(&file.with_extension("lock"));
    let mut builder = Aws::builder().guest(UserDataGuest);
    if let Some(snapshot) = read(&file)? {
        builder = builder
            .restore(snapshot)
            .map_err(|error| unreadable(&file, &error))?;
    }
    if let Some(region) = region() {
        builder = builder.region(region);
    }
    let target = file.clone();
    let aws = builder
        .on_change(move |snapshot| keep(&target, snapshot))
        .build();
    // The last wait changed nothing, but what it waited for has happened only when its time is kept, too.
    let config = aws.sdk_config();
    let at_end = move || {
        keep(&file, &aws.snapshot());
        drop(lock);
    };
    Ok((config, at_end))
}

/// Where no lock can be written, nothing can be overwritten either.
fn lock(file: &Path) -> Option<fs::File> {
    let lock = fs::File::create(file).ok()?;
    lock.lock().ok()?;
    Some(lock)
}

/// The environment's region counts in the sandbox as it does outside.
fn region() -> Option<String> {
    ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
}

/// Instances that do what this program's user data tells them: report their GPUs.
#[derive(Debug)]
struct UserDataGuest;

impl Guest for UserDataGuest {
    fn console_output(&self, boot: &Boot) -> String {
        let greeting = format!("Ubuntu 24.04 LTS {} ttyS0\n", boot.instance_id);
        if boot.user_data.contains("nvidia-smi") {
            let report = GpuReport::new(boot.gpu_count, &boot.gpu_model);
            format!("{greeting}{report}\n")
        } else {
            greeting
        }
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
        // What the account holds is then lost with the process, as the journal will say.
        tracing::error!(%error, "the sandbox's account cannot be kept");
    }
}

/// Written beside and renamed, so that a process that is killed leaves the old one or the new one.
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
