//! CreateNatGateway: AWS's checks, and the failures that only the new gateway's description tells of.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::{Failure, HeldAddress, NatGateway};
use crate::sim::context::RequestContext;
use crate::sim::ec2::address::{Address, Association};
use crate::sim::ec2::network_interface::{InterfaceType, NewInterface};
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::subnet::Subnet;
use crate::sim::ec2::tags::TagSpecifications;
use crate::sim::ec2::validation::one_of;
use crate::sim::ec2::{Code, Ec2};
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::quota::Quota;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The parameters of CreateNatGateway.
struct Request {
    subnet: Subnet,
    is_private: bool,
    allocation: Option<String>,
    private_ip: Option<Ipv4Addr>,
    client_token: Option<String>,
    tags: TagSpecifications,
}

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let request = Request::read(ec2, params)?;
    ec2.forget_associations_of_the_gone(context.now);
    let gateway = match ec2.nat_gateway_created_by(&request)? {
        Some(earlier) => earlier.clone(),
        None => ec2.add_nat_gateway(context, request)?,
    };
    Ok(Reply::xml(
        Element::new("reply")
            .child(gateway.element(ec2, context.now).renamed("natGateway"))
            .with_some("clientToken", gateway.client_token.as_ref()),
    ))
}

impl Request {
    fn read(ec2: &Ec2, params: &mut Params) -> Result<Self, ServiceError> {
        let subnet = params.required("SubnetId")?;
        let connectivity = one_of(params, "ConnectivityType", &["public", "private"])?;
        let is_private = connectivity.as_deref() == Some("private");
        let allocation = params.optional("AllocationId");
        let private_ip = params.parsed("PrivateIpAddress")?;
        let client_token = params.optional("ClientToken");
        let mode = one_of(params, "AvailabilityMode", &["zonal", "regional"])?;
        if mode.as_deref() == Some("regional") {
            return Err(ServiceError::unsupported("a regional NAT gateway"));
        }
        let tags = TagSpecifications::read(params, &[ResourceKind::NatGateway])?;
        params.refuse_unread("CreateNatGateway")?;
        let subnet = ec2
            .subnet(&subnet)
            .cloned()
            .ok_or_else(|| ResourceKind::Subnet.unknown(&subnet))?;
        match &allocation {
            Some(_) if is_private => {
                let message =
                    "You cannot specify an Elastic IP address with a private NAT gateway.";
                return Err(ServiceError::new(
                    Code::InvalidParameterCombination,
                    message,
                ));
            }
            Some(id) if !ec2.addresses.contains_key(id) => {
                return Err(ResourceKind::ElasticIp.unknown(id));
            }
            None if !is_private => {
                let message = "The request must contain the parameter AllocationId";
                return Err(ServiceError::new(Code::MissingParameter, message));
            }
            Some(_) | None => {}
        }
        Ok(Self {
            subnet,
            is_private,
            allocation,
            private_ip,
            client_token,
            tags,
        })
    }
}

impl Ec2 {
    /// Returns the gateway that an earlier call with the same token created.
    fn nat_gateway_created_by(
        &self,
        request: &Request,
    ) -> Result<Option<&NatGateway>, ServiceError> {
        if request.client_token.is_none() {
            return Ok(None);
        }
        let mut gateways = self.nat_gateways.values();
        let Some(earlier) = gateways.find(|it| it.client_token == request.client_token) else {
            return Ok(None);
        };
        let allocation = earlier.address.as_ref().map(|it| &it.allocation);
        if earlier.subnet != request.subnet.id
            || earlier.is_private != request.is_private
            || allocation != request.allocation.as_ref()
        {
            let message = "The client token has been used before, with other parameters.";
            return Err(ServiceError::new(
                Code::IdempotentParameterMismatch,
                message,
            ));
        }
        Ok(Some(earlier))
    }

    fn add_nat_gateway(
        &mut self,
        context: &mut RequestContext<'_>,
        request: Request,
    ) -> Result<NatGateway, ServiceError> {
        self.admit_nat_gateway(context, &request)?;
        let now = context.now;
        let Request { subnet, .. } = request;
        let id = ResourceKind::NatGateway.new_id(context.rng);
        let (vpc, zone, subnet_id) = (subnet.vpc.clone(), subnet.zone.clone(), subnet.id.clone());
        let address = request.allocation.as_ref();
        let address = address.and_then(|id| self.addresses.get(id)).cloned();
        let available_at = now + context.duration(Step::NatGatewayAvailable);
        let obstacle = address.as_ref().and_then(|it| self.obstacle(&vpc, it));
        let is_obstructed = obstacle.is_some();
        let failure = match obstacle {
            Some((code, message)) => Some(Failure {
                code: code.to_owned(),
                message,
                at: now + context.rng.duration(Step::NatGatewayFailed),
            }),
            None => injected_failure(context, available_at),
        };
        let mut interface = self.create_interface(
            context,
            NewInterface {
                subnet,
                security_groups: Vec::new(),
                description: format!("Interface for NAT Gateway {id}"),
                requester_managed: true,
                owner: "amazon-aws".to_owned(),
                instance: None,
            },
        );
        interface.interface_type = InterfaceType::NatGateway;
        interface.skips_source_dest_check = true;
        interface.private_ip = request.private_ip.unwrap_or(interface.private_ip);
        let (interface_id, private_ip) = (interface.id.clone(), interface.private_ip);
        self.interfaces.insert(interface_id.clone(), interface);
        if let Some(failure) = &failure {
            self.release_interface(&interface_id, failure.at);
        }
        let held = address.map(|address| HeldAddress {
            association: (!is_obstructed)
                .then(|| self.give_address(context, &address.id, &interface_id)),
            allocation: address.id,
            ip: address.ip,
        });
        let gateway = NatGateway {
            id,
            vpc,
            subnet: subnet_id,
            zone,
            is_private: request.is_private,
            interface: interface_id,
            private_ip,
            address: held,
            client_token: request.client_token,
            created_at: now,
            available_at,
            failure,
            deletion: None,
        };
        let tags = request.tags.of(ResourceKind::NatGateway);
        self.tags.attach(&gateway.id, tags);
        self.nat_gateways
            .insert(gateway.id.clone(), gateway.clone());
        Ok(gateway)
    }

    /// Refuses a gateway for which there is no room.
    fn admit_nat_gateway(
        &self,
        context: &RequestContext<'_>,
        request: &Request,
    ) -> Result<(), ServiceError> {
        let now = context.now;
        let subnet = &request.subnet;
        let in_zone = self.nat_gateways.values().filter(|gateway| {
            // VPC User Guide: a gateway counts in the states pending, available and deleting.
            gateway.zone == subnet.zone && gateway.state(now).is_live()
        });
        let total = in_zone.count() + 1;
        context.quotas.admit(Quota::NatGatewaysPerZone, total)?;
        if let Some(address) = request.private_ip {
            self.refuse_address(context, subnet, address)?;
        }
        if self.free_addresses(subnet, now) == 0 {
            let message = "Subnet has insufficient free addresses to create this NAT gateway";
            return Err(ServiceError::new(
                Code::InsufficientFreeAddressesInSubnet,
                message,
            ));
        }
        self.admit_interfaces(context, 1)
    }

    /// Associates an elastic address with a gateway's interface, and returns the id of the association.
    fn give_address(
        &mut self,
        context: &mut RequestContext<'_>,
        allocation: &str,
        interface: &str,
    ) -> String {
        let id = format!("eipassoc-{}", context.rng.hex(17));
        if let Some(address) = self.addresses.get_mut(allocation) {
            address.association = Some(Association {
                id: id.clone(),
                interface: interface.to_owned(),
                replaced: false,
            });
        }
        id
    }

    /// Returns the code and the message of the failure of a public gateway with that address. EC2 model, NatGateway.
    fn obstacle(&self, vpc: &str, address: &Address) -> Option<(&'static str, String)> {
        if self.gateway_of(vpc).is_none() {
            let message = format!("Network {vpc} has no Internet gateway attached");
            return Some(("Gateway.NotAttached", message));
        }
        address.association.as_ref().map(|_| {
            let message = format!("Elastic IP address {} is already associated", address.id);
            ("Resource.AlreadyAssociated", message)
        })
    }
}

/// Returns the failure that a lifecycle override decides.
fn injected_failure(context: &RequestContext<'_>, available_at: Timestamp) -> Option<Failure> {
    match context.lifecycle {
        LifecycleOverride::Fails { reason, after } => Some(Failure {
            code: reason.clone(),
            message: "Network interface, created and used internally by this NAT gateway is in an invalid state. Please try again.".to_owned(),
            at: available_at + after.unwrap_or_default(),
        }),
        LifecycleOverride::Usual | LifecycleOverride::Stuck | LifecycleOverride::Slow(_) => None,
    }
}
