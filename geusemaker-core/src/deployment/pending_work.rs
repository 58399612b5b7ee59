//! The pending work of `launch()` when the instances run: the mount targets, and the GPU check.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;

use crate::error::Error;
use crate::id::FileSystemId;
use crate::ledger::Ledger;
use crate::plan::reached::Ec2Ready;
use crate::progress::step::Step;
use crate::resource::instance::{self, RunningInstance};
use crate::resource::{file_system, mount_target};
use crate::spec::{GpuInstanceType, InstanceType};
use crate::user_data::{BootReport, GpuReport};
use crate::wait::timeouts::Stage;
use crate::wait::{Expected, PollState, Wait};

/// The time after which a working driver has loaded, and the user data has printed its last report.
const DRIVER_LOADED: Duration = Duration::from_secs(10 * 60);

/// Finishes the pending work of `launch()`. If it is finished already, this only checks it once. Returns the instances
/// whose services are still being started.
pub(super) async fn finish<'a>(
    ledger: &Arc<Ledger>,
    ec2: &'a Ec2Ready,
) -> Result<Vec<&'a RunningInstance>, Error> {
    let ((), at_work) =
        futures::try_join!(await_mount_targets(ledger, ec2), check_gpus(ledger, ec2))?;
    Ok(at_work)
}

/// Waits until the file system is available: mount targets cannot be created before.
pub(super) async fn await_file_system(
    ledger: &Arc<Ledger>,
    id: &FileSystemId,
) -> Result<(), Error> {
    let account = &ledger.account;
    let expected = Expected::with_deadline_minutes(5, 30, 10);
    let expected = account.timeouts.apply(Stage::Instances, expected);
    Wait::new(format!("file system {id} to be available"), expected)
        .about(ledger.resource(id))
        .until(&account.clock, &account.progress, || {
            file_system::availability(&account.reader, id)
        })
        .await?;
    Ok(())
}

async fn await_mount_targets(ledger: &Arc<Ledger>, ec2: &Ec2Ready) -> Result<(), Error> {
    let account = &ledger.account;
    let waits = ec2.mount_targets.iter().map(|id| {
        // One mount target in two hundred takes more than ten minutes.
        let expected = Expected::with_deadline_minutes(80, 100, 30);
        let expected = account.timeouts.apply(Stage::Instances, expected);
        Wait::new(format!("mount target {id} to be available"), expected)
            .about(ledger.resource(id))
            .until(&account.clock, &account.progress, move || {
                mount_target::availability(&account.reader, id)
            })
    });
    try_join_all(waits).await?;
    Ok(())
}

/// Reads the GPU reports that the user data prints on the consoles, and compares them with the types. Returns the
/// instances that have said there that they are still at work. Those without GPUs have no report to wait for, and count
/// as at work.
async fn check_gpus<'a>(
    ledger: &Arc<Ledger>,
    ec2: &'a Ec2Ready,
) -> Result<Vec<&'a RunningInstance>, Error> {
    let (mut with_gpus, mut at_work) = (Vec::new(), Vec::new());
    for instance in &ec2.instances {
        match instance.instance_type {
            InstanceType::Gpu(gpu) => with_gpus.push((instance, gpu)),
            InstanceType::Cpu(_) => at_work.push(instance),
        }
    }
    if with_gpus.is_empty() || !ledger.plan.spec.compute().gpu_check() {
        return Ok(at_work);
    }
    ledger.account.progress.step(Step::CheckingGpus);
    let checks = with_gpus
        .iter()
        .map(|(instance, gpu)| check_gpu(ledger, instance, *gpu));
    let reports = try_join_all(checks).await?;
    let kinds: BTreeSet<_> = reports.iter().map(|(gpus, _)| gpus.describe()).collect();
    let gpus = Vec::from_iter(kinds).join("; ");
    ledger.account.progress.step(Step::GpusAsExpected { gpus });
    let with_reports = with_gpus.into_iter().zip(reports);
    let reported = with_reports.filter(|(_, (_, is_at_work))| *is_at_work);
    at_work.extend(reported.map(|((instance, _), _)| instance));
    Ok(at_work)
}

/// Returns the report of an instance whose GPUs are those of its type, and true if it says that it is still at work.
async fn check_gpu(
    ledger: &Arc<Ledger>,
    instance: &RunningInstance,
    gpu: GpuInstanceType,
) -> Result<(GpuReport, bool), Error> {
    let account = &ledger.account;
    let what = format!("instance {} to report its GPUs", instance.id);
    // The console output of an instance that is not on Nitro can take up to twenty minutes to appear.
    let expected = Expected::with_deadline_minutes(60, 180, 25);
    let expected = account.timeouts.apply(Stage::Instances, expected);
    let start = account.clock.now();
    Wait::new(what, expected)
        .about(ledger.resource(&instance.id))
        .until(&account.clock, &account.progress, || async move {
            let output = match instance::console_output(&account.reader, &instance.id).await {
                Err(error) if error.is_not_found() => None,
                output => output?,
            };
            let boot = output.as_deref().and_then(BootReport::find_in);
            if let Some(BootReport::Failed(failure)) = boot {
                return Ok(PollState::Ready(Err(failure.on(&instance.id))));
            }
            let is_at_work = matches!(boot, Some(BootReport::AtWork(_)));
            let report = output.as_deref().and_then(GpuReport::find_in);
            Ok(match report {
                // The driver may still be loading when the first report is printed.
                Some(report) if report.count == 0 && account.clock.since(start) < DRIVER_LOADED => {
                    PollState::Pending("nvidia-smi sees no GPU yet".to_owned())
                }
                Some(report) => {
                    let checked = report.check(&gpu);
                    PollState::Ready(checked.map(|()| (report, is_at_work)).map_err(|source| {
                        Error::Gpu {
                            instance: instance.id.clone(),
                            source,
                        }
                    }))
                }
                None if output.is_some() => {
                    PollState::Pending("no report on the console yet".to_owned())
                }
                None => PollState::Pending("no console output yet".to_owned()),
            })
        })
        .await?
}
