//! The context of a call: the data that a service needs to answer it, beside its own state.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::capacity::Capacity;
use super::catalog::InstanceType;
use super::guest::{Guest, Software};
use super::lifecycle::LifecycleOverride;
use super::opt_in::OptIns;
use super::partition::Partition;
use super::quota::Quotas;
use super::timings::{Rng, Step};

/// The time and place at which a call is answered, and its conditions.
pub(crate) struct RequestContext<'a> {
    pub(crate) now: Timestamp,
    pub(crate) account_id: &'a str,
    pub(crate) region: &'a str,
    pub(crate) rng: &'a mut Rng,
    pub(crate) guest: &'a Arc<dyn Guest>,
    /// The override for the resource that the call is about.
    pub(crate) lifecycle: &'a LifecycleOverride,
    /// The quotas of the account.
    pub(crate) quotas: &'a Quotas,
    /// The zones' capacity.
    pub(crate) capacity: &'a Capacity,
    /// The regions that the account has opted in to.
    pub(crate) opt_ins: &'a OptIns,
    /// The instance types that only this account has.
    pub(crate) newer_types: &'a [InstanceType],
}

impl RequestContext<'_> {
    /// Returns the partition of the region, whose name begins ARNs: `arn:aws-cn`.
    pub(crate) fn partition(&self) -> Partition {
        Partition::of(self.region)
    }

    /// Returns the ARN of the caller.
    pub(crate) fn user_arn(&self) -> String {
        let (partition, account) = (self.partition(), self.account_id);
        format!("arn:{partition}:iam::{account}:user/simulated")
    }

    /// Returns the software of the instances.
    pub(crate) fn software(&self) -> Software<'_> {
        Software {
            guest: &**self.guest,
            timings: self.rng.timings(),
        }
    }

    /// Returns the duration of a step of the resource that the call is about.
    pub(crate) fn duration(&mut self, step: Step) -> Duration {
        self.lifecycle.duration(self.rng.duration(step))
    }
}
