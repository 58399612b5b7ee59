//! A command that did not succeed, with everything a person needs to know: what happened, AWS's own message, what
//! exists now, and what to do next.

use geusemaker_core::{Category, Error, ErrorClass, Leftover, ResourceStatus, Undone};
use serde_json::{Value, json};

use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::short_arn::shorten_arns;

/// The reason why a command did not succeed, and what is left.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: ExitCode,
    message: String,
    // Boxed, because every result reserves space for a failure.
    told: Box<Details>,
    remedy: Option<String>,
    undone: Box<Undone>,
    /// The state of the parts that worked.
    state: Option<String>,
    next: Option<String>,
}

/// Details that most failures do not have, and that only the JSON document shows.
#[derive(Debug)]
struct Details {
    error: Value,
    /// All resources of the stack, if they stay.
    kept: Vec<ResourceStatus>,
    /// The summary of an account that was served.
    served: Option<Value>,
}

impl Failure {
    fn new(code: ExitCode, class: &str, message: String) -> Self {
        Self {
            code,
            told: Box::new(Details {
                error: json!({ "class": class, "message": message }),
                kept: Vec::new(),
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

    /// Creates the failure for a fault of this machine.
    pub(crate) fn local(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Failed, "local", message.into())
    }

    /// Creates the failure for a resource that another process holds.
    #[cfg(feature = "sandbox")]
    pub(crate) fn locked(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Locked, "locked", message.into())
    }

    /// Creates the failure for faults that never fired.
    #[cfg(feature = "sandbox")]
    pub(crate) fn unfired(faults: &[String], served: Value) -> Self {
        let message = format!("these faults never struck: {}", faults.join("; "));
        let mut failure = Self::new(ExitCode::FaultUnfired, "fault-unfired", message);
        failure.told.served = Some(served);
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

    /// Creates the failure for an error before anything was changed.
    pub(crate) fn before(error: &Error) -> Self {
        let code = match error.category() {
            // Another process has begun the stack between the plan and the launch.
            _ if matches!(error, Error::Exists { .. }) => ExitCode::Locked,
            // Nothing was changed, so the value that AWS rejects is in the spec.
            _ if error
                .call()
                .is_some_and(|call| call.class == ErrorClass::Invalid) =>
            {
                ExitCode::Usage
            }
            Category::Input => ExitCode::Usage,
            Category::Access => ExitCode::Access,
            Category::Locked => ExitCode::Locked,
            Category::InProgress => ExitCode::InProgress,
            _ => ExitCode::Failed,
        };
        Self::of(error, code)
    }

    /// Creates the failure for an error before anything was changed in an existing stack: all of the stack is still
    /// there.
    pub(crate) fn unchanged(error: &Error, stack: &str) -> Self {
        let failure = Self::before(error);
        match error {
            Error::NoSuchStack { .. } => failure,
            _ if failure.code == ExitCode::Failed => failure
                .code(ExitCode::LeftoversRemain)
                .state(format!("{stack} is unchanged")),
            _ => failure.state(format!("{stack} is unchanged")),
        }
    }

    /// Creates the failure for an error during the work, with the result of the undo; the exit code says whether
    /// everything is undone.
    pub(crate) fn after(error: &Error, undone: Undone) -> Self {
        if error.category() == Category::Locked {
            // The resources now belong to the other process, and must not be removed by hand.
            return Self::of(error, ExitCode::Locked);
        }
        let code = if undone.is_complete() {
            ExitCode::Failed
        } else {
            ExitCode::LeftoversRemain
        };
        let mut failure = Self::of(error, code);
        failure.undone = Box::new(undone);
        failure
    }

    /// Creates the failure for an undo that could not finish.
    pub(crate) fn leftovers(undone: Undone) -> Self {
        let message = "not everything could be removed".to_owned();
        let mut failure = Self::new(ExitCode::LeftoversRemain, "leftovers", message);
        failure.undone = Box::new(undone);
        failure
    }

    fn of(error: &Error, code: ExitCode) -> Self {
        let class = match error.category() {
            Category::Input => "input",
            Category::Access => "access",
            Category::Locked => "locked",
            Category::InProgress => "in-progress",
            _ => "failure",
        };
        let mut failure = Self::new(code, class, error.to_string());
        if let Some(call) = error.call() {
            failure.told.error = json!({
                "class": call.class,
                "operation": call.operation,
                "code": call.code,
                "message": call.message,
                "request_id": call.request_id,
            });
        }
        failure.remedy = Some(error.remedy());
        failure
    }

    /// Drops the commands that remove leftovers by hand.
    pub(crate) fn without_commands(mut self) -> Self {
        for leftover in &mut self.undone.left {
            leftover.command = None;
        }
        self
    }

    pub(crate) fn code(mut self, code: ExitCode) -> Self {
        self.code = code;
        self
    }

    /// Sets the description of what exists now.
    pub(crate) fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Sets the resources of the stack that stay.
    pub(crate) fn kept(mut self, resources: Vec<ResourceStatus>) -> Self {
        self.told.kept = resources;
        self
    }

    /// Sets the command to run next.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub(crate) fn into_document(self) -> Document {
        let left = &self.undone.left;
        let mut document = Document::failure()
            .member("error", &self.told.error)
            .member("exit_code", self.code as u8)
            .member("remedy", &self.remedy)
            .member("deleted", &self.undone.deleted)
            .member("leftovers", left)
            .member("state", &self.state)
            .member("next", &self.next)
            .line(format!("error: {}", self.message));
        if let Some(served) = &self.told.served {
            document = document.member("served", served);
        }
        if let Some(remedy) = &self.remedy {
            document = document.line(format!("  try: {remedy}"));
        }
        if let Some(state) = &self.state {
            document = document.line(format!("  now: {state}"));
        } else if self.undone.is_complete() && !self.undone.deleted.is_empty() {
            let count = self.undone.deleted.len();
            document = document.line(format!(
                "  now: nothing is left; {count} resources were removed"
            ));
        }
        if !left.is_empty() {
            document = document
                .line("  still there:")
                .lines(left.iter().flat_map(leftover_lines));
        }
        if !self.told.kept.is_empty() {
            document = document
                .member("resources", &self.told.kept)
                .line("  kept:")
                .lines(self.told.kept.iter().map(kept_line));
        }
        match &self.next {
            Some(next) => document.line(format!("  next: {next}")),
            None => document,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::before(&error)
    }
}

fn kept_line(resource: &ResourceStatus) -> String {
    let id = resource.id.as_deref().unwrap_or(&resource.state);
    let adopted = if resource.adopted { " (yours)" } else { "" };
    format!("    {} {}{adopted}", resource.kind, shorten_arns(id))
}

fn leftover_lines(leftover: &Leftover) -> Vec<String> {
    let mut lines = vec![format!("    {leftover}")];
    lines.extend(
        leftover
            .command
            .iter()
            .map(|command| format!("      by hand: {command}")),
    );
    lines
}
