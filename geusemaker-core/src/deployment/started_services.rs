//! The wait for the services of tier 1, of which no load balancer knows whether they run: the consoles of the instances
//! tell.

use std::sync::Arc;

use futures::future::try_join_all;

use crate::error::Error;
use crate::ledger::Ledger;
use crate::progress::step::Step;
use crate::resource::instance::{self, RunningInstance};
use crate::user_data::BootReport;
use crate::wait::timeouts::Stage;
use crate::wait::{Expected, PollState, Wait, WaitError};

/// Waits until every container of these instances runs. An instance that reports a failure ends the wait with the
/// reason. Services that take longer than that are no failure: a large image may still be on its way.
pub(super) async fn await_started(
    ledger: &Arc<Ledger>,
    instances: &[&RunningInstance],
) -> Result<(), Error> {
    if ledger.plan.spec.services().is_empty() {
        return Ok(());
    }
    let waits = instances
        .iter()
        .map(|instance| await_services_of(ledger, instance));
    try_join_all(waits).await.map(drop)
}

async fn await_services_of(ledger: &Arc<Ledger>, instance: &RunningInstance) -> Result<(), Error> {
    let account = &ledger.account;
    let what = format!("the services of instance {} to run", instance.id);
    let expected = Expected::with_deadline_minutes(60, 900, 30);
    let expected = account.timeouts.apply(Stage::Instances, expected);
    let started = Wait::new(what, expected)
        .about(ledger.resource(&instance.id))
        .until(&account.clock, &account.progress, || async move {
            let output = instance::console_output(&account.reader, &instance.id).await?;
            Ok(match output.as_deref().and_then(BootReport::find_in) {
                Some(BootReport::Ready) => PollState::Ready(Ok(())),
                Some(BootReport::Failed(failure)) => {
                    PollState::Ready(Err(failure.on(&instance.id)))
                }
                Some(BootReport::AtWork(stage)) => PollState::Pending(stage.to_string()),
                None => PollState::Pending("no stage on the console yet".to_owned()),
            })
        })
        .await;
    match started {
        Ok(reported) => reported,
        Err(WaitError::Deadline { .. }) => {
            let instance = instance.id.clone();
            account
                .progress
                .step(Step::ServicesStillStarting { instance });
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
