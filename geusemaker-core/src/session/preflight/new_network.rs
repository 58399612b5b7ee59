//! The network that a stack creates for itself: its zones and ranges.

use super::Preflight;
use super::candidates::Offer;
use super::network::{FoundNetwork, Place};
use super::report::{Checked, during};
use crate::plan::network::{NewNetwork, NewZone, PlannedNetwork, best_zones};
use crate::plan::problem::PlanProblem;
use crate::resource::availability_zone;
use crate::resource::vpc_endpoint_service::{self, EndpointService};
use crate::spec::{CidrBlock, Egress, VpcRange};

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
        let mut new_network = NewNetwork::plan(range, zones, self.spec.network().egress());
        if new_network.egress == Some(Egress::Endpoints) {
            new_network.endpoint_services = self.endpoint_services(&new_network).await?;
        }
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
            needs: Vec::new(),
            planned: PlannedNetwork::New { new_network },
        })
    }

    /// Returns the names of the services to which the network gets endpoints.
    async fn endpoint_services(&self, network: &NewNetwork) -> Checked<Vec<String>> {
        let region = &self.account.region;
        let needed = vpc_endpoint_service::needed(&self.account.reader, region.as_str())
            .await
            .map_err(during("finding the services that have VPC endpoints"))?;
        let zones = || network.zones.iter().map(|it| it.zone.clone());
        let (mut names, mut missing) = (Vec::new(), Vec::new());
        for EndpointService {
            service,
            name,
            zones: offered,
        } in needed
        {
            match name {
                Some(name) if zones().all(|zone| offered.contains(&zone)) => names.push(name),
                Some(_) | None => missing.push(service.to_owned()),
            }
        }
        if missing.is_empty() {
            return Ok(names);
        }
        Err(PlanProblem::NoEndpointService {
            services: missing,
            zones: zones().collect(),
            region: region.clone(),
        }
        .into())
    }
}
