//! CreateVpcEndpoint: AWS's checks, and the interfaces and routes of the new endpoint.

use std::time::Duration;

use super::service::{self, EndpointService, WITH_GATEWAY};
use super::{DEFAULT_POLICY, EndpointType, Failure, Placement, VpcEndpoint};
use crate::sim::context::RequestContext;
use crate::sim::ec2::network_interface::{InterfaceType, NewInterface};
use crate::sim::ec2::prefix_list::prefix_lists;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::route_table::{Destination, Route, Target};
use crate::sim::ec2::subnet::Subnet;
use crate::sim::ec2::tags::TagSpecifications;
use crate::sim::ec2::{Code, Ec2};
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The parameters of CreateVpcEndpoint.
struct Request {
    vpc: String,
    service: EndpointService,
    kind: EndpointType,
    policy: Option<String>,
    route_tables: Vec<String>,
    subnets: Vec<String>,
    security_groups: Vec<String>,
    private_dns: Option<bool>,
    /// True if the private name is only for requests from outside the VPC.
    inbound_only: Option<bool>,
    client_token: Option<String>,
    tags: TagSpecifications,
}

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let request = Request::read(params, context.region)?;
    ec2.known_vpc(&request.vpc)?;
    let endpoint = match ec2.endpoint_created_by(&request)? {
        Some(earlier) => earlier.clone(),
        None => ec2.add_endpoint(context, request)?,
    };
    Ok(Reply::xml(
        Element::new("reply")
            .child(endpoint.element(ec2, context.now).renamed("vpcEndpoint"))
            .with_some("clientToken", endpoint.client_token.as_ref()),
    ))
}

impl Request {
    fn read(params: &mut Params, region: &str) -> Result<Self, ServiceError> {
        let vpc = params.required("VpcId")?;
        let service = params.required("ServiceName")?;
        let kind = match params.optional("VpcEndpointType").as_deref() {
            // EC2 model: the default.
            None | Some("Gateway") => EndpointType::Gateway,
            Some("Interface") => EndpointType::Interface,
            Some(other) => {
                return Err(ServiceError::unsupported(format_args!(
                    "the endpoint type {other}"
                )));
            }
        };
        for (name, supported) in [
            ("IpAddressType", "ipv4"),
            ("DnsOptions.DnsRecordIpType", "ipv4"),
            ("ServiceRegion", region),
        ] {
            let value = params.optional(name);
            if value.is_some_and(|value| value != supported) {
                return Err(ServiceError::unsupported(format_args!(
                    "a {name} other than {supported} of CreateVpcEndpoint"
                )));
            }
        }
        let request = Self {
            vpc,
            kind,
            policy: params.optional("PolicyDocument"),
            route_tables: params.list("RouteTableId"),
            subnets: params.list("SubnetId"),
            security_groups: params.list("SecurityGroupId"),
            private_dns: params.parsed("PrivateDnsEnabled")?,
            inbound_only: params.parsed("DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint")?,
            client_token: params.optional("ClientToken"),
            tags: TagSpecifications::read(params, &[ResourceKind::VpcEndpoint])?,
            service: service::service(region, &service)?,
        };
        params.refuse_unread("CreateVpcEndpoint")?;
        request.check()?;
        Ok(request)
    }

    /// Refuses parameters that do not go with the type.
    fn check(&self) -> Result<(), ServiceError> {
        let types = &self.service.types;
        if !types.contains(&self.kind) {
            let types: Vec<&str> = types.iter().map(|kind| kind.name()).collect();
            return Err(parameter(format!(
                "Endpoint type ({}) does not match available service types ([{}]).",
                self.kind.name(),
                types.join(", ")
            )));
        }
        let refused = match self.kind {
            EndpointType::Gateway if !self.subnets.is_empty() => "SubnetIds",
            EndpointType::Gateway if !self.security_groups.is_empty() => "SecurityGroupIds",
            EndpointType::Gateway if self.private_dns == Some(true) => "PrivateDnsEnabled",
            EndpointType::Interface if !self.route_tables.is_empty() => "RouteTableIds",
            EndpointType::Gateway | EndpointType::Interface => return Ok(()),
        };
        Err(parameter(format!(
            "{refused} are not supported for endpoints of type {}.",
            self.kind.name()
        )))
    }

    /// Returns true if the endpoint gets the service's usual name. By default it does, except those of S3 and DynamoDB.
    fn has_private_dns(&self) -> bool {
        let has_gateways = WITH_GATEWAY.contains(&self.service.short);
        let default = self.kind == EndpointType::Interface && !has_gateways;
        self.private_dns.unwrap_or(default)
    }
}

impl Ec2 {
    /// Returns the endpoint that an earlier call with the same token created.
    fn endpoint_created_by(&self, request: &Request) -> Result<Option<&VpcEndpoint>, ServiceError> {
        if request.client_token.is_none() {
            return Ok(None);
        }
        let mut endpoints = self.vpc_endpoints.values();
        let Some(earlier) = endpoints.find(|it| it.client_token == request.client_token) else {
            return Ok(None);
        };
        let is_same = earlier.vpc == request.vpc
            && earlier.service == request.service.name
            && earlier.kind == request.kind;
        if !is_same {
            let message = "The client token has been used before, with other parameters.";
            return Err(ServiceError::new(
                Code::IdempotentParameterMismatch,
                message,
            ));
        }
        Ok(Some(earlier))
    }

    fn add_endpoint(
        &mut self,
        context: &mut RequestContext<'_>,
        request: Request,
    ) -> Result<VpcEndpoint, ServiceError> {
        let subnets = self.subnets_for_endpoint(context, &request)?;
        self.refuse_endpoint_routes(&request.vpc, &request.service, &request.route_tables)?;
        let has_private_dns = request.has_private_dns();
        if has_private_dns {
            self.refuse_private_dns(&request.vpc, &request.service, request.inbound_only)?;
        }
        let security_groups = match request.kind {
            EndpointType::Gateway => Vec::new(),
            EndpointType::Interface => {
                self.groups_for_interface(context, &request.vpc, request.security_groups)?
            }
        };
        let more = u32::try_from(subnets.len()).unwrap_or(u32::MAX);
        self.admit_interfaces(context, more)?;
        let now = context.now;
        let id = ResourceKind::VpcEndpoint.new_id(context.rng);
        let takes = match request.kind {
            // A gateway endpoint is no more than routes.
            EndpointType::Gateway => context.lifecycle.duration(Duration::ZERO),
            EndpointType::Interface => context.duration(Step::VpcEndpointAvailable),
        };
        let available_at = now + takes;
        let failure = match context.lifecycle {
            LifecycleOverride::Fails { reason, after } => Some(Failure {
                reason: reason.clone(),
                at: available_at + after.unwrap_or_default(),
            }),
            LifecycleOverride::Usual | LifecycleOverride::Stuck | LifecycleOverride::Slow(_) => {
                None
            }
        };
        let placements = subnets
            .into_iter()
            .map(|subnet| self.place_endpoint(context, &id, subnet, &security_groups))
            .collect();
        self.add_endpoint_routes(&id, &request.service, &request.route_tables);
        let endpoint = VpcEndpoint {
            id,
            vpc: request.vpc,
            service: request.service.name,
            kind: request.kind,
            policy: request.policy.unwrap_or_else(|| DEFAULT_POLICY.to_owned()),
            route_tables: request.route_tables,
            placements,
            security_groups,
            has_private_dns,
            client_token: request.client_token,
            created_at: now,
            available_at,
            failure,
            deletion: None,
        };
        let tags = request.tags.of(ResourceKind::VpcEndpoint);
        self.tags.attach(&endpoint.id, tags);
        self.vpc_endpoints
            .insert(endpoint.id.clone(), endpoint.clone());
        Ok(endpoint)
    }

    fn place_endpoint(
        &mut self,
        context: &mut RequestContext<'_>,
        id: &str,
        subnet: Subnet,
        security_groups: &[String],
    ) -> Placement {
        let new = NewInterface {
            subnet,
            security_groups: security_groups.to_vec(),
            description: format!("VPC Endpoint Interface {id}"),
            requester_managed: true,
            owner: "amazon-aws".to_owned(),
            instance: None,
        };
        let mut interface = self.create_interface(context, new);
        interface.interface_type = InterfaceType::VpcEndpoint;
        let placement = Placement {
            subnet: interface.subnet.clone(),
            zone: interface.zone.clone(),
            interface: interface.id.clone(),
        };
        self.interfaces.insert(interface.id.clone(), interface);
        placement
    }

    /// Returns the subnets of a request: one in a zone, all in the VPC.
    fn subnets_for_endpoint(
        &self,
        context: &RequestContext<'_>,
        request: &Request,
    ) -> Result<Vec<Subnet>, ServiceError> {
        let mut subnets: Vec<Subnet> = Vec::new();
        for id in &request.subnets {
            let subnet = self
                .subnet(id)
                .ok_or_else(|| ResourceKind::Subnet.unknown(id))?;
            if subnet.vpc != request.vpc {
                return Err(parameter(format!(
                    "Subnet {id} does not belong to VPC {}.",
                    request.vpc
                )));
            }
            if subnets.iter().any(|other| other.zone == subnet.zone) {
                let message =
                    format!("Found another VPC endpoint subnet in the availability zone of {id}");
                return Err(ServiceError::new(Code::DuplicateSubnetsInSameZone, message));
            }
            if self.free_addresses(subnet, context.now) == 0 {
                let message = format!(
                    "There are not enough free addresses in subnet '{id}' to satisfy the request."
                );
                return Err(ServiceError::new(
                    Code::InsufficientFreeAddressesInSubnet,
                    message,
                ));
            }
            subnets.push(subnet.clone());
        }
        Ok(subnets)
    }

    /// Refuses the service's usual name in a VPC that cannot have it, or has it already.
    pub(super) fn refuse_private_dns(
        &self,
        vpc: &str,
        service: &EndpointService,
        inbound_only: Option<bool>,
    ) -> Result<(), ServiceError> {
        let known = self.known_vpc(vpc)?;
        if !known.has_dns_support() || !known.has_dns_hostnames() {
            return Err(parameter(format!(
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {vpc}"
            )));
        }
        let mut others = self
            .vpc_endpoints
            .values()
            .filter(|other| other.vpc == vpc && !other.is_being_deleted());
        // Only S3 here has endpoints of both types and the usual name.
        let has_gateway = || {
            let mut gateways = self.vpc_endpoints.values();
            gateways.any(|other| {
                other.vpc == vpc
                    && other.kind == EndpointType::Gateway
                    && other.service.ends_with(&format!(".{}", service.short))
            })
        };
        if service.short == "s3" && inbound_only != Some(false) && !has_gateway() {
            return Err(parameter(format!(
                "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {vpc} must have a Gateway endpoint for the service."
            )));
        }
        if others.any(|other| other.has_private_dns && other.service == service.name) {
            return Err(parameter(format!(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC {vpc}",
                service.dns_name
            )));
        }
        Ok(())
    }

    /// Refuses route tables in which a gateway endpoint cannot have its route.
    pub(super) fn refuse_endpoint_routes(
        &self,
        vpc: &str,
        service: &EndpointService,
        tables: &[String],
    ) -> Result<(), ServiceError> {
        let destination = self.destination_of(service);
        for id in tables {
            let table = self.known_route_table(id)?;
            if table.vpc != vpc {
                return Err(parameter(format!(
                    "Route table {id} does not belong to VPC {vpc}."
                )));
            }
            let mut routes = table.routes.iter();
            if routes.any(|route| Some(&route.destination) == destination.as_ref()) {
                let list = destination.as_ref().map(Destination::text);
                let message = format!(
                    "route table {id} already has a route with destination-prefix-list-id {}",
                    list.unwrap_or_default()
                );
                return Err(ServiceError::new(Code::RouteAlreadyExists, message));
            }
        }
        Ok(())
    }

    pub(super) fn add_endpoint_routes(
        &mut self,
        id: &str,
        service: &EndpointService,
        tables: &[String],
    ) {
        let Some(destination) = self.destination_of(service) else {
            return;
        };
        for table in tables {
            if let Some(table) = self.route_tables.get_mut(table) {
                table.routes.push(Route {
                    destination: destination.clone(),
                    target: Target::Endpoint(id.to_owned()),
                });
            }
        }
    }

    /// Returns the destination of the routes to a gateway endpoint: the service's prefix list.
    fn destination_of(&self, service: &EndpointService) -> Option<Destination> {
        let lists = prefix_lists(&self.region).into_iter();
        let mut own = lists.filter(|list| list.name == service.name);
        own.next().map(|list| Destination::PrefixList(list.id))
    }
}

pub(super) fn parameter(message: String) -> ServiceError {
    ServiceError::new(Code::InvalidParameter, message)
}
