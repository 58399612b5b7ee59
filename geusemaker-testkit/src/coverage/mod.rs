//! Coverage: the operations, refusals and states of the account that a program has and has not exercised.

mod states;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub(crate) use self::states::SeenStates;
use crate::call_record::{CallRecord, Outcome};
use crate::sim::error_codes::ErrorCodes;
use crate::sim::operation;
use crate::wire::Service;

/// The part of the simulator that one run or several runs have exercised.
///
/// A state counts only if an answer has shown it to a caller. A state that a resource went through unobserved was not
/// exercised.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::{Aws, Coverage, Service};
///
/// let mut coverage = Coverage::default();
/// for seed in 1..=2 {
///     let aws = Aws::builder().seed(seed).build();
///     let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
///     ec2.describe_vpcs().send().await?;
///     coverage.merge(&aws.coverage());
/// }
/// assert_eq!(coverage.operation(Service::Ec2, "DescribeVpcs").map(|used| used.succeeded), Some(2));
/// assert!(coverage.never_called().any(|never| never == (Service::Ec2, "RunInstances")));
/// println!("{coverage}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    operations: BTreeMap<Service, BTreeMap<String, OperationCoverage>>,
    states: SeenStates,
}

/// The number of calls of an operation, by outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OperationCoverage {
    /// The number of calls that succeeded.
    pub succeeded: u64,
    /// The number of calls that were refused, by AWS's error code.
    pub refused: BTreeMap<String, u64>,
    /// The number of calls without an answer.
    pub unanswered: u64,
}

impl OperationCoverage {
    /// Returns the number of calls.
    #[must_use]
    pub fn times(&self) -> u64 {
        self.succeeded + self.unanswered + self.refused.values().sum::<u64>()
    }

    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Success => self.succeeded += 1,
            Outcome::Refused(code) => *self.refused.entry(code.clone()).or_default() += 1,
            Outcome::Pending | Outcome::Silence => self.unanswered += 1,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.succeeded += other.succeeded;
        self.unanswered += other.unanswered;
        for (code, times) in &other.refused {
            *self.refused.entry(code.clone()).or_default() += times;
        }
    }
}

impl Coverage {
    pub(crate) fn of(calls: &[CallRecord], states: &SeenStates) -> Self {
        let mut coverage = Self {
            operations: BTreeMap::new(),
            states: states.clone(),
        };
        for call in calls {
            // A request that names no service counts for none.
            if let Some(service) = call.service {
                let operations = coverage.operations.entry(service).or_default();
                let operation = operations.entry(call.operation.clone()).or_default();
                operation.count(&call.outcome);
            }
        }
        coverage
    }

    /// Adds the coverage of another run.
    pub fn merge(&mut self, other: &Self) {
        for (service, operations) in &other.operations {
            let own = self.operations.entry(*service).or_default();
            for (operation, used) in operations {
                own.entry(operation.clone()).or_default().merge(used);
            }
        }
        self.states.merge(&other.states);
    }

    /// Returns the operations that were called: the service, the operation, and its calls by outcome.
    pub fn operations(&self) -> impl Iterator<Item = (Service, &str, &OperationCoverage)> {
        self.operations.iter().flat_map(|(service, operations)| {
            operations
                .iter()
                .map(|(operation, used)| (*service, operation.as_str(), used))
        })
    }

    /// Returns the coverage of one operation, if it was called at all.
    #[must_use]
    pub fn operation(&self, service: Service, operation: &str) -> Option<&OperationCoverage> {
        self.operations.get(&service)?.get(operation)
    }

    /// Returns the error codes with which a service has refused calls.
    #[must_use]
    pub fn errors(&self, service: Service) -> BTreeSet<&str> {
        self.operations
            .get(&service)
            .into_iter()
            .flat_map(BTreeMap::values)
            .flat_map(|used| used.refused.keys())
            .map(String::as_str)
            .collect()
    }

    /// Returns the states that answers have shown: the kind of resource (`EC2::Instance`), the state, and the number of
    /// times.
    pub fn states(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.states.iter()
    }

    /// Returns the operations that the simulator offers and that were never called.
    pub fn never_called(&self) -> impl Iterator<Item = (Service, &'static str)> {
        Service::ALL.into_iter().flat_map(move |service| {
            let names = operation::names(service).iter().copied();
            names
                .filter(move |name| self.operation(service, name).is_none())
                .map(move |name| (service, name))
        })
    }

    /// Returns the error codes with which the simulator itself can refuse calls and has not refused any.
    pub fn never_refused_with(&self) -> impl Iterator<Item = (Service, &'static str)> {
        Service::ALL.into_iter().flat_map(move |service| {
            let seen = self.errors(service);
            let codes = ErrorCodes::of(service).offered();
            codes
                .filter(move |code| !seen.contains(code))
                .map(move |code| (service, code))
        })
    }

    /// Returns the states that the simulator can show and no answer has shown: the kind of resource, and the state.
    pub fn never_seen(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        states::offered().filter(|(kind, state)| !self.states.has(kind, state))
    }
}
