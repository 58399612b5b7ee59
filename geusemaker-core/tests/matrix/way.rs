//! The ways that a stack goes, as `gm` goes them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{Deployment, Ec2Ready, Failed, FileSystems, Session, State, Undone};
use geusemaker_testkit::{AwsBuilder, CallRecord, Fault, Snapshot};

use crate::scenario::{Scenario, account, census, stack};
use crate::stack::{Neighbourhood, Stack};

/// What is done to a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is deployed, and what fails is rolled back.
    Up,
    /// The last wait of its deployment is refused, and what befalls the calls of the undo is looked at.
    Back,
    /// It is destroyed.
    Down,
}

pub(crate) const WAYS: [Way; 3] = [Way::Up, Way::Back, Way::Down];

/// Where a way begins: an account and a journal.
pub(crate) struct Beginning {
    pub(crate) account: Snapshot,
    pub(crate) journal: InMemory,
    /// What a stack that runs consists of.
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

    pub(crate) async fn beginning(self, stack: Stack, around: &Neighbourhood) -> Beginning {
        let empty = around.account.clone();
        let aws = account().restore(empty.clone()).unwrap().build();
        let journal = Arc::new(InMemory::new());
        let scenario = Scenario::with_store(aws, Arc::clone(&journal) as _);
        deploy(&scenario.session, stack, around).await.unwrap();
        let (account, journal) = match self {
            Self::Up | Self::Back => (empty, InMemory::new()),
            Self::Down => (scenario.aws.snapshot(), journal.fork()),
        };
        // What belongs to a resource may come a little later than that.
        scenario.aws.clock().sleep(Duration::from_secs(3600)).await;
        Beginning {
            account,
            journal,
            whole: census(&scenario.aws),
        }
    }

    /// What goes wrong in any case.
    pub(crate) fn prepare(self, account: AwsBuilder, stack: Stack) -> AwsBuilder {
        match self {
            Self::Up | Self::Down => account,
            Self::Back => account.fault(Fault::on(last_wait(stack)).denied()),
        }
    }

    /// Whether a call is one of those that something befalls; they are asked about in their order.
    pub(crate) fn strikes(self, stack: Stack) -> impl Fn(&CallRecord) -> bool {
        let is_on_it = AtomicBool::new(self != Self::Back);
        move |call| {
            // The refusal itself comes before it.
            let turns = call.operation == last_wait(stack);
            is_on_it.fetch_or(turns, Ordering::Relaxed)
        }
    }

    /// Goes the way to its end; what could not be removed is listed.
    pub(crate) async fn go(self, session: &Session, of: Stack, around: &Neighbourhood) -> Undone {
        match self {
            Self::Up | Self::Back => match deploy(session, of, around).await {
                Ok(()) => Undone::default(),
                Err(undone) => undone,
            },
            // Refused, it has changed nothing.
            Self::Down => session
                .destroy(&stack(), FileSystems::Delete)
                .await
                .unwrap_or_default(),
        }
    }
}

/// The call by which a deployment waits for the last time.
fn last_wait(stack: Stack) -> &'static str {
    match stack.tier {
        1 => "GetConsoleOutput",
        2 => "DescribeTargetHealth",
        _ => "GetDistribution",
    }
}

async fn deploy(session: &Session, stack: Stack, around: &Neighbourhood) -> Result<(), Undone> {
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
    let deployed = reached(pending.deployed().await).await?;
    reached(deployed.commit().await).await.map(drop)
}

/// What a transition has reached, or what became of the rollback.
async fn reached<T, S: State>(transition: Result<T, Failed<S>>) -> Result<T, Undone> {
    match transition {
        Ok(next) => Ok(next),
        // What the step could not undo is tried again with the rest.
        Err(failed) => Err(failed.previous.rollback().await),
    }
}
