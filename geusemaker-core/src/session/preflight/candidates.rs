//! The places where an instance may be launched: every type in every zone that offers it, on every market.

use std::collections::BTreeSet;

use super::Preflight;
use super::network::FoundNetwork;
use super::report::{Checked, during};
use crate::plan::Candidate;
use crate::plan::problem::PlanProblem;
use crate::resource::instance_type_offering;
use crate::spec::{InstanceType, Market, Purchase};

/// The zones that offer an instance type.
pub(super) struct Offer {
    instance_type: InstanceType,
    pub(super) zones: BTreeSet<String>,
}

impl Offer {
    /// Leaves only this zone, which has the reserved capacity.
    pub(super) fn keep_zone(&mut self, zone: &str) {
        self.zones = [zone.to_owned()].into();
    }
}

impl Preflight<'_> {
    /// Returns the zones that offer each of the instance types.
    pub(super) async fn offers(&self, types: &[InstanceType]) -> Checked<Vec<Offer>> {
        let mut offers = Vec::new();
        for instance_type in types.iter().copied() {
            let zones = instance_type_offering::zones(&self.account.reader, &instance_type)
                .await
                .map_err(during("finding the zones that offer the instance type"))?;
            offers.push(Offer {
                instance_type,
                zones,
            });
        }
        Ok(offers)
    }

    /// Returns every type in every zone that offers it, ordered by market, then by type, then by zone.
    pub(super) fn candidates(
        &self,
        network: &FoundNetwork,
        offers: &[Offer],
    ) -> Checked<Vec<Candidate>> {
        let mut candidates = Vec::new();
        for purchase in purchases(self.spec.compute().market()) {
            for Offer {
                instance_type,
                zones,
            } in offers
            {
                let places = network.places.iter();
                let offering = places.filter(|place| zones.contains(&place.zone));
                candidates.extend(offering.map(|place| Candidate {
                    instance_type: *instance_type,
                    zone: place.zone.clone(),
                    subnet: place.subnet.clone(),
                    purchase: *purchase,
                }));
            }
        }
        if candidates.is_empty() && !network.places.is_empty() {
            let wanted: Vec<_> = offers
                .iter()
                .map(|it| it.instance_type.to_string())
                .collect();
            let offered: BTreeSet<_> = offers.iter().flat_map(|it| &it.zones).cloned().collect();
            let places = network.places.iter();
            return Err(PlanProblem::NotOffered {
                wanted: wanted.join(", "),
                have: places.map(|place| place.zone.clone()).collect(),
                offered: offered.into_iter().collect(),
            }
            .into());
        }
        Ok(candidates)
    }
}

/// Returns the ways of buying on a market, in the order in which they are tried.
fn purchases(market: Market) -> &'static [Purchase] {
    match market {
        Market::OnDemand => &[Purchase::OnDemand],
        Market::Spot => &[Purchase::Spot],
        Market::SpotThenOnDemand => &[Purchase::Spot, Purchase::OnDemand],
        Market::CapacityBlock => &[Purchase::CapacityBlock],
    }
}
