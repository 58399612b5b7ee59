//! The failure that an error of the SDK amounts to: its exit code and its class.

use geusemaker_core::spec::{Region, SpecError};
use geusemaker_core::words::{count, zones};
use geusemaker_core::{
    Attempt, AwsError, Category, Error, ErrorClass, JournalError, PlanError, Undone,
};
use serde_json::json;

use super::{Failure, Problem, snippet};
use crate::exit_code::ExitCode;
use crate::profile::MissingProfile;

impl Failure {
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
            // The resources in it may exist.
            _ if is_unreadable(error) => ExitCode::LeftoversRemain,
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

    /// Creates the failure for a question that AWS did not answer.
    pub(crate) fn unanswered(error: &AwsError) -> Self {
        let code = match error.class {
            ErrorClass::Credentials
            | ErrorClass::Permission
            | ErrorClass::Quota
            | ErrorClass::Unreachable => ExitCode::Access,
            _ => ExitCode::Failed,
        };
        let mut failure = Self::new(code, "access", error.to_string());
        failure.details.error = call(error);
        failure.remedy(error.remedy())
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

    fn of(error: &Error, code: ExitCode) -> Self {
        let class = match error.category() {
            Category::Input => "input",
            Category::Access => "access",
            Category::Locked => "locked",
            Category::InProgress => "in-progress",
            _ => "failure",
        };
        let mut failure = Self::new(code, class, error.with_sources());
        if let Some(error) = error.call() {
            failure.details.error = call(error);
        }
        if let Error::Software { log, .. } = error {
            failure.details.log.clone_from(log);
        }
        failure.details.is_about_missing_stack = matches!(error, Error::NoSuchStack { .. });
        failure.remedy = Some(error.remedy());
        if error.is_about_credentials()
            && error.call().is_some_and(|call| call.code.is_none())
            && let Some(missing) = MissingProfile::of_environment()
        {
            failure.message = missing.message();
            failure.remedy = Some(missing.remedy());
        }
        match error {
            Error::Spec(error) => failure.set_spec_problems(error),
            Error::Plan(error) => failure.set_problems(error),
            Error::Capacity {
                attempts, region, ..
            } => failure.set_attempts(attempts, region),
            _ => {}
        }
        failure
    }

    /// Sets the places in which no instance came up.
    fn set_attempts(&mut self, attempts: &[Attempt], region: &Region) {
        self.details.error["attempts"] = attempts
            .iter()
            .map(|attempt| {
                json!({
                    "instance_type": attempt.candidate.instance_type,
                    "purchase": attempt.candidate.purchase.to_string(),
                    "zone": attempt.candidate.zone,
                    "code": attempt.error.code,
                    "message": attempt.error.message,
                })
            })
            .collect();
        let is_one_line = |a: &Attempt, b: &Attempt| {
            let (a_place, b_place) = (&a.candidate, &b.candidate);
            (a_place.instance_type, a_place.purchase, &a.error.code)
                == (b_place.instance_type, b_place.purchase, &b.error.code)
        };
        let lines = attempts.chunk_by(is_one_line).map(|alike| {
            let Attempt {
                candidate, error, ..
            } = &alike[0];
            let zones_of = alike.iter().map(|attempt| attempt.candidate.zone.as_str());
            format!(
                "{} {} in {}: {}",
                candidate.instance_type,
                candidate.purchase,
                zones(region.as_str(), zones_of),
                error.code.as_ref().unwrap_or(&error.message)
            )
        });
        self.details.attempts = lines.collect();
        self.details.all_attempts = attempts.iter().map(ToString::to_string).collect();
    }

    /// Sets the problems of a spec, each with its place.
    fn set_spec_problems(&mut self, error: &SpecError) {
        let all: Vec<_> = std::iter::once(error).chain(error.others()).collect();
        self.details.error["problems"] = all
            .iter()
            .map(|problem| {
                json!({
                    "message": problem.message(),
                    "file": problem.file(),
                    "line": problem.line(),
                    "column": column(problem),
                    "field": problem.field(),
                })
            })
            .collect();
        if let [only] = all.as_slice() {
            self.details.snippet = snippet::lines(only);
            return;
        }
        self.message = format!("{} problems in the spec; nothing was created", all.len());
        self.details.problems = all
            .iter()
            .map(|problem| Problem {
                message: problem.to_string(),
                snippet: snippet::lines(problem),
                remedy: None,
            })
            .collect();
    }

    /// Sets the problems of a spec that does not fit the account. Several are listed, each with its remedy.
    fn set_problems(&mut self, error: &PlanError) {
        let problems: Vec<_> = error
            .problems()
            .iter()
            .map(|problem| Problem {
                message: problem.with_sources(),
                snippet: Vec::new(),
                remedy: Some(problem.remedy()),
            })
            .collect();
        self.details.error["problems"] = problems
            .iter()
            .map(|problem| json!({ "message": problem.message, "remedy": problem.remedy }))
            .collect();
        if problems.len() > 1 {
            self.message = format!("{}; nothing was created", count(problems.len(), "problem"));
            self.remedy = None;
            self.details.problems = problems;
        }
    }
}

/// Returns the column of a problem, counted in characters from one.
fn column(problem: &SpecError) -> Option<usize> {
    let of_excerpt = || {
        let excerpt = problem.excerpt()?;
        let before = excerpt.line().get(..excerpt.marked().start)?;
        Some(before.chars().count() + 1)
    };
    problem.column().or_else(of_excerpt)
}

/// Returns true if a journal exists that cannot be read.
fn is_unreadable(error: &Error) -> bool {
    matches!(
        error,
        Error::Journal(
            JournalError::Damaged { .. }
                | JournalError::Newer { .. }
                | JournalError::Missing { .. }
                | JournalError::Illegal { .. }
        )
    )
}

fn call(error: &AwsError) -> serde_json::Value {
    json!({
        "class": error.class,
        "operation": error.operation,
        "code": error.code,
        "message": error.message,
        "request_id": error.request_id,
    })
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::before(&error)
    }
}
