//! Elastic IP addresses, and every other public address.

pub(super) mod association;

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::instance::Instance;
use super::network_interface::NetworkInterface;
use super::network_interface::attribute::refuse_managed;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use super::validation::invalid;
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Address {
    /// The allocation id, such as `eipalloc-…`.
    pub(super) id: String,
    pub(super) ip: Ipv4Addr,
    pub(super) association: Option<Association>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Association {
    pub(super) id: String,
    pub(super) interface: String,
    /// True if this address replaced a public address that came with the instance.
    pub(super) replaced: bool,
}

/// A public address that leads to a network interface.
pub(super) struct PublicAddress<'a> {
    pub(super) ip: Ipv4Addr,
    /// The elastic address, if the account owns it.
    pub(super) elastic: Option<&'a Address>,
}

#[cfg(feature = "traffic")]
impl Address {
    /// Returns the address, if it leads to that network interface.
    pub(super) fn ip_of(&self, interface: &str) -> Option<Ipv4Addr> {
        let association = self.association.as_ref()?;
        (association.interface == interface).then_some(self.ip)
    }
}

impl PublicAddress<'_> {
    pub(super) fn owner(&self, ec2: &Ec2) -> String {
        match self.elastic {
            Some(_) => ec2.account_id.clone(),
            None => "amazon".to_owned(),
        }
    }
}

impl Described for Address {
    const IDS: Option<&'static str> = Some("AllocationId");
    const NAMES: Option<&'static str> = Some("PublicIp");
    const FIELDS: &'static [Field<Self>] = &[
        ("allocation-id", |_, _, address| vec![address.id.clone()]),
        ("association-id", |_, _, address| {
            let association = address.association.iter();
            association.map(|it| it.id.clone()).collect()
        }),
        ("domain", |_, _, _| vec!["vpc".to_owned()]),
        ("instance-id", |ec2, now, address| {
            let interface = address.interface(ec2);
            let instance = interface.and_then(|it| it.attached_instance(now));
            instance.into_iter().cloned().collect()
        }),
        ("network-border-group", |ec2, _, _| vec![ec2.region.clone()]),
        ("network-interface-id", |_, _, address| {
            let association = address.association.iter();
            association.map(|it| it.interface.clone()).collect()
        }),
        ("network-interface-owner-id", |ec2, _, address| {
            let association = address.association.iter();
            association.map(|_| ec2.account_id.clone()).collect()
        }),
        ("private-ip-address", |ec2, _, address| {
            let interface = address.interface(ec2).into_iter();
            interface.map(|it| it.private_ip.to_string()).collect()
        }),
        ("public-ip", |_, _, address| vec![address.ip.to_string()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::ElasticIp.unknown(id)
    }

    fn is_called(&self, _ec2: &Ec2, name: &str) -> bool {
        self.ip.to_string() == name
    }

    fn unknown_name(_ec2: &Ec2, name: &str) -> ServiceError {
        unknown_ip(name)
    }
}

/// Returns AWS's answer to an elastic address that it does not know.
pub(super) fn unknown_ip(ip: &str) -> ServiceError {
    ServiceError::new(
        Code::InvalidAddressNotFound,
        format!("Address '{ip}' not found."),
    )
}

impl Address {
    fn interface<'a>(&self, ec2: &'a Ec2) -> Option<&'a NetworkInterface> {
        ec2.interfaces.get(&self.association.as_ref()?.interface)
    }

    fn element(&self, ec2: &Ec2, context: &RequestContext<'_>) -> Element {
        let element = Element::new("item")
            .with("publicIp", self.ip)
            .with("allocationId", &self.id)
            .with("domain", "vpc")
            .with("publicIpv4Pool", "amazon")
            .with("networkBorderGroup", &ec2.region)
            .child(ec2.tags.element(&self.id));
        let (Some(association), Some(interface)) = (&self.association, self.interface(ec2)) else {
            return element;
        };
        element
            .with("associationId", &association.id)
            .with("networkInterfaceId", &interface.id)
            .with("networkInterfaceOwnerId", &ec2.account_id)
            .with("privateIpAddress", interface.private_ip)
            .with_some("instanceId", interface.attached_instance(context.now))
    }
}

impl Ec2 {
    /// Returns the elastic address of a network interface.
    pub(super) fn elastic_address_of(&self, interface: &str) -> Option<&Address> {
        self.addresses.values().find(|address| {
            let association = address.association.as_ref();
            association.is_some_and(|association| association.interface == interface)
        })
    }

    /// Returns the public address of a network interface: an elastic one, or the one that came with its instance.
    pub(super) fn public_address_of(
        &self,
        interface: &NetworkInterface,
        now: Timestamp,
    ) -> Option<PublicAddress<'_>> {
        if let Some(address) = self.elastic_address_of(&interface.id) {
            return Some(PublicAddress {
                ip: address.ip,
                elastic: Some(address),
            });
        }
        let instance = self.instance(interface.instance.as_ref()?)?;
        let ip = instance
            .public_address(now)
            .filter(|_| instance.interface == interface.id)?;
        Some(PublicAddress { ip, elastic: None })
    }

    /// Returns the public address of an instance: that of the network interface that came with it.
    pub(crate) fn public_address_of_instance(
        &self,
        instance: &Instance,
        now: Timestamp,
    ) -> Option<Ipv4Addr> {
        if instance.is_terminated(now) {
            return None;
        }
        let interface = self.interfaces.get(&instance.interface)?;
        Some(self.public_address_of(interface, now)?.ip)
    }
}

/// Returns an address out of Amazon's range.
pub(super) fn draw(context: &mut RequestContext<'_>) -> Ipv4Addr {
    let mut byte = || (context.rng.roll() * 254.0) as u8 + 1;
    Ipv4Addr::new(52, byte(), byte(), byte())
}

pub(crate) fn describe(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    ec2.forget_associations_of_the_gone(context.now);
    let ec2 = &*ec2;
    let selection = Selection::read(params, "DescribeAddresses")?;
    let page = selection.choose(ec2, context.now, ec2.addresses.values())?;
    Ok(page.reply("addressesSet", |address: &Address| {
        address.element(ec2, context)
    }))
}

pub(crate) fn allocate(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let domain = params.optional("Domain");
    let group = params.optional("NetworkBorderGroup");
    let pool = params.optional("PublicIpv4Pool");
    let tags = TagSpecifications::read(params, &[ResourceKind::ElasticIp])?;
    params.refuse_unread("AllocateAddress")?;
    if let Some(domain) = domain.filter(|domain| domain != "vpc") {
        return Err(invalid(&format!("Invalid value '{domain}' for domain.")));
    }
    if group.is_some_and(|group| group != ec2.region) || pool.is_some_and(|pool| pool != "amazon") {
        return Err(ServiceError::unsupported(
            "addresses of other pools than Amazon's in the region",
        ));
    }
    context
        .quotas
        .admit(Quota::ElasticIps, ec2.addresses.len() + 1)?;
    let address = Address {
        id: ResourceKind::ElasticIp.new_id(context.rng),
        ip: draw(context),
        association: None,
    };
    ec2.tags
        .attach(&address.id, tags.of(ResourceKind::ElasticIp));
    let reply = Element::new("reply")
        .with("publicIp", address.ip)
        .with("allocationId", &address.id)
        .with("publicIpv4Pool", "amazon")
        .with("networkBorderGroup", &ec2.region)
        .with("domain", "vpc");
    ec2.addresses.insert(address.id.clone(), address);
    Ok(Reply::xml(reply))
}

pub(crate) fn release(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.optional("AllocationId");
    let ip = params.optional("PublicIp");
    // Each region here has one border group.
    params.accept("NetworkBorderGroup");
    params.refuse_unread("ReleaseAddress")?;
    ec2.forget_associations_of_the_gone(context.now);
    let id = match (id, ip) {
        (Some(id), None) => id,
        (None, Some(_)) => {
            return Err(invalid(
                "You must specify an allocation id when releasing a VPC elastic IP address",
            ));
        }
        (Some(_), Some(_)) => {
            let message =
                "You may specify public IP or allocation id, but not both in the same call";
            return Err(ServiceError::new(
                Code::InvalidParameterCombination,
                message,
            ));
        }
        (None, None) => {
            let message = "Either public IP or allocation id must be specified";
            return Err(ServiceError::new(Code::MissingParameter, message));
        }
    };
    let address = ec2
        .addresses
        .get(&id)
        .ok_or_else(|| ResourceKind::ElasticIp.unknown(&id))?;
    if let Some(interface) = address.interface(ec2) {
        // A NAT gateway's address, even while the gateway is being deleted.
        refuse_managed(interface)?;
    }
    if address.association.is_some() {
        let message = format!("Address {} is in use.", address.ip);
        return Err(ServiceError::new(Code::InvalidIPAddressInUse, message));
    }
    ec2.addresses.remove(&id);
    ec2.tags.remove(&id);
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}
