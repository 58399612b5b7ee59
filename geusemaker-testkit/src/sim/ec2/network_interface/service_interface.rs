//! Network interfaces that another service keeps in a VPC.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::{Ec2, Subnet};
use crate::sim::ec2::cidr::Cidr;

/// The availability of an address in a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressUse {
    Free,
    Taken,
    /// The address is not in the subnet, or AWS reserves it.
    Outside,
}

impl Ec2 {
    /// Sets the security groups of an interface, on behalf of its service.
    pub(crate) fn regroup_interface(&mut self, id: &str, security_groups: Vec<String>) {
        if let Some(interface) = self.interfaces.get_mut(id) {
            interface.security_groups = security_groups;
        }
    }

    /// Sets the address of an interface, on behalf of its service.
    pub(crate) fn readdress_interface(&mut self, id: &str, address: Ipv4Addr) {
        if let Some(interface) = self.interfaces.get_mut(id) {
            interface.private_ip = address;
        }
    }

    pub(crate) fn address_use(
        &self,
        subnet: &Subnet,
        address: Ipv4Addr,
        now: Timestamp,
    ) -> AddressUse {
        let cidr = subnet.cidr;
        let kept = (0..4).chain([cidr.size() - 1]).map(|n| cidr.address(n));
        if !cidr.contains(Cidr::holding(address, 32)) || kept.into_iter().any(|a| a == address) {
            return AddressUse::Outside;
        }
        let is_taken = self.interfaces.values().any(|interface| {
            interface.subnet == subnet.id
                && interface.private_ip == address
                && interface.exists(now)
        });
        if is_taken {
            AddressUse::Taken
        } else {
            AddressUse::Free
        }
    }
}
