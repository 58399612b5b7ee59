//! Network interfaces that a user creates, apart from any instance.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::{NetworkInterface, NewInterface};
use crate::sim::context::RequestContext;
use crate::sim::ec2::cidr::Cidr;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::subnet::Subnet;
use crate::sim::ec2::tags::TagSpecifications;
use crate::sim::ec2::validation::invalid;
use crate::sim::ec2::{Code, Ec2};
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let subnet_id = params.required("SubnetId")?;
    let description = params.optional("Description").unwrap_or_default();
    let private_ip: Option<Ipv4Addr> = read_private_ip(params)?;
    let asked_groups = params.list("SecurityGroupId");
    let client_token = params.optional("ClientToken");
    let tags = TagSpecifications::read(params, &[ResourceKind::NetworkInterface])?;
    params.refuse_unread("CreateNetworkInterface")?;
    let subnet = ec2
        .subnet(&subnet_id)
        .cloned()
        .ok_or_else(|| ResourceKind::Subnet.unknown(&subnet_id))?;
    let security_groups = ec2.groups_for_interface(context, &subnet.vpc, asked_groups)?;
    if let Some(earlier) = ec2.created_with(client_token.as_deref(), context.now) {
        if earlier.subnet != subnet_id || earlier.description != description {
            let message = "The client token has been used before, with other parameters.";
            return Err(ServiceError::new(
                Code::IdempotentParameterMismatch,
                message,
            ));
        }
        return Ok(reply(ec2, context, earlier));
    }
    if let Some(address) = private_ip {
        ec2.refuse_address(context, &subnet, address)?;
    }
    if ec2.free_addresses(&subnet, context.now) == 0 {
        let message = format!(
            "There are not enough free addresses in subnet '{subnet_id}' to satisfy the request."
        );
        return Err(ServiceError::new(
            Code::InsufficientFreeAddressesInSubnet,
            message,
        ));
    }
    ec2.admit_interfaces(context, 1)?;
    let new = NewInterface {
        subnet,
        security_groups,
        description,
        requester_managed: false,
        owner: ec2.account_id.clone(),
        instance: None,
    };
    let mut interface = ec2.create_interface(context, new);
    interface.private_ip = private_ip.unwrap_or(interface.private_ip);
    interface.client_token = client_token;
    ec2.tags
        .attach(&interface.id, tags.of(ResourceKind::NetworkInterface));
    let reply = reply(ec2, context, &interface);
    ec2.interfaces.insert(interface.id.clone(), interface);
    Ok(reply)
}

impl Ec2 {
    /// Returns the interface that an earlier call with that token created.
    fn created_with(
        &self,
        client_token: Option<&str>,
        now: Timestamp,
    ) -> Option<&NetworkInterface> {
        let mut interfaces = self.interfaces.values();
        interfaces.find(|interface| {
            client_token.is_some()
                && interface.client_token.as_deref() == client_token
                && interface.exists(now)
        })
    }
}

pub(crate) fn delete(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("NetworkInterfaceId")?;
    params.refuse_unread("DeleteNetworkInterface")?;
    let interface = ec2.existing_interface(&id, context.now)?;
    if interface.is_attached(context.now) {
        return Err(invalid(&format!(
            "Network interface '{id}' is currently in use."
        )));
    }
    ec2.disassociate_from(&id);
    ec2.interfaces.remove(&id);
    ec2.tags.remove(&id);
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

/// Reads the requested primary address: by itself, or as the only entry of the list.
fn read_private_ip(params: &mut Params) -> Result<Option<Ipv4Addr>, ServiceError> {
    let single = params.parsed("PrivateIpAddress")?;
    let list = params.structures("PrivateIpAddresses");
    match (single, list.as_slice()) {
        (single, []) => Ok(single),
        (None, [only]) if params.parsed(&only.member("Primary"))? == Some(true) => {
            params.parsed(&only.member("PrivateIpAddress"))
        }
        _ => Err(ServiceError::unsupported(
            "a secondary private address of a network interface",
        )),
    }
}

impl Ec2 {
    /// Returns the groups for an interface in that VPC: the requested ones, or the default one.
    pub(in crate::sim::ec2) fn groups_for_interface(
        &self,
        context: &RequestContext<'_>,
        vpc: &str,
        asked: Vec<String>,
    ) -> Result<Vec<String>, ServiceError> {
        if asked.is_empty() {
            return Ok(self.default_security_group(vpc).into_iter().collect());
        }
        for id in &asked {
            if self.visible_security_group(id, context.now)?.vpc != vpc {
                let message = "You have specified two resources that belong to different networks.";
                return Err(ServiceError::new(Code::InvalidParameter, message));
            }
        }
        context
            .quotas
            .admit(Quota::SecurityGroupsPerInterface, asked.len())?;
        Ok(asked)
    }

    pub(in crate::sim::ec2) fn refuse_address(
        &self,
        context: &RequestContext<'_>,
        subnet: &Subnet,
        address: Ipv4Addr,
    ) -> Result<(), ServiceError> {
        // AWS reserves the first four addresses and the last of each subnet.
        let reserved = [0, 1, 2, 3, u64::MAX].map(|n| subnet.cidr.address(n));
        if !subnet.cidr.contains(Cidr::holding(address, 32)) {
            return Err(invalid(
                "Address does not fall within the subnet's address range",
            ));
        }
        if reserved.contains(&address) {
            return Err(invalid("Address is in subnet's reserved address range"));
        }
        if self
            .used_addresses(subnet, context.now)
            .any(|used| used == address)
        {
            let message = format!("Address {address} is in use.");
            return Err(ServiceError::new(Code::InvalidIPAddressInUse, message));
        }
        Ok(())
    }
}

fn reply(ec2: &Ec2, context: &RequestContext<'_>, interface: &NetworkInterface) -> Reply {
    Reply::xml(
        Element::new("reply")
            .child(
                interface
                    .element(ec2, context.now)
                    .renamed("networkInterface"),
            )
            .with_some("clientToken", interface.client_token.as_ref()),
    )
}
