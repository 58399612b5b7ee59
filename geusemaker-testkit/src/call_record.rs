//! The log of the calls that an account received.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use crate::wire::Service;
use crate::wire::operation::is_read;

/// A call that reached the account or was lost on its way there.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::{Aws, Fault, Outcome};
///
/// let aws = Aws::builder().fault(Fault::on("DescribeVpcs").throttled()).build();
/// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// ec2.describe_vpcs().send().await?; // The SDK tries again by itself.
///
/// let calls = aws.calls();
/// let [first, second] = calls.as_slice() else { panic!("{calls:?}") };
/// assert_eq!(first.outcome, Outcome::Refused("RequestLimitExceeded".to_owned()));
/// assert_eq!((second.operation.as_str(), second.nth), ("DescribeVpcs", 2));
/// assert_eq!(second.outcome, Outcome::Success);
/// assert!(second.at > first.at && !second.is_mutating());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRecord {
    /// The time of arrival, on the account's clock.
    pub at: Timestamp,
    /// The time at which the caller got its answer or the connection ended; `None` while the call is pending.
    pub ended: Option<Timestamp>,
    /// The service of the operation; `None` if the request named no service.
    pub service: Option<Service>,
    /// The name of the operation, such as `RunInstances`; of a dry run, `RunInstances (dry run)`.
    pub operation: String,
    /// The position among the calls of that operation, counted from 1.
    pub nth: u32,
    /// The outcome, as the caller saw it.
    pub outcome: Outcome,
}

impl CallRecord {
    /// Returns true if the operation may change something, that is, unless it describes, gets or lists.
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        !is_read(&self.operation)
    }
}

/// The outcome of a call, as its caller saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// No answer yet. It stays like this if the caller has gone away.
    Pending,
    /// The call succeeded.
    Success,
    /// The call was refused with this AWS error code.
    Refused(String),
    /// A fault ended the connection or suppressed the answer.
    Silence,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => f.write_str("pending"),
            Self::Success => f.write_str("ok"),
            Self::Refused(code) => f.write_str(code),
            Self::Silence => f.write_str("no answer"),
        }
    }
}

/// The log of calls, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    records: Vec<CallRecord>,
    counts: BTreeMap<(Option<Service>, String), u32>,
}

impl CallLog {
    pub(crate) fn records(&self) -> &[CallRecord] {
        &self.records
    }

    /// Records the arrival of a call and returns its index, which is needed to record its end.
    pub(crate) fn begin(
        &mut self,
        at: Timestamp,
        service: Option<Service>,
        operation: &str,
    ) -> usize {
        let nth = self
            .counts
            .entry((service, operation.to_owned()))
            .or_default();
        *nth += 1;
        self.records.push(CallRecord {
            at,
            ended: None,
            service,
            operation: operation.to_owned(),
            nth: *nth,
            outcome: Outcome::Pending,
        });
        self.records.len() - 1
    }

    /// Records the end of a call and returns its whole record.
    pub(crate) fn end(
        &mut self,
        place: usize,
        at: Timestamp,
        outcome: Outcome,
    ) -> Option<CallRecord> {
        let record = self.records.get_mut(place)?;
        record.ended = Some(at);
        record.outcome = outcome;
        Some(record.clone())
    }
}
