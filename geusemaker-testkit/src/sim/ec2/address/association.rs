//! Associations of elastic addresses with network interfaces.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use crate::sim::context::RequestContext;
use crate::sim::ec2::address::{self, Address, Association};
use crate::sim::ec2::network_interface::NetworkInterface;
use crate::sim::ec2::network_interface::attribute::refuse_managed;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::{Code, Ec2};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn associate(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let allocation = params.optional("AllocationId");
    let public_ip = params.optional("PublicIp");
    let instance = params.optional("InstanceId");
    let interface = params.optional("NetworkInterfaceId");
    let private_ip = params.optional("PrivateIpAddress");
    // EC2 reference: in a VPC an association is moved unless the call forbids it.
    let may_move = params.parsed("AllowReassociation")?.unwrap_or(true);
    params.refuse_unread("AssociateAddress")?;
    ec2.forget_associations_of_the_gone(context.now);
    let address = ec2.address_named(allocation.as_deref(), public_ip.as_deref())?;
    let interface = ec2.interface_named(context, instance.as_deref(), interface.as_deref())?;
    refuse_managed(interface)?;
    if let Some(other) = address.interface(ec2) {
        refuse_managed(other)?;
    }
    if private_ip.is_some_and(|ip| ip != interface.private_ip.to_string()) {
        return Err(ServiceError::unsupported(
            "a secondary private address of a network interface",
        ));
    }
    if ec2.gateway_of(&interface.vpc).is_none() {
        let message = format!(
            "Network {} is not attached to any internet gateway",
            interface.vpc
        );
        return Err(ServiceError::new(Code::GatewayNotAttached, message));
    }
    if !may_move {
        refuse_move(address, &interface.id)?;
    }
    let (allocation, ip) = (address.id.clone(), address.ip);
    let interface = interface.id.clone();
    ec2.disassociate(context, &allocation);
    let other = ec2.elastic_address_of(&interface);
    if let Some(other) = other.map(|other| other.id.clone()) {
        if !may_move {
            let message = format!("resource {interface} is already associated");
            return Err(ServiceError::new(Code::ResourceAlreadyAssociated, message));
        }
        ec2.disassociate(context, &other);
    }
    let id = ec2.add_association(context, &allocation, ip, interface);
    Ok(Reply::xml(
        Element::new("reply")
            .with("return", true)
            .with("associationId", id),
    ))
}

/// Refuses an address that is associated with another interface.
fn refuse_move(address: &Address, interface: &str) -> Result<(), ServiceError> {
    match &address.association {
        Some(there) if there.interface != interface => {
            let message = format!(
                "resource {} is already associated with associate-id {}",
                address.id, there.id
            );
            Err(ServiceError::new(Code::ResourceAlreadyAssociated, message))
        }
        Some(_) | None => Ok(()),
    }
}

pub(crate) fn disassociate(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let association = params.optional("AssociationId");
    let public_ip = params.optional("PublicIp");
    params.refuse_unread("DisassociateAddress")?;
    ec2.forget_associations_of_the_gone(context.now);
    let allocation = match (association, public_ip) {
        (Some(id), None) => ec2
            .addresses
            .values()
            .find(|address| address.association.as_ref().is_some_and(|it| it.id == id))
            .map(|address| address.id.clone())
            .ok_or_else(|| {
                let message = format!("The association ID '{id}' does not exist");
                ServiceError::new(Code::InvalidAssociationIDNotFound, message)
            })?,
        (None, Some(ip)) => ec2.address_named(None, Some(&ip))?.id.clone(),
        _ => {
            let message = "You must specify either an association id or a public IP";
            return Err(ServiceError::new(Code::MissingParameter, message));
        }
    };
    let address = ec2.addresses.get(&allocation);
    if let Some(interface) = address.and_then(|address| address.interface(ec2)) {
        refuse_managed(interface)?;
    }
    ec2.disassociate(context, &allocation);
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

impl Ec2 {
    /// Ends the associations of network interfaces that are gone.
    pub(in crate::sim::ec2) fn forget_associations_of_the_gone(&mut self, now: Timestamp) {
        let interfaces = &self.interfaces;
        for address in self.addresses.values_mut() {
            address.association = address.association.take().filter(|association| {
                let interface = interfaces.get(&association.interface);
                interface.is_some_and(|interface| interface.exists(now))
            });
        }
    }

    /// Ends the association with an interface that is being deleted.
    pub(in crate::sim::ec2) fn disassociate_from(&mut self, interface: &str) {
        for address in self.addresses.values_mut() {
            address.association = address
                .association
                .take()
                .filter(|association| association.interface != interface);
        }
    }

    /// Returns the interface that a call names by its id or by its instance.
    fn interface_named(
        &self,
        context: &RequestContext<'_>,
        instance: Option<&str>,
        interface: Option<&str>,
    ) -> Result<&NetworkInterface, ServiceError> {
        let id = match (instance, interface) {
            (Some(id), None) => &self.visible_instance(id, context.now)?.interface,
            (None, Some(id)) => id,
            _ => {
                let message = "You must specify either an instance id or a network interface id";
                return Err(ServiceError::new(Code::MissingParameter, message));
            }
        };
        self.existing_interface(id, context.now)
    }

    fn address_named(
        &self,
        allocation: Option<&str>,
        public_ip: Option<&str>,
    ) -> Result<&Address, ServiceError> {
        match (allocation, public_ip) {
            (Some(id), _) => self
                .addresses
                .get(id)
                .ok_or_else(|| ResourceKind::ElasticIp.unknown(id)),
            (None, Some(ip)) => {
                let mut addresses = self.addresses.values();
                addresses
                    .find(|address| address.ip.to_string() == ip)
                    .ok_or_else(|| address::unknown_ip(ip))
            }
            (None, None) => {
                let message = "Either public IP or allocation id must be specified";
                Err(ServiceError::new(Code::MissingParameter, message))
            }
        }
    }

    /// Associates an address with an interface, and returns the id of the association. An instance behind the interface
    /// gets the address in place of its own.
    fn add_association(
        &mut self,
        context: &mut RequestContext<'_>,
        allocation: &str,
        ip: Ipv4Addr,
        interface: String,
    ) -> String {
        let mut instances = self.instances.values_mut();
        let replaced = instances
            .find(|instance| instance.interface == interface)
            .and_then(|instance| instance.public_ip.replace(ip));
        let id = format!("eipassoc-{}", context.rng.hex(17));
        if let Some(address) = self.addresses.get_mut(allocation) {
            address.association = Some(Association {
                id: id.clone(),
                interface,
                replaced: replaced.is_some(),
            });
        }
        id
    }

    /// Ends an association. An instance that had a public address before gets a new one.
    fn disassociate(&mut self, context: &mut RequestContext<'_>, allocation: &str) {
        let address = self.addresses.get_mut(allocation);
        let Some(association) = address.and_then(|address| address.association.take()) else {
            return;
        };
        let mut instances = self.instances.values_mut();
        if let Some(instance) =
            instances.find(|instance| instance.interface == association.interface)
        {
            instance.public_ip = association.replaced.then(|| address::draw(context));
        }
    }
}
