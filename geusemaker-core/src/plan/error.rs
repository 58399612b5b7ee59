//! The error of a spec that does not fit the account.

use std::error::Error as StdError;
use std::fmt;

use super::problem::PlanProblem;
use crate::aws::error::AwsError;

/// Error returned when a spec does not fit the account, with everything that is wrong. Nothing was created.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 1\n\
/// #     [network]\nvpc = 'vpc-0a1b2c3d'\n[compute]\ninstance_type = 'g5.xlarge'\nkey_pair = 'mine'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// use geusemaker_core::Error;
///
/// // The spec names a VPC of another account, and a key pair that does not exist.
/// match session.plan(spec).await {
///     Err(Error::Plan(error)) => {
///         assert_eq!(error.problems().len(), 2);
///         for problem in error.problems() {
///             println!("{problem}: {}", problem.remedy());
///         }
///     }
///     other => panic!("{other:?}"),
/// }
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// At least one.
    problems: Vec<PlanProblem>,
}

impl PlanError {
    /// Creates the error of these problems, or returns `None` if there are none.
    pub(crate) fn of(problems: Vec<PlanProblem>) -> Option<Self> {
        (!problems.is_empty()).then_some(Self { problems })
    }

    /// Returns the problems: at least one.
    #[must_use]
    pub fn problems(&self) -> &[PlanProblem] {
        &self.problems
    }

    /// Returns what the user can do about the problems.
    #[must_use]
    pub fn remedy(&self) -> String {
        let remedies: Vec<_> = self.problems.iter().map(PlanProblem::remedy).collect();
        remedies.join("; ")
    }

    /// Returns the first call that AWS has refused, if one was.
    pub(crate) fn call(&self) -> Option<&AwsError> {
        self.problems.iter().find_map(|problem| match problem {
            PlanProblem::NotPermitted { source, .. } => Some(source),
            _ => None,
        })
    }

    /// Returns true if nothing is wrong with the spec itself.
    pub(crate) fn is_about_access(&self) -> bool {
        self.problems.iter().all(PlanProblem::is_about_access)
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [only] => only.fmt(f),
            problems => {
                write!(f, "{} problems: ", problems.len())?;
                let texts: Vec<_> = problems.iter().map(PlanProblem::with_sources).collect();
                f.write_str(&texts.join("; "))
            }
        }
    }
}

impl StdError for PlanError {
    /// Returns the source of the only problem. The message of several problems has their sources in it.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.problems.as_slice() {
            [only] => only.source(),
            _ => None,
        }
    }
}

impl From<PlanProblem> for PlanError {
    fn from(problem: PlanProblem) -> Self {
        let problems = vec![problem];
        Self { problems }
    }
}
