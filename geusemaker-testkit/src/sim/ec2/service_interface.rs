//! Network interfaces that another service keeps in a VPC.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::cidr::Cidr;
use super::{Ec2, Subnet};

/// Whether an address of a subnet can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressUse {
    Free,
    Taken,
    /// It is not one of the subnet's, or one of those that AWS keeps for itself.
    Outside,
}

impl Ec2 {
    /// Gives an interface other security groups, as its service was told to.
    pub(crate) fn regroup_interface(&mut self, id: &str, security_groups: Vec<String>) {
        if let Some(interface) = self.interfaces.get_mut(id) {
            interface.security_groups = security_groups;
        }
    }

    /// Gives an interface another address, as its service was told to.
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
