//! The values that the filters on permissions compare: the rules of a group in one direction.

use super::SecurityGroup;
use super::permission::{Peer, Traffic};
use super::rule::{Direction, SecurityGroupRule};
use crate::sim::ec2::Ec2;

impl SecurityGroup {
    pub(super) fn ipv4_blocks(&self, direction: Direction) -> Vec<String> {
        self.peers(direction, |peer| matches!(peer, Peer::Ipv4(_)))
    }

    pub(super) fn ipv6_blocks(&self, direction: Direction) -> Vec<String> {
        self.peers(direction, |peer| matches!(peer, Peer::Ipv6(_)))
    }

    pub(super) fn peer_groups(&self, direction: Direction) -> Vec<String> {
        self.peers(direction, |peer| matches!(peer, Peer::Group(_)))
    }

    pub(super) fn peer_group_names(&self, direction: Direction, ec2: &Ec2) -> Vec<String> {
        let ids = self.peer_groups(direction).into_iter();
        ids.filter_map(|id| Some(ec2.security_group(&id)?.name.clone()))
            .collect()
    }

    pub(super) fn peer_lists(&self, direction: Direction) -> Vec<String> {
        self.peers(direction, |peer| matches!(peer, Peer::PrefixList(_)))
    }

    /// Returns the accounts of the groups that the rules name, which is always this account.
    pub(super) fn peer_owners(&self, direction: Direction, ec2: &Ec2) -> Vec<String> {
        let groups = self.peer_groups(direction).into_iter();
        groups.map(|_| ec2.account_id.clone()).collect()
    }

    pub(super) fn traffic(
        &self,
        direction: Direction,
        value: fn(&Traffic) -> String,
    ) -> Vec<String> {
        self.rules_in(direction)
            .map(|rule| value(&rule.traffic))
            .collect()
    }

    fn peers(&self, direction: Direction, of_kind: fn(&Peer) -> bool) -> Vec<String> {
        let peers = self.rules_in(direction).map(|rule| &rule.peer);
        peers.filter(|peer| of_kind(peer)).map(Peer::text).collect()
    }

    fn rules_in(&self, direction: Direction) -> impl Iterator<Item = &SecurityGroupRule> {
        self.rules
            .iter()
            .filter(move |rule| rule.direction == direction)
    }
}
