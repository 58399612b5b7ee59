//! Advances a deployment from its current state to the tier of its spec.

use std::cell::Cell;
use std::time::Duration;

use geusemaker_core::spec::Tier;
use geusemaker_core::words::count;
use geusemaker_core::{
    AlbHealthy, AnyDeployment, CdnPending, CommittedStack, Deployment, DeploymentStatus, Ec2Ready,
    Error, Failed, HistoryEntry, HistoryEvent, Phase, Planned, StackName, State, Undone, WaitError,
};

use super::{status, verify};
use crate::arguments::{NoWait, OnFailure};
use crate::confirm::{asks_to_keep, is_terminal};
use crate::context::Context;
use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::{internet, interrupt};

/// Advances to the spec's tier and commits. A failure undoes everything or keeps the parts that work; a deployment that
/// is only slow is kept.
pub(super) async fn advance(
    context: &Context,
    name: &StackName,
    deployment: AnyDeployment,
    manner: Manner,
) -> Result<Document, Failure> {
    let road = Driver {
        context,
        name,
        manner,
        is_asking: Cell::new(false),
    };
    context.display.plan_undo(match road.fate() {
        OnFailure::Rollback => ROLLING_BACK,
        _ => "Undoing this step...",
    });
    let mut going = Box::pin(road.from(deployment));
    let interrupted = tokio::select! {
        committed = &mut going => {
            committed?;
            None
        }
        code = context.interrupts.next() => Some(code),
    };
    if let Some(code) = interrupted {
        // No work goes on while the user is being asked.
        let stays = road.stays_when_interrupted().await;
        if stays {
            context.session.keep_dropped();
        }
        // This drops the deployment too; the session finishes the current call, and undoes or keeps the rest.
        drop(going);
        return Err(if stays {
            road.stopped(code).await
        } else {
            road.interrupted(code).await
        });
    }
    drop(going);
    let status = context
        .session
        .status(name)
        .await
        .map_err(|error| Failure::unchanged(&error, name.as_str()))?;
    let document = status::document(context, &status)
        .member("elapsed_seconds", context.display.elapsed().as_secs())
        .line(format!("deployed in {}", context.elapsed()));
    match manner.verifies {
        true => verify(context, name, document).await,
        false => Ok(document),
    }
}

/// Verifies a stack that was deployed, where that is possible. A signal ends it, and the stack stays as it is.
async fn verify(
    context: &Context,
    name: &StackName,
    document: Document,
) -> Result<Document, Failure> {
    let verifying = async {
        let internet = internet::of(context).await?;
        let verified = context.session.verify(name, &internet).await;
        verified.map_err(|error| error.to_string())
    };
    tokio::select! {
        verified = verifying => match verified {
            Ok(verification) => Ok(verify::after_deployment(context, document, &verification)),
            Err(why) => {
                context.display.note(&format!("{name} is not verified: {why}"));
                Ok(document.member("verification", None::<()>))
            }
        },
        code = context.interrupts.next() => {
            let next = context.command(&format!("verify {name}"));
            let state = format!("{name} is deployed, and not verified");
            Err(Failure::interrupted(code, Undone::default(), next).state(state))
        }
    }
}

/// The words for the undo of everything.
const ROLLING_BACK: &str = "Failed: rolling everything back...";

/// The way in which a deployment advances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// The action after a failure or a signal, if the user has chosen one.
    pub(super) on_failure: Option<OnFailure>,
    pub(super) patience: Patience,
    /// True if the services of the stack are asked at the end.
    pub(super) verifies: bool,
    /// True if an earlier command has begun the deployment: what exists already stays, unless the user says otherwise.
    pub(super) is_continued: bool,
}

/// The patience with CloudFront.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Waits up to the deadline of the spec.
    UntilDeadline,
    /// Ends once CloudFront has accepted the distribution.
    None,
    /// Waits up to the deadline, and does nothing else.
    Only,
}

impl Patience {
    pub(super) fn of(option: NoWait) -> Self {
        match option.no_wait {
            true => Self::None,
            false => Self::UntilDeadline,
        }
    }
}

struct Driver<'a> {
    context: &'a Context,
    name: &'a StackName,
    manner: Manner,
    /// True while the user is being asked what to do about a failure.
    is_asking: Cell<bool>,
}

impl Driver<'_> {
    async fn from(&self, deployment: AnyDeployment) -> Result<CommittedStack, Failure> {
        match deployment {
            AnyDeployment::Planned(planned) => self.launch(planned).await,
            AnyDeployment::Ec2Ready(ready) => self.balance(ready).await,
            AnyDeployment::AlbHealthy(healthy) => self.create_cdn(healthy).await,
            AnyDeployment::CdnPending(pending) => self.deployed(pending).await,
            AnyDeployment::CdnDeployed(deployed) => self.check(deployed.commit().await).await,
            _ => Err(Failure::local(
                "this version of gm does not know the state of the deployment; use a newer gm",
            )),
        }
    }

    async fn launch(&self, planned: Deployment<Planned>) -> Result<CommittedStack, Failure> {
        let ready = self.check(planned.launch().await).await?;
        self.balance(ready).await
    }

    async fn balance(&self, ready: Deployment<Ec2Ready>) -> Result<CommittedStack, Failure> {
        if ready.state().plan.spec.tier() < Tier::LoadBalancer {
            return self.check(ready.commit().await).await;
        }
        let healthy = self.check(ready.balance().await).await?;
        self.create_cdn(healthy).await
    }

    async fn create_cdn(&self, healthy: Deployment<AlbHealthy>) -> Result<CommittedStack, Failure> {
        if healthy.state().ec2.plan.spec.tier() < Tier::Cdn {
            return self.check(healthy.commit().await).await;
        }
        let pending = self.check(healthy.create_cdn().await).await?;
        self.deployed(pending).await
    }

    async fn deployed(&self, pending: Deployment<CdnPending>) -> Result<CommittedStack, Failure> {
        let waited = match self.manner.patience {
            Patience::UntilDeadline | Patience::Only => pending.wait_until_deployed().await,
            // One look: perhaps it is deployed already.
            Patience::None => pending.wait_at_most(Duration::ZERO).await,
        };
        let deployed = match waited {
            // A distribution that takes longer than usual has not failed.
            Err(failed) if matches!(*failed.error, Error::Wait(WaitError::Deadline { .. })) => {
                return Err(self.in_progress(failed).await);
            }
            deployed => self.check(deployed).await?,
        };
        self.check(deployed.commit().await).await
    }

    /// Returns the state that a transition reached, or keeps or rolls back the deployment after its failure.
    async fn check<T, S: State>(&self, transition: Result<T, Failed<S>>) -> Result<T, Failure> {
        match transition {
            Ok(next) => Ok(next),
            // The stack is fine, and nothing could be removed without credentials: the user signs in and resumes.
            Err(failed) if failed.error.is_about_credentials() => {
                Err(self.keep(failed, ExitCode::LeftoversRemain).await)
            }
            Err(failed) => {
                let fate = self.fate();
                let stays = match fate {
                    OnFailure::Keep => true,
                    OnFailure::Rollback => false,
                    OnFailure::Ask => {
                        let error = format!("error: {}", failed.error.with_sources());
                        self.context.display.screen().print_failure(&error);
                        self.is_asking.set(true);
                        let stays = self.asks_to_keep().await;
                        self.is_asking.set(false);
                        stays
                    }
                };
                let failure = if stays {
                    self.keep(failed, ExitCode::LeftoversRemain).await
                } else {
                    self.rollback(failed).await
                };
                Err(match fate {
                    OnFailure::Ask => failure.said(),
                    OnFailure::Keep | OnFailure::Rollback => failure,
                })
            }
        }
    }

    /// Returns the action after a failure.
    fn fate(&self) -> OnFailure {
        let Manner {
            on_failure,
            is_continued,
            ..
        } = self.manner;
        let usual = match is_continued {
            true => OnFailure::Keep,
            false => OnFailure::Rollback,
        };
        on_failure.unwrap_or(usual)
    }

    async fn asks_to_keep(&self) -> bool {
        let stack = match self.context.session.summary(self.name).await {
            Ok(status) => format!(
                "{} (account {}, {})",
                self.name, status.account, status.region
            ),
            Err(_) => self.name.to_string(),
        };
        asks_to_keep(&self.context.display, &stack).await
    }

    /// Returns true if everything stays after a signal. Without a terminal the signal comes from a machine that shuts
    /// down, and may not leave the minutes that an undo takes.
    async fn stays_when_interrupted(&self) -> bool {
        match self.manner.on_failure {
            Some(OnFailure::Keep) => true,
            Some(OnFailure::Rollback) => false,
            // Ending the program instead of answering keeps everything.
            Some(OnFailure::Ask) if self.is_asking.get() => true,
            Some(OnFailure::Ask) => tokio::select! {
                stays = self.asks_to_keep() => stays,
                _ = self.context.interrupts.next() => true,
            },
            None => !is_terminal(),
        }
    }

    /// Finishes the current call after the first signal, and keeps everything.
    async fn stopped(&self, code: ExitCode) -> Failure {
        let doing = "finishing the current call, and keeping everything";
        let later = self.command(self.verb());
        let answer = interrupt::answer(code, doing, &later);
        self.context.display.note_undo(&answer);
        let code = tokio::select! {
            _ = self.context.session.close() => code,
            code = self.context.interrupts.next() => code,
        };
        match self.context.session.summary(self.name).await {
            Ok(status) if status.phase == Phase::Committed => {
                let state = format!("{} is {}", self.name, status.phase);
                Failure::interrupted(code, Undone::default(), self.command("status")).state(state)
            }
            // The signal arrived during a rollback.
            Ok(status) if status.phase == Phase::Ending => {
                let left = count(status.resources.len(), "resource");
                Failure::interrupted(code, Undone::default(), self.command("destroy"))
                    .state(format!("left of {}: {left}", self.name))
                    .kept(status.resources)
            }
            Ok(status) => Failure::interrupted(code, Undone::default(), self.command(self.verb()))
                .state(kept_as_it_is(&status))
                .kept(status.resources),
            // The deployment had not begun, or was rolled back already.
            Err(Error::NoSuchStack { .. }) => {
                Failure::interrupted(code, Undone::default(), self.command("list"))
                    .state(format!("nothing of {} is left", self.name))
            }
            Err(_) => Failure::interrupted(code, Undone::default(), self.command("list"))
                .state("the journal lists what exists"),
        }
    }

    /// Keeps a deployment that only CloudFront has to finish.
    async fn in_progress(&self, failed: Failed<CdnPending>) -> Failure {
        let is_late = self.manner.patience != Patience::None;
        let failure = self.keep(failed, ExitCode::InProgress).await;
        if failure.code != ExitCode::InProgress {
            return failure;
        }
        let failure = failure.message(format!(
            "CloudFront is still in progress with the distribution of {}{}",
            self.name,
            if is_late { "" } else { ", as usual" }
        ));
        let rollback = self.command("rollback");
        let choice = format!(
            "go on as below (--timeout cdn=2h waits longer), or undo everything with {rollback}"
        );
        failure.remedy(choice).next(self.command(self.verb()))
    }

    /// Returns the command that goes on.
    fn verb(&self) -> &'static str {
        match self.manner.patience {
            Patience::UntilDeadline => "resume",
            Patience::None | Patience::Only => "wait",
        }
    }

    async fn keep<S: State>(&self, failed: Failed<S>, code: ExitCode) -> Failure {
        let (state, resources) = match self.context.session.summary(self.name).await {
            // Nothing had begun, so nothing is kept.
            Err(Error::NoSuchStack { .. }) => return Failure::before(&failed.error),
            Ok(status) if status.resources.is_empty() => return self.rollback(failed).await,
            Ok(status) => (kept_as_it_is(&status), status.resources),
            Err(unreadable) => {
                let state = format!("{} is kept as it is; {unreadable}", self.name);
                (state, Vec::new())
            }
        };
        let Failed {
            error,
            undone,
            previous,
            ..
        } = failed;
        let (failure, code) = match previous.keep().await {
            Ok(()) => (Failure::after(&error, *undone), code),
            // The stack stays, but the journal could not record that another process may work on it.
            Err(kept) => (Failure::after(&kept, *undone), ExitCode::LeftoversRemain),
        };
        if failure.code == ExitCode::Locked {
            return failure;
        }
        let failure = self.with_console(failure, &error, "logs --boot");
        failure
            .code(code)
            .state(state)
            .kept(resources)
            .next(self.command(self.verb()))
    }

    async fn rollback<S: State>(&self, failed: Failed<S>) -> Failure {
        let Failed {
            error,
            undone,
            previous,
            ..
        } = failed;
        // The undo of the step may have removed all that there was.
        if let Ok(status) = self.context.session.summary(self.name).await
            && !status.resources.is_empty()
        {
            match self.fate() {
                OnFailure::Ask => self
                    .context
                    .display
                    .announce_undo("Rolling everything back..."),
                OnFailure::Keep | OnFailure::Rollback => {
                    self.context.display.say_undo(ROLLING_BACK);
                }
            }
        }
        let mut all = *undone;
        let rest: Undone = previous.rollback().await;
        all.deleted.extend(rest.deleted);
        // The rollback has tried again to remove what the step could not undo.
        all.left = rest.left;
        let is_complete = all.is_complete();
        let is_untouched = all.deleted.is_empty();
        let failure = if is_untouched && is_complete {
            Failure::before(&error)
        } else {
            Failure::after(&error, all)
        };
        let is_shown = !error.instances_at_fault().is_empty() && self.has_kept_console().await;
        let failure = match is_shown {
            true => self.with_console(failure, &error, "events --console"),
            false => failure,
        };
        if is_complete {
            failure
        } else {
            failure.next(self.command("rollback"))
        }
    }

    /// Adds the command that shows why something failed on an instance.
    fn with_console(&self, failure: Failure, error: &Error, command: &str) -> Failure {
        let at_fault = error.instances_at_fault();
        let Some(first) = at_fault.first() else {
            return failure;
        };
        let command = self.context.command(&format!("{command} {}", self.name));
        failure.also(format!("{command} shows the console of {first}"))
    }

    /// Returns true if the journal has the end of a console.
    async fn has_kept_console(&self) -> bool {
        let history = self.context.session.history(self.name).await;
        let is_kept = |entry: &HistoryEntry| entry.event == HistoryEvent::Console;
        history.is_ok_and(|history| history.iter().any(is_kept))
    }

    /// Undoes everything after the first signal; after the second, the journal lists what is left.
    async fn interrupted(&self, code: ExitCode) -> Failure {
        let session = &self.context.session;
        let keeps_earlier = self.manner.is_continued && self.manner.on_failure.is_none();
        let (doing, verb) = match keeps_earlier {
            true => ("undoing what this command has created", "resume"),
            false => ("rolling back", "rollback"),
        };
        let answer = interrupt::answer(code, doing, &self.command(verb));
        self.context.display.note_undo(&answer);
        let undone = tokio::select! {
            closed = session.close() => {
                let first = closed.unfinished.into_iter().next();
                first.map(|unfinished| unfinished.undone).unwrap_or_default()
            }
            code = self.context.interrupts.next() => {
                return Failure::interrupted(code, Undone::default(), self.command(verb))
                    .state("the journal lists what exists");
            }
        };
        // The journal decides: a stack that was committed or kept at the last moment still exists.
        match self.context.session.summary(self.name).await {
            Ok(status) if keeps_earlier && status.phase != Phase::Committed => {
                Failure::interrupted(code, undone, self.command(verb))
                    .state(kept_as_it_is(&status))
                    .kept(status.resources)
            }
            Ok(status) if undone.is_complete() => {
                let state = format!("{} is {}", self.name, status.phase);
                Failure::interrupted(code, undone, self.command("status")).state(state)
            }
            Ok(_) => Failure::interrupted(code, undone, self.command("rollback")),
            Err(_) => Failure::interrupted(code, undone, self.command("list")),
        }
    }

    fn command(&self, verb: &str) -> String {
        match verb {
            "list" => self.context.command("list"),
            verb => self.context.command(&format!("{verb} {}", self.name)),
        }
    }
}

fn kept_as_it_is(status: &DeploymentStatus) -> String {
    format!(
        "{} is kept as it is ({}, {})",
        status.name,
        status.phase,
        count(status.resources.len(), "resource")
    )
}
