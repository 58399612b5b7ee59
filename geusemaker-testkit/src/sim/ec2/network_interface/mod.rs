//! Elastic network interfaces, which hold the addresses and security groups of all resources that have them.

pub(super) mod attachment;
pub(super) mod attribute;
pub(super) mod creation;
mod element;
mod quota;
pub(super) mod service_interface;

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Ec2;
use super::instance::Instance;
use super::instance::description::private_dns_name;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::subnet::Subnet;
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
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
    /// The creator: `amazon-elb`, `amazon-efs`, or an account.
    pub(crate) owner: String,
    /// The instance to which the interface is attached.
    pub(crate) instance: Option<String>,
    pub(crate) created_at: Timestamp,
    released_at: Option<Timestamp>,
    /// The time at which its instance ends and leaves the interface behind.
    #[serde(default)]
    detached_at: Option<Timestamp>,
    /// The attachment, if the interface was attached after its creation.
    #[serde(default)]
    pub(super) attachment: Option<Attachment>,
    /// True if the interface is deleted with its instance; `None` if no call has set this.
    #[serde(default)]
    pub(super) deleted_on_termination: Option<bool>,
    #[serde(default)]
    pub(super) skips_source_dest_check: bool,
    #[serde(default)]
    pub(super) client_token: Option<String>,
    #[serde(default)]
    pub(super) interface_type: InterfaceType,
}

/// The type of an interface: AWS tells apart those of some services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum InterfaceType {
    #[default]
    Interface,
    NatGateway,
    VpcEndpoint,
}

impl InterfaceType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::NatGateway => "nat_gateway",
            Self::VpcEndpoint => "vpc_endpoint",
        }
    }
}

/// An attachment to an instance by AttachNetworkInterface.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Attachment {
    pub(super) id: String,
    pub(super) device_index: u32,
    pub(super) at: Timestamp,
}

/// The data of a new network interface.
#[derive(Clone, Debug)]
pub(crate) struct NewInterface {
    pub(crate) subnet: Subnet,
    pub(crate) security_groups: Vec<String>,
    pub(crate) description: String,
    pub(crate) requester_managed: bool,
    /// The creator: `amazon-elb`, `amazon-efs`, or an account.
    pub(crate) owner: String,
    /// The instance to which the interface is attached.
    pub(crate) instance: Option<String>,
}

impl NetworkInterface {
    /// Returns true if the interface exists at that time.
    pub(crate) fn exists(&self, now: Timestamp) -> bool {
        self.released_at.is_none_or(|at| now < at)
    }

    /// Returns true if the interface has not been released.
    pub(crate) fn is_held(&self) -> bool {
        self.released_at.is_none()
    }

    /// Returns true if an instance or a service uses the interface.
    pub(super) fn is_attached(&self, now: Timestamp) -> bool {
        self.exists(now)
            && (self.requester_managed || self.instance.is_some())
            && self.detached_at.is_none_or(|at| now < at)
    }

    /// Returns the instance that uses the interface.
    pub(super) fn attached_instance(&self, now: Timestamp) -> Option<&String> {
        self.instance.as_ref().filter(|_| self.is_attached(now))
    }

    /// Returns `in-use` or `available`.
    pub(super) fn status(&self, now: Timestamp) -> &'static str {
        if self.is_attached(now) {
            "in-use"
        } else {
            "available"
        }
    }

    pub(super) fn attachment_id(&self) -> String {
        match &self.attachment {
            Some(attachment) => attachment.id.clone(),
            None if self.requester_managed => self.id.replace("eni-", "ela-attach-"),
            None => self.id.replace("eni-", "eni-attach-"),
        }
    }

    /// Returns the index among the interfaces of the instance; 0 is the interface that came with the instance.
    pub(super) fn device_index(&self) -> u32 {
        self.attachment
            .as_ref()
            .map_or(0, |attachment| attachment.device_index)
    }

    pub(super) fn attached_at(&self) -> String {
        let attachment = self.attachment.as_ref();
        let at = attachment.map_or(self.created_at, |attachment| attachment.at);
        format!("{at:.3}")
    }

    /// Returns true if the interface is deleted with its instance. By default this is so for an interface that came
    /// with the instance, and not for one that was attached later.
    pub(super) fn goes_with_instance(&self) -> bool {
        self.deleted_on_termination
            .unwrap_or(self.instance.is_some() && self.attachment.is_none())
    }

    /// Returns a locally administered address, derived from the id.
    pub(super) fn mac_address(&self) -> String {
        let digits = self.id.trim_start_matches("eni-");
        let pair = |n: usize| digits.get(n * 2..n * 2 + 2).unwrap_or("00");
        let pairs: Vec<&str> = (0..5).map(pair).collect();
        format!("02:{}", pairs.join(":"))
    }

    /// Detaches the interface from its instance.
    pub(super) fn detach(&mut self) {
        self.instance = None;
        self.attachment = None;
        self.detached_at = None;
        self.deleted_on_termination = None;
    }
}

impl Described for NetworkInterface {
    const IDS: Option<&'static str> = Some("NetworkInterfaceId");
    const PAGES_OF_IDS: bool = false;
    const FIELDS: &'static [Field<Self>] = &[
        ("addresses.association.owner-id", |ec2, now, interface| {
            let address = ec2.public_address_of(interface, now);
            address.map(|it| it.owner(ec2)).into_iter().collect()
        }),
        ("addresses.association.public-ip", |ec2, now, interface| {
            let address = ec2.public_address_of(interface, now);
            address.map(|it| it.ip.to_string()).into_iter().collect()
        }),
        ("addresses.primary", |_, _, _| vec!["true".to_owned()]),
        ("addresses.private-ip-address", |_, _, interface| {
            vec![interface.private_ip.to_string()]
        }),
        ("association.allocation-id", |ec2, _, interface| {
            let address = ec2.elastic_address_of(&interface.id);
            address.map(|it| it.id.clone()).into_iter().collect()
        }),
        ("association.association-id", |ec2, _, interface| {
            let address = ec2.elastic_address_of(&interface.id);
            address
                .and_then(|it| Some(it.association.as_ref()?.id.clone()))
                .into_iter()
                .collect()
        }),
        ("association.ip-owner-id", |ec2, now, interface| {
            let address = ec2.public_address_of(interface, now);
            address.map(|it| it.owner(ec2)).into_iter().collect()
        }),
        ("association.public-ip", |ec2, now, interface| {
            let address = ec2.public_address_of(interface, now);
            address.map(|it| it.ip.to_string()).into_iter().collect()
        }),
        ("association.public-dns-name", |ec2, now, interface| {
            let address = ec2.public_address_of(interface, now);
            address
                .and_then(|it| ec2.public_name(&interface.vpc, it.ip))
                .into_iter()
                .collect()
        }),
        ("attachment.attach-time", |_, now, interface| {
            attached(interface, now, Self::attached_at)
        }),
        ("attachment.attachment-id", |_, now, interface| {
            attached(interface, now, Self::attachment_id)
        }),
        ("attachment.delete-on-termination", |_, now, interface| {
            attached(interface, now, |it| it.goes_with_instance().to_string())
        }),
        ("attachment.device-index", |_, now, interface| {
            attached(interface, now, |it| it.device_index().to_string())
        }),
        ("attachment.instance-id", |_, now, interface| {
            interface
                .attached_instance(now)
                .into_iter()
                .cloned()
                .collect()
        }),
        ("attachment.instance-owner-id", |_, now, interface| {
            attached(interface, now, |it| it.owner.clone())
        }),
        ("attachment.status", |_, now, interface| {
            attached(interface, now, |_| "attached".to_owned())
        }),
        ("availability-zone", |_, _, interface| {
            vec![interface.zone.clone()]
        }),
        ("availability-zone-id", |ec2, _, interface| {
            let subnet = ec2.subnet(&interface.subnet);
            subnet.map(|it| it.zone_id.clone()).into_iter().collect()
        }),
        ("description", |_, _, interface| {
            vec![interface.description.clone()]
        }),
        ("group-id", |_, _, interface| {
            interface.security_groups.clone()
        }),
        ("interface-type", |_, _, interface| {
            vec![interface.interface_type.name().to_owned()]
        }),
        ("ipv6-addresses.ipv6-address", |_, _, _| Vec::new()),
        ("mac-address", |_, _, interface| {
            vec![interface.mac_address()]
        }),
        ("network-interface-id", |_, _, interface| {
            vec![interface.id.clone()]
        }),
        ("operator.managed", |_, _, _| vec!["false".to_owned()]),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
        ("private-dns-name", |ec2, _, interface| {
            vec![private_dns_name(ec2, interface.private_ip)]
        }),
        ("private-ip-address", |_, _, interface| {
            vec![interface.private_ip.to_string()]
        }),
        ("requester-id", |_, _, interface| {
            let requester = interface.requester_managed.then(|| interface.owner.clone());
            requester.into_iter().collect()
        }),
        ("requester-managed", |_, _, interface| {
            vec![interface.requester_managed.to_string()]
        }),
        ("source-dest-check", |_, _, interface| {
            vec![(!interface.skips_source_dest_check).to_string()]
        }),
        ("status", |_, now, interface| {
            vec![interface.status(now).to_owned()]
        }),
        ("subnet-id", |_, _, interface| {
            vec![interface.subnet.clone()]
        }),
        ("vpc-id", |_, _, interface| vec![interface.vpc.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::NetworkInterface.unknown(id)
    }
}

/// Returns the value that a filter on the attachment compares; empty if there is no attachment.
fn attached(
    interface: &NetworkInterface,
    now: Timestamp,
    value: fn(&NetworkInterface) -> String,
) -> Vec<String> {
    let attached = interface.is_attached(now);
    attached.then(|| value(interface)).into_iter().collect()
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    // No interface here is hidden because a service manages it.
    params.accept("IncludeManagedResources");
    let selection = Selection::read(params, "DescribeNetworkInterfaces")?;
    let existing = ec2
        .interfaces
        .values()
        .filter(|interface| interface.exists(context.now));
    let page = selection.choose(ec2, context.now, existing)?;
    Ok(
        page.reply("networkInterfaceSet", |interface: &NetworkInterface| {
            interface.element(ec2, context.now)
        }),
    )
}

impl Ec2 {
    /// Creates a network interface with the lowest free address of its subnet.
    pub(crate) fn create_interface(
        &mut self,
        context: &mut RequestContext<'_>,
        new: NewInterface,
    ) -> NetworkInterface {
        let interface = NetworkInterface {
            id: ResourceKind::NetworkInterface.new_id(context.rng),
            private_ip: self.free_address(&new.subnet, context.now),
            subnet: new.subnet.id,
            vpc: new.subnet.vpc,
            zone: new.subnet.zone,
            security_groups: new.security_groups,
            description: new.description,
            requester_managed: new.requester_managed,
            owner: new.owner,
            instance: new.instance,
            created_at: context.now,
            released_at: None,
            detached_at: None,
            attachment: None,
            deleted_on_termination: None,
            skips_source_dest_check: false,
            client_token: None,
            interface_type: InterfaceType::default(),
        };
        self.interfaces
            .insert(interface.id.clone(), interface.clone());
        interface
    }

    /// Releases a network interface: it is gone from `at` on, and holds its security groups until then. If it belongs
    /// to an instance, the instance's other interfaces are released too; those that are not deleted with the instance
    /// stay behind.
    pub(crate) fn release_interface(&mut self, id: &str, at: Timestamp) {
        let Some(instance) = self
            .interfaces
            .get(id)
            .map(|interface| interface.instance.clone())
        else {
            return;
        };
        for interface in self.interfaces.values_mut() {
            if instance.is_none() && interface.id == id {
                interface.released_at = Some(at);
            }
            if instance.is_some() && interface.instance == instance {
                if interface.goes_with_instance() {
                    interface.released_at = Some(at);
                } else {
                    interface.detached_at = Some(at);
                }
            }
        }
    }

    /// Returns a network interface by its id, or AWS's answer if it does not exist.
    pub(super) fn existing_interface(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<&NetworkInterface, ServiceError> {
        self.interfaces
            .get(id)
            .filter(|interface| interface.exists(now))
            .ok_or_else(|| ResourceKind::NetworkInterface.unknown(id))
    }

    /// Returns the network interfaces of an instance, the one that came with it first.
    pub(super) fn interfaces_of_instance(&self, instance: &Instance) -> Vec<&NetworkInterface> {
        let mut interfaces: Vec<_> = self
            .interfaces
            .values()
            .filter(|interface| interface.instance.as_ref() == Some(&instance.id))
            .collect();
        interfaces.sort_by_key(|interface| interface.device_index());
        interfaces
    }

    /// Returns the number of free addresses in the subnet.
    pub(crate) fn free_addresses(&self, subnet: &Subnet, now: Timestamp) -> u64 {
        let used = self.used_addresses(subnet, now).count() as u64;
        // AWS reserves the first four addresses and the last of each subnet.
        (subnet.cidr.size().saturating_sub(5)).saturating_sub(used)
    }

    /// Returns the lowest free address, or the last address of a full subnet, because only RunInstances checks for
    /// room.
    fn free_address(&self, subnet: &Subnet, now: Timestamp) -> Ipv4Addr {
        let used: std::collections::BTreeSet<_> = self.used_addresses(subnet, now).collect();
        (4..subnet.cidr.size())
            .map(|n| subnet.cidr.address(n))
            .find(|address| !used.contains(address))
            .unwrap_or_else(|| subnet.cidr.address(u64::MAX))
    }

    pub(super) fn used_addresses<'a>(
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
