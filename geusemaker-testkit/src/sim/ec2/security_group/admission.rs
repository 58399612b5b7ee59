//! The connections that security groups let in, and the interfaces that they reach: for traffic.

use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;

use super::permission::Peer;
use super::rule::Direction;
use crate::sim::ec2::cidr::Cidr;
use crate::sim::ec2::prefix_list::prefix_lists;
use crate::sim::ec2::{Ec2, InstanceState, NetworkInterface};

impl Ec2 {
    /// Returns true if a security group lets a TCP connection in, from an address whose interface has these groups.
    pub(crate) fn admits(
        &self,
        group: &str,
        address: IpAddr,
        groups_of_sender: &[String],
        port: u16,
    ) -> bool {
        let Some(group) = self.security_group(group) else {
            return false;
        };
        let ingress = group
            .rules
            .iter()
            .filter(|rule| rule.direction == Direction::Ingress);
        let mut open = ingress.filter(|rule| rule.traffic.is_tcp_on(port));
        open.any(|rule| match (&rule.peer, address) {
            (Peer::Ipv4(block), IpAddr::V4(address)) => holds(*block, address),
            (Peer::Ipv6(block), IpAddr::V6(_)) => block == "::/0",
            (Peer::Group(id), _) => groups_of_sender.contains(id),
            (Peer::PrefixList(id), IpAddr::V4(address)) => prefix_lists(&self.region)
                .iter()
                .filter(|list| list.id == *id)
                .any(|list| list.blocks().any(|block| holds(block, address))),
            (Peer::Ipv4(_) | Peer::PrefixList(_), IpAddr::V6(_))
            | (Peer::Ipv6(_), IpAddr::V4(_)) => false,
        })
    }

    /// Returns the running instance that a public address leads to.
    pub(crate) fn instance_at(&self, address: Ipv4Addr, now: Timestamp) -> Option<&str> {
        let mut instances = self.instances.values();
        let found = instances.find(|instance| {
            let elastic = self.interfaces_of_instance(instance);
            let elastic = elastic
                .iter()
                .find_map(|interface| self.elastic_address(&interface.id));
            let is_running = instance.state(now) == InstanceState::Running;
            is_running && elastic.or_else(|| instance.public_address(now)) == Some(address)
        });
        found.map(|instance| instance.id.as_str())
    }

    /// Returns the security groups of a running instance.
    pub(crate) fn groups_of_instance(&self, id: &str, now: Timestamp) -> Option<Vec<String>> {
        let instance = self.instance(id)?;
        if instance.state(now) != InstanceState::Running {
            return None;
        }
        let interfaces = self.interfaces_of_instance(instance).into_iter();
        Some(
            interfaces
                .flat_map(|interface| interface.security_groups.clone())
                .collect(),
        )
    }

    /// Returns a network interface.
    pub(crate) fn interface(&self, id: &str) -> Option<&NetworkInterface> {
        self.interfaces.get(id)
    }

    /// Returns an address from which CloudFront connects to origins.
    pub(crate) fn edge_address(&self) -> Option<Ipv4Addr> {
        let lists = prefix_lists(&self.region);
        let list = lists.iter().find(|list| list.is_of_cloudfront())?;
        Some(list.blocks().next()?.address(9))
    }

    fn elastic_address(&self, interface: &str) -> Option<Ipv4Addr> {
        let mut addresses = self.addresses.values();
        addresses.find_map(|address| address.ip_of(interface))
    }
}

fn holds(block: Cidr, address: Ipv4Addr) -> bool {
    block.contains(Cidr::holding(address, 32))
}
