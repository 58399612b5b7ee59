//! The network of a deployment: one that exists, or one of its own, which is created first and deleted last.

use std::sync::Arc;

use futures::future::try_join_all;

use crate::error::Error;
use crate::id::{
    InternetGatewayId, NatGatewayId, RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId, VpcId,
};
use crate::ledger::Ledger;
use crate::plan::network::{NewNetwork, NewZone, PlannedNetwork, UsedNetwork};
use crate::progress::step::Step;
use crate::resource::elastic_ip::NewElasticIp;
use crate::resource::internet_gateway::NewInternetGateway;
use crate::resource::internet_gateway_attachment::NewInternetGatewayAttachment;
use crate::resource::nat_gateway::{self, NewNatGateway};
use crate::resource::route::{Gateway, NewRoute};
use crate::resource::route_table::NewRouteTable;
use crate::resource::route_table_association::NewRouteTableAssociation;
use crate::resource::security_group_rule::{NewSecurityGroupRule, Source};
use crate::resource::subnet::{NewSubnet, Subnet};
use crate::resource::vpc::{DnsHostnames, NewVpc};
use crate::resource::vpc_endpoint::{self, Access, NewVpcEndpoint};
use crate::resource::vpc_endpoint_service::{GATEWAY, INTERFACES};
use crate::resource_key::ResourceKey;
use crate::spec::{CidrBlock, Egress, Scheme};
use crate::wait::{Expected, Wait};

const HTTPS: u16 = 443;

/// The subnets of a network, before instances in private ones have a way out.
pub(super) struct Subnets {
    used: UsedNetwork,
    /// The first public subnet of a new network.
    public: Option<Subnet>,
    /// The route tables of the private subnets of a new network, by zone.
    private_tables: Vec<(String, RouteTableId)>,
}

/// Returns the VPC, after its creation if it is new.
pub(super) async fn vpc(ledger: &Arc<Ledger>) -> Result<VpcId, Error> {
    let new = match &ledger.plan.network {
        PlannedNetwork::Existing { vpc, .. } => return Ok(vpc.clone()),
        PlannedNetwork::New { new_network } => new_network,
    };
    ledger.account.progress.step(Step::CreatingNetwork);
    let key = ResourceKey::new("vpc");
    let wanted = NewVpc {
        name: name(ledger, "vpc"),
        range: new.range.clone(),
        owner: ledger.owner.clone(),
    };
    let vpc = ledger.create(key.clone(), wanted).await?;
    // The names of file systems and of endpoints have addresses only then.
    let names = DnsHostnames { vpc: vpc.clone() };
    ledger.apply(key, names).await?;
    Ok(vpc)
}

/// Returns the subnets, after the creation of all that they need if the network is new.
pub(super) async fn subnets(ledger: &Arc<Ledger>, vpc: &VpcId) -> Result<Subnets, Error> {
    match ledger.plan.used_network() {
        Ok(used) => Ok(Subnets {
            used,
            public: None,
            private_tables: Vec::new(),
        }),
        Err(new) => create_subnets(ledger, vpc, new).await,
    }
}

async fn create_subnets(
    ledger: &Arc<Ledger>,
    vpc: &VpcId,
    new: &NewNetwork,
) -> Result<Subnets, Error> {
    let publics = new.zones.iter();
    let publics = publics.map(|zone| subnet(ledger, vpc, ("public", zone, &zone.public), true));
    let with_private = new.zones.iter().filter_map(|zone| {
        let range = zone.private.as_ref()?;
        Some(private_subnet(ledger, vpc, zone, range))
    });
    let (table, publics, privates) = futures::try_join!(
        public_table(ledger, vpc),
        try_join_all(publics),
        try_join_all(with_private),
    )?;
    let associations = publics
        .iter()
        .map(|subnet| associate(ledger, ("public", &subnet.zone), &table, &subnet.id));
    try_join_all(associations).await?;
    let (privates, private_tables): (Vec<_>, Vec<_>) = privates.into_iter().unzip();
    Ok(Subnets {
        public: publics.first().cloned(),
        used: UsedNetwork {
            vpc: vpc.clone(),
            balancer_subnets: match ledger.plan.spec.balancer_scheme() {
                Scheme::Internal if !privates.is_empty() => privates.clone(),
                Scheme::Internal | Scheme::InternetFacing => publics.clone(),
            },
            instance_subnets: if new.egress.is_some() {
                privates
            } else {
                publics
            },
        },
        private_tables,
    })
}

/// Creates the route table of the public subnets, with its route to the internet.
async fn public_table(ledger: &Arc<Ledger>, vpc: &VpcId) -> Result<RouteTableId, Error> {
    let gateway = async {
        let gateway = NewInternetGateway {
            name: name(ledger, "gateway"),
            owner: ledger.owner.clone(),
        };
        let gateway: InternetGatewayId = ledger
            .create(ResourceKey::new("internet-gateway"), gateway)
            .await?;
        let attachment = NewInternetGatewayAttachment {
            gateway: gateway.clone(),
            vpc: vpc.clone(),
        };
        ledger
            .create(ResourceKey::new("internet-gateway-attachment"), attachment)
            .await?;
        Ok(gateway)
    };
    let table = route_table(ledger, vpc, "public");
    let (gateway, table) = futures::try_join!(gateway, table)?;
    route(ledger, "public", &table, Gateway::Internet(gateway)).await?;
    Ok(table)
}

async fn private_subnet(
    ledger: &Arc<Ledger>,
    vpc: &VpcId,
    zone: &NewZone,
    range: &CidrBlock,
) -> Result<(Subnet, (String, RouteTableId)), Error> {
    let name = format!("private/{}", zone.zone);
    let (subnet, table) = futures::try_join!(
        subnet(ledger, vpc, ("private", zone, range), false),
        route_table(ledger, vpc, &name),
    )?;
    associate(ledger, ("private", &zone.zone), &table, &subnet.id).await?;
    Ok((subnet, (zone.zone.clone(), table)))
}

async fn subnet(
    ledger: &Arc<Ledger>,
    vpc: &VpcId,
    (role, zone, range): (&str, &NewZone, &CidrBlock),
    is_public: bool,
) -> Result<Subnet, Error> {
    let place = format!("{role}/{}", zone.zone);
    let wanted = NewSubnet {
        name: name(ledger, &place),
        vpc: vpc.clone(),
        zone: zone.zone.clone(),
        range: range.clone(),
        owner: ledger.owner.clone(),
    };
    let key = ResourceKey::new(format!("subnet/{place}"));
    let id = ledger.create(key, wanted).await?;
    Ok(Subnet {
        id,
        vpc: vpc.clone(),
        zone: zone.zone.clone(),
        is_public,
    })
}

async fn route_table(
    ledger: &Arc<Ledger>,
    vpc: &VpcId,
    place: &str,
) -> Result<RouteTableId, Error> {
    let wanted = NewRouteTable {
        name: name(ledger, place),
        vpc: vpc.clone(),
        owner: ledger.owner.clone(),
    };
    let key = ResourceKey::new(format!("route-table/{place}"));
    ledger.create(key, wanted).await
}

async fn associate(
    ledger: &Arc<Ledger>,
    (role, zone): (&str, &str),
    table: &RouteTableId,
    subnet: &SubnetId,
) -> Result<(), Error> {
    let wanted = NewRouteTableAssociation {
        table: table.clone(),
        subnet: subnet.clone(),
    };
    let key = ResourceKey::new(format!("route-table-association/{role}/{zone}"));
    ledger.create(key, wanted).await.map(drop)
}

/// Creates the route of a table to everywhere.
async fn route(
    ledger: &Arc<Ledger>,
    place: &str,
    table: &RouteTableId,
    gateway: Gateway,
) -> Result<(), Error> {
    let table = table.clone();
    let key = ResourceKey::new(format!("route/{place}"));
    let wanted = NewRoute { table, gateway };
    ledger.create(key, wanted).await.map(drop)
}

/// Gives instances in private subnets their way out, before there are any: an agent of Systems Manager that reaches
/// nothing when it starts does not try again for half an hour.
pub(super) async fn way_out(
    ledger: &Arc<Ledger>,
    subnets: Subnets,
    instances: &SecurityGroupId,
) -> Result<UsedNetwork, Error> {
    let PlannedNetwork::New { new_network } = &ledger.plan.network else {
        return Ok(subnets.used);
    };
    match new_network.egress {
        None => {}
        Some(Egress::Nat) => nat(ledger, &subnets).await?,
        Some(Egress::Endpoints) => endpoints(ledger, new_network, &subnets, instances).await?,
    }
    Ok(subnets.used)
}

/// Creates a NAT gateway in the first public subnet, for the private subnets of all zones: it costs by the hour.
async fn nat(ledger: &Arc<Ledger>, subnets: &Subnets) -> Result<(), Error> {
    let account = &ledger.account;
    account.progress.step(Step::CreatingNatGateway);
    let Some(first) = &subnets.public else {
        return Ok(());
    };
    let address = NewElasticIp {
        name: name(ledger, "nat"),
        owner: ledger.owner.clone(),
    };
    let address = ledger
        .create(ResourceKey::new("elastic-ip"), address)
        .await?;
    let gateway = NewNatGateway {
        name: name(ledger, "nat"),
        subnet: first.id.clone(),
        address,
        owner: ledger.owner.clone(),
    };
    let gateway: NatGatewayId = ledger
        .create(ResourceKey::new("nat-gateway"), gateway)
        .await?;
    Wait::new(
        format!("NAT gateway {gateway} to be available"),
        Expected::with_deadline_minutes(90, 150, 15),
    )
    .about(ledger.resource(&gateway))
    .until(&account.clock, &account.progress, || {
        nat_gateway::availability(&account.reader, &gateway)
    })
    .await?;
    let routes = subnets
        .private_tables
        .iter()
        .map(|(zone, table)| (format!("private/{zone}"), table));
    let gateway = &gateway;
    let routes = routes.map(|(place, table)| async move {
        route(ledger, &place, table, Gateway::Nat(gateway.clone())).await
    });
    try_join_all(routes).await.map(drop)
}

/// Creates the endpoints of the services that the instances need, and waits until they can be used.
async fn endpoints(
    ledger: &Arc<Ledger>,
    network: &NewNetwork,
    subnets: &Subnets,
    instances: &SecurityGroupId,
) -> Result<(), Error> {
    ledger.account.progress.step(Step::CreatingEndpoints);
    let vpc = &subnets.used.vpc;
    let group = endpoint_group(ledger, vpc, instances).await?;
    let interfaces = INTERFACES.iter().map(|service| {
        let subnets = subnets.used.instance_subnets.iter();
        let access = Access::Interface {
            subnets: subnets.map(|subnet| subnet.id.clone()).collect(),
            security_group: group.clone(),
        };
        endpoint(ledger, (network, vpc), service, access)
    });
    let tables = subnets.private_tables.iter();
    let tables = Access::Gateway {
        route_tables: tables.map(|(_, table)| table.clone()).collect(),
    };
    let (_, ()) = futures::try_join!(
        try_join_all(interfaces),
        endpoint(ledger, (network, vpc), GATEWAY, tables),
    )?;
    Ok(())
}

/// Creates the security group of the endpoints, which admits the instances.
async fn endpoint_group(
    ledger: &Arc<Ledger>,
    vpc: &VpcId,
    instances: &SecurityGroupId,
) -> Result<SecurityGroupId, Error> {
    let description = "The VPC endpoints of a stack";
    let group = super::launch::security_group(ledger, vpc, "endpoints", description).await?;
    let rule = NewSecurityGroupRule {
        group: group.clone(),
        port: HTTPS,
        source: Source::Group(instances.clone()),
        description: "HTTPS from the instances".to_owned(),
        owner: ledger.owner.clone(),
    };
    let key = ResourceKey::new("security-group-rule/endpoints/https");
    ledger.create(key, rule).await?;
    Ok(group)
}

async fn endpoint(
    ledger: &Arc<Ledger>,
    (network, vpc): (&NewNetwork, &VpcId),
    service: &str,
    access: Access,
) -> Result<(), Error> {
    let account = &ledger.account;
    let wanted = NewVpcEndpoint {
        name: name(ledger, service),
        vpc: vpc.clone(),
        service: network.endpoint_service(&ledger.plan.region, service),
        access,
        owner: ledger.owner.clone(),
    };
    let key = ResourceKey::new(format!("vpc-endpoint/{service}"));
    let id: VpcEndpointId = ledger.create(key, wanted).await?;
    Wait::new(
        format!("VPC endpoint {id} to be available"),
        Expected::with_deadline_minutes(5, 120, 15),
    )
    .about(ledger.resource(&id))
    .until(&account.clock, &account.progress, || {
        vpc_endpoint::availability(&account.reader, &id)
    })
    .await?;
    Ok(())
}

/// Returns the name of a part of the network: `llm-prod-public-us-east-1a`.
fn name(ledger: &Ledger, part: &str) -> String {
    let part = part.replace(['/', '.'], "-");
    format!("{}-{part}", ledger.plan.spec.name())
}
