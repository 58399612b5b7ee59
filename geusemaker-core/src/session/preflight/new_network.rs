//! The network that a stack creates for itself: its zones and ranges.

use super::Preflight;
use super::candidates::Offer;
use super::network::{FoundNetwork, Place};
use super::report::{Checked, during};
use crate::plan::network::{NewNetwork, NewZone, PlannedNetwork, best_zones};
use crate::resource::availability_zone;
use crate::spec::{CidrBlock, VpcRange};

impl Preflight<'_> {
    /// Plans a network with this range, in two zones that offer the instance types.
    pub(super) async fn new_network(
        &self,
        range: VpcRange,
        offers: &[Offer],
    ) -> Checked<FoundNetwork> {
        let all = availability_zone::names(&self.account.reader)
            .await
            .map_err(during("choosing the zones of the network"))?;
        let offers: Vec<_> = offers.iter().map(|offer| offer.zones.clone()).collect();
        let zones = best_zones(all, &offers);
        let new_network = NewNetwork::plan(range, zones, self.spec.network().egress());
        let zones = new_network.zones.iter();
        let with_range = |it: &NewZone| {
            let range: &CidrBlock = it.private.as_ref().unwrap_or(&it.public);
            (it.zone.clone(), range.to_string())
        };
        let places = zones.clone().map(|it| Place {
            zone: it.zone.clone(),
            subnet: None,
        });
        Ok(FoundNetwork {
            places: places.collect(),
            ranges: zones.map(with_range).collect(),
            planned: PlannedNetwork::New { new_network },
        })
    }
}
