//! One run of a scenario, with its fault.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::{Ending, Explorer, FaultKind, Run};
use crate::aws::{Aws, InjectedPanic};
use crate::call_record::CallRecord;
use crate::fault::Fault;

/// The virtual time from the end of a run to the check for leftovers.
const GRACE: Duration = Duration::from_secs(60 * 60);

/// A fault at one call of the scenario.
#[derive(Clone, Debug)]
pub(super) struct Injection {
    pub(super) operation: String,
    pub(super) nth: u32,
    pub(super) fault_kind: String,
    pub(super) fault: Fault,
}

impl Injection {
    /// Creates the injection of a fault at a call; returns `None` if the simulator does not know the operation.
    pub(super) fn new(call: &CallRecord, fault_kind: &FaultKind) -> Option<Self> {
        let fault = Fault::on_operation(call.service?, &call.operation)?.nth(call.nth);
        Some(Self {
            operation: call.operation.clone(),
            nth: call.nth,
            fault_kind: fault_kind.name().to_owned(),
            fault: fault_kind.at(fault),
        })
    }
}

impl<W: Clone> Explorer<W> {
    /// Runs the scenario and the part that follows it, and checks the end. The thread must not have a runtime.
    pub(super) fn run(&self, strike: Option<&Injection>) -> Run {
        // The SDK draws its retry delays and client tokens from the thread's generator.
        fastrand::seed(self.seed);
        let runtime = runtime();
        // The account's clock is the runtime's, even where nothing is awaited.
        let _context = runtime.enter();
        let builder = (self.account)().seed(self.seed);
        let reproduction = builder.to_rust();
        let builder = match strike {
            Some(strike) => builder.fault(strike.fault.clone()),
            None => builder,
        };
        let aws = builder.build();
        let world = (self.world)(aws.clone());
        let ending = self.scenario_on(&runtime, &aws, world.clone());
        let scenario_calls = aws.calls().len();
        let unfired = !aws.lift_faults().is_empty();
        let afterwards = match &self.afterwards {
            None => Ok(()),
            Some(afterwards) => {
                let afterwards = async {
                    let limited = tokio::time::timeout(self.deadline, afterwards(world.clone()));
                    Ending::of(limited.await)
                };
                match caught(&runtime, afterwards) {
                    Ending::Succeeded => Ok(()),
                    other => Err(other.to_string()),
                }
            }
        };
        let virtual_time = aws.clock().elapsed();
        let calls = aws.calls();
        // Resources that are already going away get the time for it.
        runtime.block_on(aws.clock().sleep(GRACE));
        let mut run = Run {
            strike: strike.cloned(),
            account: reproduction,
            ending,
            afterwards,
            is_unfired: unfired,
            leftovers: aws.leftovers(),
            calls,
            scenario_calls,
            virtual_time,
            verdict: Ok(()),
        };
        run.verdict = (self.check)(&world, &run);
        run
    }

    fn scenario_on(&self, runtime: &Runtime, aws: &Aws, world: W) -> Ending {
        let scenario = async {
            tokio::select! {
                biased;
                () = aws.caller_dropped() => Ending::CallerDropped,
                ended = tokio::time::timeout(self.deadline, (self.scenario)(world)) => Ending::of(ended),
            }
        };
        caught(runtime, scenario)
    }
}

impl Ending {
    fn of(ended: Result<Result<(), String>, tokio::time::error::Elapsed>) -> Self {
        match ended {
            Ok(Ok(())) => Self::Succeeded,
            Ok(Err(error)) => Self::Failed(error),
            Err(_) => Self::OutOfTime,
        }
    }

    fn of_panic(panic: &(dyn Any + Send)) -> Self {
        if panic.is::<InjectedPanic>() {
            Self::InjectedPanic
        } else if let Some(message) = panic.downcast_ref::<&str>() {
            Self::Panicked((*message).to_owned())
        } else if let Some(message) = panic.downcast_ref::<String>() {
            Self::Panicked(message.clone())
        } else {
            Self::Panicked("a value that is no message".to_owned())
        }
    }
}

/// Runs a future and returns its ending, which may be a panic. The runtime can still be used afterwards: the panic
/// unwinds out of it, and the future is dropped with all its values.
fn caught(runtime: &Runtime, future: impl Future<Output = Ending>) -> Ending {
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(future)))
        .unwrap_or_else(|panic| Ending::of_panic(&*panic))
}

#[expect(
    clippy::expect_used,
    reason = "an operating system that gives a test no event queue leaves nothing to explore"
)]
fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
}
