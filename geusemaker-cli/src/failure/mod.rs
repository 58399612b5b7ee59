//! A command that did not succeed, with everything a person needs to know: what happened, AWS's own message, what
//! exists now, and what to do next.

mod classification;
mod rendering;
mod snippet;

use geusemaker_core::spec::Region;
use geusemaker_core::{ResourceStatus, StackName, Undone};
use serde_json::{Value, json};

use crate::exit_code::ExitCode;

/// The reason why a command did not succeed, and what is left.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: ExitCode,
    message: String,
    // Boxed, because every result reserves space for a failure.
    details: Box<Details>,
    remedy: Option<String>,
    undone: Box<Undone>,
    /// The state of the parts that worked.
    state: Option<String>,
    next: Option<String>,
}

/// Details that most failures do not have.
#[derive(Debug)]
struct Details {
    error: Value,
    /// The place of the problem in the spec.
    snippet: Vec<String>,
    /// The problems of a spec that is wrong or does not fit, if there are several.
    problems: Vec<Problem>,
    /// The places in which no instance came up, a line for each type and market.
    attempts: Vec<String>,
    /// The same with each place and all that AWS has answered.
    all_attempts: Vec<String>,
    /// True if the person has read the message already.
    is_said: bool,
    /// The last lines of the log of a container that has failed.
    log: Vec<String>,
    /// All resources of the stack, if they stay.
    kept: Vec<ResourceStatus>,
    /// True if the failure is that there is no such stack.
    is_about_missing_stack: bool,
    /// The summary of an account that was served.
    served: Option<Value>,
}

/// One of several problems.
#[derive(Debug)]
struct Problem {
    message: String,
    /// Its place in the spec, if that is known.
    snippet: Vec<String>,
    remedy: Option<String>,
}

impl Failure {
    fn new(code: ExitCode, class: &str, message: String) -> Self {
        Self {
            code,
            details: Box::new(Details {
                error: json!({ "class": class, "message": message }),
                snippet: Vec::new(),
                problems: Vec::new(),
                attempts: Vec::new(),
                all_attempts: Vec::new(),
                is_said: false,
                log: Vec::new(),
                kept: Vec::new(),
                is_about_missing_stack: false,
                served: None,
            }),
            message,
            remedy: None,
            undone: Box::default(),
            state: None,
            next: None,
        }
    }

    /// Creates the failure for a wrong command line or environment.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, "usage", message.into())
    }

    /// Creates the failure for a wrong spec.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, "input", message.into())
    }

    /// Creates the failure for credentials that cannot be had.
    pub(crate) fn no_access(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Access, "access", message.into())
    }

    /// Creates the failure for a stack that is in another Region than the one that was asked for.
    pub(crate) fn elsewhere(
        stack: &StackName,
        found: &Region,
        asked_by: impl std::fmt::Display,
        asked: &Region,
    ) -> Self {
        let message = format!("{stack} is in {found}, and {asked_by} says {asked}");
        let remedy = format!("leave {asked_by} out: the journal says where a stack is");
        Self::usage(message).remedy(remedy)
    }

    /// Creates the failure for a fault of this machine.
    pub(crate) fn local(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Failed, "local", message.into())
    }

    /// Creates the failure for a stack that is deployed, but does not work as a whole.
    pub(crate) fn degraded(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Degraded, "degraded", message.into())
    }

    /// Creates the failure for journals that cannot be read: the resources in them may exist.
    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(ExitCode::LeftoversRemain, "unreadable", message.into())
    }

    /// Creates the failure for a result that cannot be written to standard output.
    pub(crate) fn unwritten(error: &std::io::Error) -> Self {
        let message = format!("the result cannot be written to standard output: {error}");
        Self::new(ExitCode::Unwritten, "output", message).state("the command has done its work")
    }

    /// Creates the failure for events that cannot all be written.
    pub(crate) fn unwritten_events(message: &str) -> Self {
        Self::new(ExitCode::Unwritten, "output", message.to_owned())
            .state("the command has done its work")
    }

    /// Creates the failure for a resource that another process holds.
    #[cfg(feature = "sandbox")]
    pub(crate) fn locked(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Locked, "locked", message.into())
    }

    /// Creates the failure for faults that never fired.
    #[cfg(feature = "sandbox")]
    pub(crate) fn unfired(faults: &[String], served: Value) -> Self {
        let message = format!(
            "these faults never fired: {} (correct each, or make it `optional`)",
            faults.join("; ")
        );
        let mut failure = Self::new(ExitCode::FaultUnfired, "fault-unfired", message);
        failure.details.served = Some(served);
        failure
    }

    /// Creates the failure for a person who declined.
    pub(crate) fn declined() -> Self {
        Self::new(
            ExitCode::Declined,
            "declined",
            "declined; nothing was changed".to_owned(),
        )
    }

    /// Creates the failure for a signal; the work in progress is undone or in the journal.
    pub(crate) fn interrupted(code: ExitCode, undone: Undone, next: String) -> Self {
        let mut failure = Self::new(code, "interrupted", "interrupted".to_owned());
        failure.undone = Box::new(undone);
        failure.next(next)
    }

    /// Creates the failure for a signal that arrived before anything was changed.
    pub(crate) fn stopped(code: ExitCode) -> Self {
        Self::new(
            code,
            "interrupted",
            "interrupted; nothing was changed".to_owned(),
        )
    }

    /// Creates the failure for a signal that arrived while a command ran on an instance.
    pub(crate) fn canceled(code: ExitCode, message: impl Into<String>) -> Self {
        Self::new(code, "interrupted", message.into())
    }

    /// Creates the failure for an undo that could not finish.
    pub(crate) fn leftovers(undone: Undone) -> Self {
        let message = "not everything could be removed".to_owned();
        let mut failure = Self::new(ExitCode::LeftoversRemain, "leftovers", message);
        failure.undone = Box::new(undone);
        failure
    }

    /// Creates the failure for a removal that was not begun, because a part of the stack is protected.
    pub(crate) fn protected(mut undone: Undone) -> Self {
        // The others stay because of these.
        undone.left.retain(|left| left.remedy.is_some());
        let message = "AWS would refuse to delete what is protected; nothing was removed";
        let mut failure = Self::new(ExitCode::LeftoversRemain, "protected", message.to_owned());
        failure.undone = Box::new(undone);
        failure
    }

    /// Drops the commands that remove leftovers by hand.
    pub(crate) fn without_commands(mut self) -> Self {
        for leftover in &mut self.undone.left {
            leftover.command = None;
        }
        self
    }

    /// Sets the message for people, above the error.
    pub(crate) fn message(mut self, message: impl Into<String>) -> Self {
        self.message = format!("{}: {}", message.into(), self.message);
        self
    }

    /// Returns true if the failure is that there is no such stack.
    pub(crate) fn is_about_missing_stack(&self) -> bool {
        self.details.is_about_missing_stack
    }

    /// Adds a text to the message.
    pub(crate) fn add(mut self, text: &str) -> Self {
        self.message.push_str(text);
        self.details.error["message"] = self.message.as_str().into();
        self
    }

    /// Sets what the user can do.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Adds another thing that the user can do.
    pub(crate) fn also(mut self, remedy: impl Into<String>) -> Self {
        let also = remedy.into();
        self.remedy = Some(match self.remedy.take() {
            Some(first) => format!("{first}; {also}"),
            None => also,
        });
        self
    }

    pub(crate) fn code(mut self, code: ExitCode) -> Self {
        self.code = code;
        self
    }

    /// Leaves the message out of the text: the person has read it already.
    pub(crate) fn said(mut self) -> Self {
        self.details.is_said = true;
        self
    }

    /// Sets the description of what exists now.
    pub(crate) fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Sets the resources of the stack that stay.
    pub(crate) fn kept(mut self, resources: Vec<ResourceStatus>) -> Self {
        self.details.kept = resources;
        self
    }

    /// Sets the command to run next.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}
