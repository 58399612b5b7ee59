//! Network interfaces in descriptions, both their own and those of instances.

use jiff::Timestamp;

use super::NetworkInterface;
use crate::sim::ec2::Ec2;
use crate::sim::ec2::instance::Instance;
use crate::sim::ec2::instance::description::private_dns_name;
use crate::wire::xml::Element;

impl NetworkInterface {
    /// Returns the interface as DescribeNetworkInterfaces shows it.
    pub(super) fn element(&self, ec2: &Ec2, now: Timestamp) -> Element {
        let zone_id = ec2.subnet(&self.subnet).map(|subnet| &subnet.zone_id);
        let element = self
            .description(ec2, now)
            .with("status", self.status(now))
            .with("availabilityZone", &self.zone)
            .with_some("availabilityZoneId", zone_id)
            .with("requesterManaged", self.requester_managed)
            .with_some("requesterId", self.requester_managed.then_some(&self.owner))
            .child(Element::new("operator").with("managed", false))
            .child(ec2.tags.element(&self.id));
        if self.is_attached(now) {
            element.child(
                self.attachment_element()
                    .with("instanceOwnerId", &self.owner)
                    .with_some("instanceId", self.attached_instance(now)),
            )
        } else {
            element
        }
    }

    /// Returns the part that both DescribeNetworkInterfaces and DescribeInstances show.
    fn description(&self, ec2: &Ec2, now: Timestamp) -> Element {
        let dns_name = private_dns_name(ec2, self.private_ip);
        let association = self.association(ec2, now);
        let address = Element::new("item")
            .with("privateIpAddress", self.private_ip)
            .with("privateDnsName", &dns_name)
            .with("primary", true)
            .children(association.clone());
        Element::new("item")
            .with("networkInterfaceId", &self.id)
            .with("subnetId", &self.subnet)
            .with("vpcId", &self.vpc)
            .with("description", &self.description)
            .with("ownerId", &ec2.account_id)
            .with("interfaceType", self.interface_type.name())
            .with("macAddress", self.mac_address())
            .with("privateIpAddress", self.private_ip)
            .with("privateDnsName", dns_name)
            .with("sourceDestCheck", !self.skips_source_dest_check)
            .child(self.group_set(ec2))
            .child(Element::list("privateIpAddressesSet", "item", [address]))
            .children(association)
    }

    /// Returns the public address that leads to the interface.
    fn association(&self, ec2: &Ec2, now: Timestamp) -> Option<Element> {
        let public = ec2.public_address_of(self, now)?;
        let element = Element::new("association")
            .with("publicIp", public.ip)
            .with_some("publicDnsName", ec2.public_name(&self.vpc, public.ip))
            .with("ipOwnerId", public.owner(ec2));
        let Some(address) = public.elastic else {
            return Some(element);
        };
        let association = address.association.as_ref();
        Some(
            element
                .with("allocationId", &address.id)
                .with_some("associationId", association.map(|it| &it.id)),
        )
    }

    pub(super) fn attachment_element(&self) -> Element {
        Element::new("attachment")
            .with("attachmentId", self.attachment_id())
            .with("deviceIndex", self.device_index())
            .with("networkCardIndex", 0)
            .with("status", "attached")
            .with("attachTime", self.attached_at())
            .with("deleteOnTermination", self.goes_with_instance())
    }

    pub(super) fn group_set(&self, ec2: &Ec2) -> Element {
        let items = self.security_groups.iter().map(|id| {
            let name = ec2.security_group(id).map(|group| &group.name);
            Element::new("item")
                .with("groupId", id)
                .with_some("groupName", name)
        });
        Element::list("groupSet", "item", items)
    }
}

impl Ec2 {
    /// Returns the groups and the network interfaces of an instance, as its description shows them.
    pub(in crate::sim::ec2) fn network_of_instance(
        &self,
        instance: &Instance,
        now: Timestamp,
    ) -> Vec<Element> {
        let interfaces = self.interfaces_of_instance(instance);
        let Some(first) = interfaces.first() else {
            return Vec::new();
        };
        let groups = first.group_set(self);
        let items = interfaces.iter().map(|interface| {
            interface
                .description(self, now)
                .with("status", "in-use")
                .child(interface.attachment_element())
        });
        vec![groups, Element::list("networkInterfaceSet", "item", items)]
    }
}
