//! The collected results of the checks of a plan.

use std::mem;

use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::error::Error;
use crate::plan::domain_problem::DomainProblem;
use crate::plan::error::PlanError;
use crate::plan::problem::PlanProblem;
use crate::plan::warning::PlanWarning;

/// The result of a check.
pub(super) type Checked<T> = Result<T, Unfit>;

/// The reason why a check has no result.
pub(super) enum Unfit {
    /// Something is wrong.
    Problems(Vec<PlanProblem>),
    /// AWS could not be asked.
    Unknown(Error),
}

impl From<PlanProblem> for Unfit {
    fn from(problem: PlanProblem) -> Self {
        Self::Problems(vec![problem])
    }
}

impl From<DomainProblem> for Unfit {
    fn from(problem: DomainProblem) -> Self {
        PlanProblem::from(problem).into()
    }
}

/// Returns the conversion of a failed call during this work: a missing permission is a problem like any other.
pub(super) fn during(doing: &str) -> impl Fn(AwsError) -> Unfit {
    move |source| match source.class {
        ErrorClass::Permission => PlanProblem::NotPermitted {
            doing: doing.to_owned(),
            source,
        }
        .into(),
        ErrorClass::Capacity
        | ErrorClass::Conflict
        | ErrorClass::Credentials
        | ErrorClass::Invalid
        | ErrorClass::NotFound
        | ErrorClass::NotYet
        | ErrorClass::Quota
        | ErrorClass::ServiceFault
        | ErrorClass::Throttled
        | ErrorClass::Unreachable => Unfit::Unknown(Error::aws(doing)(source)),
    }
}

/// Everything that the checks have found.
#[derive(Default)]
pub(super) struct Report {
    problems: Vec<PlanProblem>,
    pub(super) warnings: Vec<PlanWarning>,
    unknown: Option<Error>,
}

impl Report {
    /// Takes the result of a check, or notes the reason why there is none.
    pub(super) fn take<T>(&mut self, checked: Checked<T>) -> Option<T> {
        match checked {
            Ok(result) => return Some(result),
            Err(Unfit::Problems(problems)) => self.problems.extend(problems),
            Err(Unfit::Unknown(error)) => {
                self.unknown.get_or_insert(error);
            }
        }
        None
    }

    /// Takes the answer of a check that may be left out: without permission to look, that is a warning.
    pub(super) fn look<T>(&mut self, what: &'static str, answer: Result<T, AwsError>) -> Option<T> {
        match answer {
            Ok(answer) => return Some(answer),
            Err(call) if call.class == ErrorClass::Permission => {
                self.warnings.push(PlanWarning::NotChecked { what, call });
            }
            Err(error) => {
                self.unknown
                    .get_or_insert_with(|| Error::aws(format!("checking {what}"))(error));
            }
        }
        None
    }

    /// Notes that AWS could not be asked.
    pub(super) fn unknown(&mut self, error: Error) {
        self.unknown.get_or_insert(error);
    }

    /// Adds a problem.
    pub(super) fn problem(&mut self, problem: PlanProblem) {
        self.problems.push(problem);
    }

    /// Adds what another report has found.
    pub(super) fn extend(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.warnings.extend(other.warnings);
        if let Some(error) = other.unknown {
            self.unknown.get_or_insert(error);
        }
    }

    /// Returns an error if anything was found that keeps the stack from being deployed. Where AWS could not be asked,
    /// the problems may not be all, so that comes first.
    pub(super) fn conclude(&mut self) -> Result<(), Error> {
        if let Some(error) = self.unknown.take() {
            return Err(error);
        }
        match PlanError::of(mem::take(&mut self.problems)) {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }
}
