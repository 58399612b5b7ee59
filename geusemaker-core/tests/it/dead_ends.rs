//! Whatever has happened to a stack, one command brings it up and one command removes it.

use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{AnyDeployment, Error, FileSystems, Phase, Session};
use geusemaker_testkit::Fault;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::scenario::moment::{Moment, Watched};
use crate::scenario::{
    Scenario, account, census, deploy_tier_3, go_on, paused_runtime, remove, spec, stack, tier_3,
};

/// A command that meets a fault, and whose process is killed at one of its moments.
#[derive(Clone, Debug)]
struct Disturbance {
    command: Command,
    operation: &'static str,
    nth: u32,
    effect: Effect,
    killed_at: Index,
}

#[derive(Clone, Copy, Debug)]
enum Command {
    Deploy,
    Destroy,
    Resume,
    Rollback,
}

#[derive(Clone, Copy, Debug)]
enum Effect {
    Refused,
    ReplyLost,
    Reset,
    Throttled,
}

/// The operations that change something, and two reads that decisions depend on.
const OPERATIONS: [&str; 18] = [
    "AuthorizeSecurityGroupIngress",
    "CreateDistributionWithTags",
    "CreateFileSystem",
    "CreateListener",
    "CreateLoadBalancer",
    "CreateMountTarget",
    "CreateRule",
    "CreateSecurityGroup",
    "CreateTargetGroup",
    "DeleteDistribution",
    "DeleteLoadBalancer",
    "DeleteMountTarget",
    "DeleteSecurityGroup",
    "DescribeInstances",
    "DescribeTargetHealth",
    "RunInstances",
    "TerminateInstances",
    "UpdateDistribution",
];

fn disturbance() -> impl Strategy<Value = Disturbance> {
    let command = prop_oneof![
        Just(Command::Deploy),
        Just(Command::Destroy),
        Just(Command::Resume),
        Just(Command::Rollback),
    ];
    let effect = prop_oneof![
        Just(Effect::Refused),
        Just(Effect::ReplyLost),
        Just(Effect::Reset),
        Just(Effect::Throttled),
    ];
    (
        command,
        prop::sample::select(OPERATIONS.as_slice()),
        1..3_u32,
        effect,
        any::<Index>(),
    )
        .prop_map(|(command, operation, nth, effect, killed_at)| Disturbance {
            command,
            operation,
            nth,
            effect,
            killed_at,
        })
}

impl Disturbance {
    fn fault(&self) -> Fault {
        let fault = Fault::on(self.operation).nth(self.nth).optional();
        match self.effect {
            Effect::Refused => fault.answer("UnauthorizedOperation").status(403).into(),
            Effect::ReplyLost => fault.lose_reply().into(),
            Effect::Reset => fault.reset().into(),
            Effect::Throttled => fault.answer("RequestLimitExceeded").times(20).into(),
        }
    }

    /// Runs the command with the fault, and returns the moment at which it is killed.
    async fn strike(&self, moment: Moment) -> Moment {
        let before = moment.fork();
        let watched = moment.restart_watched().await;
        watched.scenario.aws.inject(self.fault());
        let session = watched.scenario.session.clone();
        // The result does not matter, only the moments that the command leaves.
        let _ = self.command.run(&session).await;
        let mut moments = watched.take();
        // Closing the session undoes what the command dropped, unless the process is killed before.
        let _ = session.close().await;
        moments.extend(watched.take());
        if moments.is_empty() {
            return before;
        }
        moments.swap_remove(self.killed_at.index(moments.len()))
    }
}

impl Command {
    async fn run(self, session: &Session) -> Result<(), Error> {
        match self {
            Self::Deploy => drop(deploy_tier_3(session, spec(3)).await?.commit().await?),
            Self::Destroy => drop(session.destroy(&stack(), FileSystems::Delete).await?),
            Self::Resume => drop(go_on(session.open(&stack()).await?).await?.commit().await?),
            Self::Rollback => drop(session.rollback(&stack()).await?),
        }
        Ok(())
    }
}

/// Brings the stack up as a person would: resumes it if possible, or else removes it and deploys it again.
async fn to_running(scenario: &Scenario) {
    let session = &scenario.session;
    let deployed = match session.summary(&stack()).await {
        Err(Error::NoSuchStack { .. }) => deploy_tier_3(session, spec(3)).await.unwrap(),
        Ok(status) if status.phase == Phase::Ending => {
            to_gone(scenario).await;
            deploy_tier_3(session, spec(3)).await.unwrap()
        }
        Ok(_) => {
            let opened: AnyDeployment = session.open(&stack()).await.unwrap();
            go_on(opened).await.unwrap()
        }
        Err(error) => panic!("{error}"),
    };
    deployed.commit().await.unwrap();
}

/// Removes the stack: rolls it back if it was never committed, or else destroys it.
async fn to_gone(scenario: &Scenario) {
    let undone = match remove(&scenario.session).await {
        Err(Error::NoSuchStack { .. }) => return,
        undone => undone.unwrap(),
    };
    assert!(undone.is_complete(), "{:#?}", undone.left);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// From any state a stack can be brought up, and it can be removed.
    #[test]
    fn stack_is_never_stuck(disturbances in prop::collection::vec(disturbance(), 1..4)) {
        paused_runtime().block_on(async {
            let mut moment = Moment {
                what: "the beginning".to_owned(),
                account: Watched::new(account()).scenario.aws.snapshot(),
                journal: InMemory::new(),
            };
            // Every case begins with a deployment.
            let first = disturbances[0].clone();
            moment = Disturbance { command: Command::Deploy, ..first }.strike(moment).await;
            for disturbance in &disturbances[1..] {
                moment = disturbance.strike(moment).await;
            }

            let gone = moment.fork().restart().await;
            to_gone(&gone).await;
            gone.assert_nothing_left();

            let running = moment.restart().await;
            to_running(&running).await;
            assert_eq!(census(&running.aws), tier_3());
            // Network interfaces of removed resources may still exist; they disappear by themselves.
            running.destroy().await;
        });
    }
}
