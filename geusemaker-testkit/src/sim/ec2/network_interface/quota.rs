//! The quota of network interfaces, which instances and other services use up.

use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::quota::Quota;
use crate::wire::ServiceError;

impl Ec2 {
    /// Refuses to add that many network interfaces if the quota does not allow them.
    pub(crate) fn admit_interfaces(
        &self,
        context: &RequestContext<'_>,
        more: u32,
    ) -> Result<(), ServiceError> {
        let held = self
            .interfaces
            .values()
            .filter(|interface| interface.exists(context.now))
            .count();
        let more = usize::try_from(more).unwrap_or(usize::MAX);
        let total = held.saturating_add(more);
        context.quotas.admit(Quota::NetworkInterfaces, total)
    }
}
