//! The expiry of a region's resources. Of resources that are gone, only the tokens of launches stay.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Ec2;
use super::capacity_reservation::CapacityReservation;
use super::instance::Instance;
use super::nat_gateway::NatGateway;
use super::security_group::SecurityGroup;
use super::vpc_endpoint::VpcEndpoint;

/// The client tokens of launches whose instances have expired, each with its zone if it counts for one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct SpentTokens(BTreeSet<(String, Option<String>)>);

impl SpentTokens {
    pub(super) fn contains(&self, token: &str, zone: Option<&str>) -> bool {
        self.0
            .contains(&(token.to_owned(), zone.map(str::to_owned)))
    }

    fn note(&mut self, instance: &Instance) {
        let launch = instance.launched_as();
        if let Some(token) = &launch.client_token {
            let zone = launch.is_zonal().then(|| instance.zone.clone());
            self.0.insert((token.clone(), zone));
        }
    }
}

impl Ec2 {
    /// Drops the resources that no call can name any more, with their tags.
    pub(super) fn forget_gone(&mut self, now: Timestamp) {
        let forgotten = |_: &String, instance: &mut Instance| instance.is_forgotten(now);
        for (id, instance) in self.instances.extract_if(.., forgotten) {
            self.tags.remove(&id);
            if let Some(request) = &instance.spot_request {
                self.tags.remove(request);
            }
            self.spent_tokens.note(&instance);
        }
        let gone = |_: &String, gateway: &mut NatGateway| gateway.is_forgotten(now);
        for (id, _) in self.nat_gateways.extract_if(.., gone) {
            self.tags.remove(&id);
        }
        let gone = |_: &String, endpoint: &mut VpcEndpoint| endpoint.is_gone(now);
        for (id, _) in self.vpc_endpoints.extract_if(.., gone) {
            self.tags.remove(&id);
        }
        let gone =
            |_: &String, group: &mut SecurityGroup| group.gone_at.is_some_and(|at| at <= now);
        for (id, group) in self.security_groups.extract_if(.., gone) {
            self.tags.remove(&id);
            for rule in group.rules {
                self.tags.remove(&rule.id);
            }
        }
        let gone =
            |_: &String, reservation: &mut CapacityReservation| reservation.is_forgotten(now);
        for (id, _) in self.capacity_reservations.extract_if(.., gone) {
            self.tags.remove(&id);
        }
        self.block_offerings
            .retain(|_, offering| !offering.is_past(now));
        let instances = &self.instances;
        let released = self.interfaces.extract_if(.., |_, interface| {
            let of_instance = interface.instance.as_ref();
            // A terminated instance is still described with its interface.
            !interface.exists(now) && of_instance.is_none_or(|id| !instances.contains_key(id))
        });
        for (id, _) in released {
            self.tags.remove(&id);
        }
        let volumes = self.volumes.values();
        let deleted: Vec<String> = volumes
            .filter(|volume| volume.is_forgotten(self, now))
            .map(|volume| volume.id.clone())
            .collect();
        for id in deleted {
            self.tags.remove(&id);
            self.volumes.remove(&id);
        }
    }
}
