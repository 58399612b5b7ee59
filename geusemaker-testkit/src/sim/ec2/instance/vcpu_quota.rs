//! The quotas of vCPUs: the one that an instance counts against, and its remainder.

use std::time::Duration;

use jiff::Timestamp;

use super::{Instance, InstanceState};
use crate::sim::catalog::{self, InstanceType};
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::quota::Quota;
use crate::sim::timings::Timings;
use crate::wire::ServiceError;

/// Assumed: the guide does not give a duration.
const TERMINATED_COUNTS_FOR: Duration = Duration::from_secs(120);

impl Ec2 {
    /// Returns how many instances the quota allows, out of the least and the most that are wanted. AWS launches as many
    /// as it can, if that is enough for the caller.
    pub(in crate::sim::ec2) fn admit_vcpus(
        &self,
        context: &RequestContext<'_>,
        instance_type: &InstanceType,
        is_spot: bool,
        (least, most): (u32, u32),
    ) -> Result<u32, ServiceError> {
        let Some(quota) = quota(instance_type, is_spot) else {
            return Ok(most);
        };
        let Some(limit) = context.quotas.limit(quota) else {
            return Ok(most);
        };
        let used = self.vcpus_under(quota, context);
        let each = instance_type.vcpus.max(1);
        let allowed = limit.saturating_sub(used) / each;
        if allowed < least {
            let wanted = used.saturating_add(each.saturating_mul(least));
            let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
            context.quotas.admit(quota, wanted)?;
        }
        Ok(allowed.min(most))
    }

    /// Returns the number of vCPUs that count against a quota now.
    fn vcpus_under(&self, quota: Quota, context: &RequestContext<'_>) -> u32 {
        let lag = match context.rng.timings() {
            Timings::Instant => Duration::ZERO,
            Timings::Typical | Timings::Slow => TERMINATED_COUNTS_FOR,
        };
        let now = context.now;
        let active = |id: &String| {
            let reservation = self.capacity_reservations.get(id);
            reservation.is_some_and(|reservation| reservation.is_active(now))
        };
        // The vCPUs of a reservation count whether they are used or not; those of capacity blocks do not count.
        let reserved: u32 = self
            .capacity_reservations
            .values()
            .filter(|reservation| reservation.is_active(now) && !reservation.is_block())
            .filter_map(|reservation| {
                let known = catalog::instance_type(&reservation.instance_type)?;
                let of = self::quota(known, false)?;
                (of == quota).then(|| known.vcpus.saturating_mul(reservation.count))
            })
            .sum();
        let unreserved: u32 = self
            .instances
            .values()
            .filter(|instance| counts(instance, now, lag) && !instance.launch.is_block)
            .filter(|instance| !instance.capacity_reservation.as_ref().is_some_and(active))
            .filter_map(|instance| {
                let known = catalog::instance_type(&instance.launch.instance_type)?;
                let of = self::quota(known, instance.launch.spot.is_some())?;
                (of == quota).then_some(known.vcpus)
            })
            .sum();
        reserved.saturating_add(unreserved)
    }
}

/// Returns the quota that an instance of the type counts against, if the simulator has it.
fn quota(instance_type: &InstanceType, is_spot: bool) -> Option<Quota> {
    let family = instance_type.family();
    let letters = family
        .find(|c: char| !c.is_ascii_alphabetic())
        .map_or(family, |end| &family[..end]);
    let quota = match (letters, is_spot) {
        ("dl", false) => Quota::OnDemandDl,
        ("dl", true) => Quota::SpotDl,
        ("g" | "gr" | "vt", false) => Quota::OnDemandGAndVt,
        ("g" | "gr" | "vt", true) => Quota::SpotGAndVt,
        ("inf", false) => Quota::OnDemandInf,
        ("inf", true) => Quota::SpotInf,
        ("p", false) => Quota::OnDemandP,
        ("p", true) if ["p2", "p3", "p4"].iter().any(|old| family.starts_with(old)) => Quota::SpotP,
        // No quota of its own for P6 is known, so it is assumed to count with P5.
        ("p", true) => Quota::SpotP5,
        ("trn", false) => Quota::OnDemandTrn,
        ("trn", true) => Quota::SpotTrn,
        ("a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z", false) => {
            Quota::OnDemandStandard
        }
        ("a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z", true) => {
            Quota::SpotStandard
        }
        _ => return None,
    };
    Some(quota)
}

/// Returns true if the instance counts against its quota. EC2 developer guide, "Eventual consistency": a terminated
/// instance still counts for a while.
fn counts(instance: &Instance, now: Timestamp, lag: Duration) -> bool {
    match instance.state(now) {
        InstanceState::Pending | InstanceState::Running | InstanceState::ShuttingDown => true,
        // The quotas are for running instances.
        InstanceState::Stopping | InstanceState::Stopped => false,
        InstanceState::Terminated => instance
            .terminated_at()
            .is_some_and(|ended_at| now < ended_at + lag),
    }
}

#[cfg(test)]
mod tests {
    use super::quota;
    use crate::sim::catalog;

    /// The simulator does not have the quotas of the families with FPGAs.
    #[test]
    fn types_have_on_demand_and_spot_quotas() {
        let known = catalog::instance_types().iter();
        for known in known.filter(|known| known.family() != "f2") {
            let (on_demand, spot) = (quota(known, false), quota(known, true));
            assert!(on_demand.is_some(), "{}", known.name);
            assert!(spot.is_some() && spot != on_demand, "{}", known.name);
        }
    }
}
