//! Elastic network interfaces: what holds addresses and security groups for everything that has them.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Ec2;
use super::instance::{self, Instance};
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::subnet::Subnet;
use crate::sim::moment::Moment;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NetworkInterface {
    pub(crate) id: String,
    pub(crate) subnet: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) private_ip: Ipv4Addr,
    pub(crate) security_groups: Vec<String>,
    pub(crate) description: String,
    pub(crate) requester_managed: bool,
    /// Who made it: `amazon-elb`, `amazon-efs`, or an account.
    pub(crate) owner: String,
    /// The instance that it is attached to.
    pub(crate) instance: Option<String>,
    pub(crate) created_at: Timestamp,
    released_at: Option<Timestamp>,
}

/// What a network interface is made from.
#[derive(Clone, Debug)]
pub(crate) struct NewInterface {
    pub(crate) subnet: Subnet,
    pub(crate) security_groups: Vec<String>,
    pub(crate) description: String,
    pub(crate) requester_managed: bool,
    /// Who makes it: `amazon-elb`, `amazon-efs`, or an account.
    pub(crate) owner: String,
    /// The instance that it is attached to.
    pub(crate) instance: Option<String>,
}

impl NetworkInterface {
    /// Whether it is still there.
    pub(crate) fn exists(&self, now: Timestamp) -> bool {
        self.released_at.is_none_or(|at| now < at)
    }

    /// Whether nobody has let go of it.
    pub(crate) fn is_held(&self) -> bool {
        self.released_at.is_none()
    }
}

impl Described for NetworkInterface {
    const IDS: Option<&'static str> = Some("NetworkInterfaceId");
    const FIELDS: &'static [Field<Self>] = &[
        ("network-interface-id", |_, _, interface| {
            vec![interface.id.clone()]
        }),
        ("group-id", |_, _, interface| {
            interface.security_groups.clone()
        }),
        ("subnet-id", |_, _, interface| {
            vec![interface.subnet.clone()]
        }),
        ("vpc-id", |_, _, interface| vec![interface.vpc.clone()]),
        ("availability-zone", |_, _, interface| {
            vec![interface.zone.clone()]
        }),
        ("description", |_, _, interface| {
            vec![interface.description.clone()]
        }),
        ("requester-managed", |_, _, interface| {
            vec![interface.requester_managed.to_string()]
        }),
        ("attachment.instance-id", |_, _, interface| {
            interface.instance.iter().cloned().collect()
        }),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::NetworkInterface.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeNetworkInterfaces")?;
    let existing = ec2
        .interfaces
        .values()
        .filter(|interface| interface.exists(moment.now));
    let page = selection.choose(ec2, moment.now, existing)?;
    Ok(
        page.reply("networkInterfaceSet", |interface: &NetworkInterface| {
            let attachment = attachment(interface)
                .with("instanceOwnerId", &interface.owner)
                .with_some("instanceId", interface.instance.as_ref());
            description(ec2, interface)
                .with("availabilityZone", &interface.zone)
                .with("requesterManaged", interface.requester_managed)
                .with_some(
                    "requesterId",
                    interface.requester_managed.then_some(&interface.owner),
                )
                .child(attachment)
                .child(ec2.tags.element(&interface.id))
        }),
    )
}

impl Ec2 {
    /// Makes a network interface with the lowest free address of its subnet.
    pub(crate) fn create_interface(
        &mut self,
        moment: &mut Moment<'_>,
        new: NewInterface,
    ) -> NetworkInterface {
        let interface = NetworkInterface {
            id: ResourceKind::NetworkInterface.new_id(moment.dice),
            private_ip: self.free_address(&new.subnet, moment.now),
            subnet: new.subnet.id,
            vpc: new.subnet.vpc,
            zone: new.subnet.zone,
            security_groups: new.security_groups,
            description: new.description,
            requester_managed: new.requester_managed,
            owner: new.owner,
            instance: new.instance,
            created_at: moment.now,
            released_at: None,
        };
        self.interfaces
            .insert(interface.id.clone(), interface.clone());
        interface
    }

    /// Lets go of a network interface: it is gone from `at` on, and until then it holds its security groups.
    pub(crate) fn release_interface(&mut self, id: &str, at: Timestamp) {
        if let Some(interface) = self.interfaces.get_mut(id) {
            interface.released_at = Some(at);
        }
    }

    /// The groups and the network interface of an instance, as its description shows them.
    pub(super) fn network_of_instance(&self, instance: &Instance) -> Vec<Element> {
        let Some(interface) = self.interfaces.get(&instance.interface) else {
            return Vec::new();
        };
        let attachment = attachment(interface);
        let item = description(self, interface).child(attachment);
        let item = match instance.public_ip {
            Some(address) => item.child(
                Element::new("association")
                    .with("publicIp", address)
                    .with("ipOwnerId", "amazon"),
            ),
            None => item,
        };
        vec![
            group_set(self, interface),
            Element::list("networkInterfaceSet", "item", [item]),
        ]
    }

    /// How many addresses of the subnet nobody has.
    pub(crate) fn free_addresses(&self, subnet: &Subnet, now: Timestamp) -> u64 {
        let used = self.used_addresses(subnet, now).count() as u64;
        // AWS keeps the first four addresses and the last of each subnet.
        (subnet.cidr.size().saturating_sub(5)).saturating_sub(used)
    }

    /// The lowest free address; of a full subnet the last one, since only RunInstances checks for room.
    fn free_address(&self, subnet: &Subnet, now: Timestamp) -> Ipv4Addr {
        let used: std::collections::BTreeSet<_> = self.used_addresses(subnet, now).collect();
        (4..subnet.cidr.size())
            .map(|n| subnet.cidr.address(n))
            .find(|address| !used.contains(address))
            .unwrap_or_else(|| subnet.cidr.address(u64::MAX))
    }

    fn used_addresses<'a>(
        &'a self,
        subnet: &'a Subnet,
        now: Timestamp,
    ) -> impl Iterator<Item = Ipv4Addr> + 'a {
        self.interfaces
            .values()
            .filter(move |interface| interface.subnet == subnet.id && interface.exists(now))
            .map(|interface| interface.private_ip)
    }
}

/// What both DescribeNetworkInterfaces and DescribeInstances say.
fn description(ec2: &Ec2, interface: &NetworkInterface) -> Element {
    let dns_name = instance::private_dns_name(ec2, interface.private_ip);
    let address = Element::new("item")
        .with("privateIpAddress", interface.private_ip)
        .with("privateDnsName", &dns_name)
        .with("primary", true);
    Element::new("item")
        .with("networkInterfaceId", &interface.id)
        .with("subnetId", &interface.subnet)
        .with("vpcId", &interface.vpc)
        .with("description", &interface.description)
        .with("ownerId", &ec2.account_id)
        .with("status", "in-use")
        .with("interfaceType", "interface")
        .with("privateIpAddress", interface.private_ip)
        .with("privateDnsName", dns_name)
        .with("sourceDestCheck", true)
        .child(group_set(ec2, interface))
        .child(Element::list("privateIpAddressesSet", "item", [address]))
}

fn attachment(interface: &NetworkInterface) -> Element {
    Element::new("attachment")
        .with("attachmentId", interface.id.replace("eni-", "eni-attach-"))
        .with("deviceIndex", 0)
        .with("status", "attached")
        .with("attachTime", format_args!("{:.3}", interface.created_at))
        .with("deleteOnTermination", interface.instance.is_some())
}

fn group_set(ec2: &Ec2, interface: &NetworkInterface) -> Element {
    let items = interface.security_groups.iter().map(|id| {
        let name = ec2.security_group(id).map(|group| &group.name);
        Element::new("item")
            .with("groupId", id)
            .with_some("groupName", name)
    });
    Element::list("groupSet", "item", items)
}
