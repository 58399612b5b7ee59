//! The routes of route tables.

use super::{Destination, Route, RouteTable, Target};
use crate::sim::context::RequestContext;
use crate::sim::ec2::prefix_list::prefix_lists;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::security_group::permission::ipv6;
use crate::sim::ec2::{Code, Ec2};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

const TARGETS: [&str; 6] = [
    "GatewayId",
    "InstanceId",
    "NetworkInterfaceId",
    "NatGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
];

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let (table, route) = read(ec2, context, params, "CreateRoute")?;
    match find(ec2, &table, &route.destination) {
        // Creating the same route again succeeds.
        Some(same) if *same == route => {}
        Some(_) => {
            let message = format!(
                "The route identified by {} already exists.",
                route.destination.text()
            );
            return Err(ServiceError::new(Code::RouteAlreadyExists, message));
        }
        None => {
            if let Some(table) = ec2.route_tables.get_mut(&table) {
                table.routes.push(route);
            }
        }
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

pub(crate) fn replace(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let (table, route) = read(ec2, context, params, "ReplaceRoute")?;
    let routes = ec2
        .route_tables
        .get_mut(&table)
        .into_iter()
        .flat_map(|table| &mut table.routes);
    let destination = route.destination.text();
    let mut same = routes.filter(|other| other.destination == route.destination);
    let Some(old) = same.next() else {
        let message = format!(
            "There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
        );
        return Err(ServiceError::new(Code::InvalidParameterValue, message));
    };
    *old = route;
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

pub(crate) fn delete(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let table = params.required("RouteTableId")?;
    let destination = read_destination(params, context.region)?;
    params.refuse_unread("DeleteRoute")?;
    let text = destination.text();
    let vpc = ec2.known_vpc(&ec2.known_route_table(&table)?.vpc)?;
    if destination == Destination::Ipv4(vpc.cidr) {
        let message = format!("cannot remove local route {text} in route table {table}");
        return Err(ServiceError::new(Code::InvalidParameterValue, message));
    }
    if find(ec2, &table, &destination).is_none() {
        let name = destination.filter_name();
        let message = format!("no route with {name} {text} in route table {table}");
        return Err(ServiceError::new(Code::InvalidRouteNotFound, message));
    }
    if let Some(Target::Endpoint(_)) = find(ec2, &table, &destination).map(|route| &route.target) {
        let message = format!("cannot remove VPC endpoint route {text} in route table {table}");
        return Err(ServiceError::new(Code::InvalidParameterValue, message));
    }
    if let Some(table) = ec2.route_tables.get_mut(&table) {
        table
            .routes
            .retain(|route| route.destination != destination);
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

fn find<'a>(ec2: &'a Ec2, table: &str, destination: &Destination) -> Option<&'a Route> {
    let routes = &ec2.route_tables.get(table)?.routes;
    routes
        .iter()
        .find(|route| route.destination == *destination)
}

/// Reads the table and the route of CreateRoute and ReplaceRoute.
fn read(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
    operation: &str,
) -> Result<(String, Route), ServiceError> {
    let table_id = params.required("RouteTableId")?;
    let destination = read_destination(params, context.region)?;
    let targets: Vec<(&str, String)> = TARGETS
        .into_iter()
        .filter_map(|name| Some((name, params.optional(name)?)))
        .collect();
    params.refuse_unread(operation)?;
    let table = ec2.known_route_table(&table_id)?;
    let target = match targets.as_slice() {
        [(parameter, id)] => find_target(ec2, context, table, parameter, id)?,
        _ => {
            let message = "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, instanceId or egressOnlyInternetGatewayId";
            let code = if targets.is_empty() {
                Code::MissingParameter
            } else {
                Code::InvalidParameterCombination
            };
            return Err(ServiceError::new(code, message));
        }
    };
    if let (Destination::Ipv4(block), Some(vpc), Target::Gateway(_)) =
        (&destination, ec2.vpc(&table.vpc), &target)
        && vpc.cidr.contains(*block)
    {
        let message = format!(
            "The destination CIDR block {block} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance."
        );
        return Err(ServiceError::new(Code::InvalidParameterValue, message));
    }
    let route = Route {
        destination,
        target,
    };
    Ok((table_id, route))
}

fn read_destination(params: &mut Params, region: &str) -> Result<Destination, ServiceError> {
    let ipv4 = params.optional("DestinationCidrBlock");
    let ipv6_block = params.optional("DestinationIpv6CidrBlock");
    let list = params.optional("DestinationPrefixListId");
    match (ipv4, ipv6_block, list) {
        (Some(block), None, None) => Ok(Destination::Ipv4(block.parse()?)),
        (None, Some(block), None) => Ok(Destination::Ipv6(ipv6(&block)?)),
        (None, None, Some(id)) => {
            let lists = prefix_lists(region);
            if lists.iter().any(|list| list.id == id) {
                return Ok(Destination::PrefixList(id));
            }
            Err(ResourceKind::PrefixList.unknown(&id))
        }
        (None, None, None) => {
            let message = "The request must contain the parameter destinationCidrBlock or destinationIpv6CidrBlock";
            Err(ServiceError::new(Code::MissingParameter, message))
        }
        _ => {
            let message = "The request may name only one destination";
            Err(ServiceError::new(
                Code::InvalidParameterCombination,
                message,
            ))
        }
    }
}

fn find_target(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    table: &RouteTable,
    parameter: &str,
    id: &str,
) -> Result<Target, ServiceError> {
    // An account here never has a target of some kinds.
    let none_exists = |code, kind: &str| {
        let message = format!("The {kind} ID '{id}' does not exist");
        Err(ServiceError::new(code, message))
    };
    let other_network = |what: &str| {
        let message = format!(
            "route table {} and {what} {id} belong to different networks",
            table.id
        );
        Err(ServiceError::new(Code::InvalidParameterValue, message))
    };
    let interface = |interface_id: &str| {
        let interface = ec2.existing_interface(interface_id, context.now)?;
        if interface.vpc != table.vpc {
            return other_network("interface");
        }
        Ok(Target::Interface(interface.id.clone()))
    };
    match parameter {
        "GatewayId" if id.starts_with("vpce-") => {
            let message = "VPC Endpoints of this type cannot be used as route targets.";
            Err(ServiceError::new(Code::InvalidParameterValue, message))
        }
        "GatewayId" => {
            let Some(gateway) = ec2.internet_gateways.get(id) else {
                return none_exists(Code::InvalidGatewayIDNotFound, "gateway");
            };
            if gateway.vpc.as_ref() != Some(&table.vpc) {
                return other_network("network gateway");
            }
            Ok(Target::Gateway(id.to_owned()))
        }
        "InstanceId" => interface(&ec2.visible_instance(id, context.now)?.interface),
        "NetworkInterfaceId" => interface(id),
        "NatGatewayId" => {
            let Some(gateway) = ec2.live_nat_gateway(id, context.now) else {
                return none_exists(Code::InvalidNatGatewayIDNotFound, "natGateway");
            };
            if gateway.vpc != table.vpc {
                return other_network("network gateway");
            }
            Ok(Target::NatGateway(id.to_owned()))
        }
        "VpcPeeringConnectionId" => none_exists(
            Code::InvalidVpcPeeringConnectionIDNotFound,
            "vpcPeeringConnection",
        ),
        _ => none_exists(Code::InvalidGatewayIDNotFound, "eigw"),
    }
}
