//! The ways of the matrix: the steps that a stack goes through, as `gm` takes them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{Deployment, Ec2Ready, Failed, FileSystems, Session, State, Undone};
use geusemaker_testkit::{AwsBuilder, CallRecord, Fault, Snapshot};

use crate::scenario::{Scenario, account, census, stack};
use crate::stack::{Neighborhood, Stack};

/// The way that a stack goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The stack is deployed, and rolled back if a step fails.
    Up,
    /// The last wait of the deployment is refused, and the faults hit the calls of the undo.
    Back,
    /// The stack is destroyed.
    Down,
}

pub(crate) const WAYS: [Way; 3] = [Way::Up, Way::Back, Way::Down];

/// The account and the journal that a way begins with.
pub(crate) struct Beginning {
    pub(crate) account: Snapshot,
    pub(crate) journal: InMemory,
    /// The resources of a running stack.
    pub(crate) whole: BTreeMap<String, usize>,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Up => "deployed",
            Self::Back => "rolled back",
            Self::Down => "destroyed",
        }
    }

    pub(crate) async fn beginning(self, stack: Stack, around: &Neighborhood) -> Beginning {
        let empty = around.account.clone();
        let aws = account().restore(empty.clone()).unwrap().build();
        let journal = Arc::new(InMemory::new());
        let scenario = Scenario::with_store(aws, Arc::clone(&journal) as _);
        deploy(&scenario.session, stack, around).await.unwrap();
        let (account, journal) = match self {
            Self::Up | Self::Back => (empty, InMemory::new()),
            Self::Down => (scenario.aws.snapshot(), journal.fork()),
        };
        // Parts of a resource may appear a little later than the resource.
        scenario.aws.clock().sleep(Duration::from_secs(3600)).await;
        Beginning {
            account,
            journal,
            whole: census(&scenario.aws),
        }
    }

    /// Adds the faults that every case of this way has.
    pub(crate) fn prepare(self, account: AwsBuilder, stack: Stack) -> AwsBuilder {
        match self {
            Self::Up | Self::Down => account,
            Self::Back => account.fault(Fault::on(last_wait(stack)).denied()),
        }
    }

    /// Returns a predicate for the calls that faults hit; it sees the calls in their order.
    pub(crate) fn strikes(self, stack: Stack) -> impl Fn(&CallRecord) -> bool {
        let is_on_it = AtomicBool::new(self != Self::Back);
        move |call| {
            // The refused wait itself comes before the undo.
            let turns = call.operation == last_wait(stack);
            is_on_it.fetch_or(turns, Ordering::Relaxed)
        }
    }

    /// Takes the way to its end, and returns what could not be removed.
    pub(crate) async fn go(self, session: &Session, of: Stack, around: &Neighborhood) -> Undone {
        match self {
            Self::Up | Self::Back => match deploy(session, of, around).await {
                Ok(()) => Undone::default(),
                Err(undone) => undone,
            },
            // A refused removal has changed nothing.
            Self::Down => session
                .destroy(&stack(), FileSystems::Delete)
                .await
                .unwrap_or_default(),
        }
    }
}

/// Returns the operation of a deployment's last wait.
fn last_wait(stack: Stack) -> &'static str {
    match stack.tier {
        1 => "GetConsoleOutput",
        2 => "DescribeTargetHealth",
        _ => "GetDistribution",
    }
}

async fn deploy(session: &Session, stack: Stack, around: &Neighborhood) -> Result<(), Undone> {
    let Ok(planned) = session.plan(stack.spec(&around.file_system)).await else {
        return Err(Undone::default());
    };
    let ready = reached(planned.launch().await).await?;
    match stack.tier {
        1 => reached(ready.commit().await).await.map(drop),
        2 => {
            let healthy = reached(ready.balance().await).await?;
            reached(healthy.commit().await).await.map(drop)
        }
        _ => publish(ready).await,
    }
}

async fn publish(ready: Deployment<Ec2Ready>) -> Result<(), Undone> {
    let healthy = reached(ready.balance().await).await?;
    let pending = reached(healthy.create_cdn().await).await?;
    let deployed = reached(pending.wait_until_deployed().await).await?;
    reached(deployed.commit().await).await.map(drop)
}

/// Returns the state that a transition reached, or else rolls back and returns the result.
async fn reached<T, S: State>(transition: Result<T, Failed<S>>) -> Result<T, Undone> {
    match transition {
        Ok(next) => Ok(next),
        // The rollback tries again to remove what the step could not undo.
        Err(failed) => Err(failed.previous.rollback().await),
    }
}
