//! Route tables. Their routes and their associations are in separate files.

pub(super) mod association;
pub(super) mod route;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cidr::Cidr;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RouteTable {
    pub(super) id: String,
    pub(super) vpc: String,
    /// The id of the association that makes this table the main table of its VPC, if it is.
    pub(super) main_association: Option<String>,
    /// The subnets that use the table, by the id of the association.
    pub(super) associations: BTreeMap<String, String>,
    /// The routes in addition to the local one.
    pub(super) routes: Vec<Route>,
    client_token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Route {
    pub(super) destination: Destination,
    pub(super) target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Destination {
    Ipv4(Cidr),
    Ipv6(String),
    PrefixList(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Target {
    /// An internet gateway.
    Gateway(String),
    /// A network interface, with or without an instance.
    Interface(String),
    NatGateway(String),
    /// A gateway endpoint, of which AWS sets the routes.
    Endpoint(String),
}

impl Destination {
    /// Returns `0.0.0.0/0`.
    pub(super) fn anywhere() -> Self {
        Self::Ipv4(Cidr::holding(Ipv4Addr::UNSPECIFIED, 0))
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Ipv4(cidr) => cidr.to_string(),
            Self::Ipv6(text) | Self::PrefixList(text) => text.clone(),
        }
    }

    /// Returns the name of the parameter, such as `destination-cidr-block`.
    pub(super) fn filter_name(&self) -> &'static str {
        match self {
            Self::Ipv4(_) => "destination-cidr-block",
            Self::Ipv6(_) => "destination-ipv6-cidr-block",
            Self::PrefixList(_) => "destination-prefix-list-id",
        }
    }

    fn member_name(&self) -> &'static str {
        match self {
            Self::Ipv4(_) => "destinationCidrBlock",
            Self::Ipv6(_) => "destinationIpv6CidrBlock",
            Self::PrefixList(_) => "destinationPrefixListId",
        }
    }
}

impl Described for RouteTable {
    const IDS: Option<&'static str> = Some("RouteTableId");
    const PAGE_SIZES: std::ops::RangeInclusive<usize> = 5..=100;
    const FIELDS: &'static [Field<Self>] = &[
        ("association.gateway-id", |_, _, _| Vec::new()),
        ("association.route-table-association-id", |_, _, table| {
            let subnets = table.associations.keys();
            subnets.chain(&table.main_association).cloned().collect()
        }),
        ("association.route-table-id", |_, _, table| {
            let is_used = table.is_main() || !table.associations.is_empty();
            is_used.then(|| table.id.clone()).into_iter().collect()
        }),
        ("association.subnet-id", |_, _, table| {
            table.associations.values().cloned().collect()
        }),
        ("association.main", |_, _, table| {
            let main = table.main_association.iter().map(|_| "true".to_owned());
            let subnets = table.associations.keys().map(|_| "false".to_owned());
            main.chain(subnets).collect()
        }),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
        ("route-table-id", |_, _, table| vec![table.id.clone()]),
        ("route.destination-cidr-block", |ec2, _, table| {
            let local = ec2.vpc(&table.vpc).map(|vpc| vpc.cidr.to_string());
            table
                .destinations(|to| matches!(to, Destination::Ipv4(_)))
                .chain(local)
                .collect()
        }),
        ("route.destination-ipv6-cidr-block", |_, _, table| {
            table
                .destinations(|to| matches!(to, Destination::Ipv6(_)))
                .collect()
        }),
        ("route.destination-prefix-list-id", |_, _, table| {
            table
                .destinations(|to| matches!(to, Destination::PrefixList(_)))
                .collect()
        }),
        ("route.gateway-id", |_, _, table| {
            let gateways = table.routes.iter().filter_map(|route| match &route.target {
                Target::Gateway(id) | Target::Endpoint(id) => Some(id.clone()),
                Target::Interface(_) | Target::NatGateway(_) => None,
            });
            gateways.chain(["local".to_owned()]).collect()
        }),
        ("route.instance-id", |ec2, _, table| {
            let routes = table.routes.iter();
            routes
                .filter_map(|route| match &route.target {
                    Target::Gateway(_) | Target::NatGateway(_) | Target::Endpoint(_) => None,
                    Target::Interface(id) => ec2.interfaces.get(id)?.instance.clone(),
                })
                .collect()
        }),
        ("route.nat-gateway-id", |_, _, table| {
            let routes = table.routes.iter();
            routes
                .filter_map(|route| match &route.target {
                    Target::NatGateway(id) => Some(id.clone()),
                    Target::Gateway(_) | Target::Interface(_) | Target::Endpoint(_) => None,
                })
                .collect()
        }),
        ("route.transit-gateway-id", |_, _, _| Vec::new()),
        ("route.vpc-peering-connection-id", |_, _, _| Vec::new()),
        ("route.egress-only-internet-gateway-id", |_, _, _| {
            Vec::new()
        }),
        ("route.origin", |_, _, table| {
            let routes = table.routes.iter().map(|_| "CreateRoute".to_owned());
            routes.chain(["CreateRouteTable".to_owned()]).collect()
        }),
        ("route.state", |ec2, now, table| {
            let routes = table.routes.iter();
            routes
                .map(|route| table.state(ec2, now, route).to_owned())
                .chain(["active".to_owned()])
                .collect()
        }),
        ("vpc-id", |_, _, table| vec![table.vpc.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::RouteTable.unknown(id)
    }
}

impl RouteTable {
    /// Creates the table that comes with a VPC.
    pub(super) fn main_of(vpc: &str, id: String) -> Self {
        Self {
            vpc: vpc.to_owned(),
            main_association: Some(id.replace("rtb-", "rtbassoc-")),
            associations: BTreeMap::new(),
            routes: Vec::new(),
            client_token: None,
            id,
        }
    }

    pub(super) fn is_main(&self) -> bool {
        self.main_association.is_some()
    }

    fn destinations(&self, of_kind: fn(&Destination) -> bool) -> impl Iterator<Item = String> + '_ {
        let destinations = self.routes.iter().map(|route| &route.destination);
        destinations
            .filter(move |destination| of_kind(destination))
            .map(Destination::text)
    }

    /// Returns the state of a route. A route whose target is gone is a black hole.
    fn state(&self, ec2: &Ec2, now: Timestamp, route: &Route) -> &'static str {
        let leads_somewhere = match &route.target {
            Target::Gateway(id) => ec2
                .internet_gateways
                .get(id)
                .is_some_and(|gateway| gateway.vpc.as_ref() == Some(&self.vpc)),
            Target::Interface(id) => ec2
                .interfaces
                .get(id)
                .is_some_and(|interface| interface.is_attached(now)),
            Target::NatGateway(id) => ec2.live_nat_gateway(id, now).is_some(),
            Target::Endpoint(id) => ec2.vpc_endpoints.contains_key(id),
        };
        if leads_somewhere {
            "active"
        } else {
            "blackhole"
        }
    }

    fn element(&self, ec2: &Ec2, now: Timestamp) -> Element {
        let local = ec2.vpc(&self.vpc).map(|vpc| {
            Element::new("item")
                .with("destinationCidrBlock", vpc.cidr)
                .with("gatewayId", "local")
                .with("state", "active")
                .with("origin", "CreateRouteTable")
        });
        let routes = self.routes.iter().map(|route| {
            let destination = &route.destination;
            let element = Element::new("item").with(destination.member_name(), destination.text());
            let element = match &route.target {
                Target::Gateway(id) | Target::Endpoint(id) => element.with("gatewayId", id),
                Target::NatGateway(id) => element.with("natGatewayId", id),
                Target::Interface(id) => {
                    let instance = ec2
                        .interfaces
                        .get(id)
                        .and_then(|interface| interface.instance.as_ref());
                    element
                        .with_some("instanceId", instance)
                        .with_some("instanceOwnerId", instance.map(|_| &ec2.account_id))
                        .with("networkInterfaceId", id)
                }
            };
            element
                .with("state", self.state(ec2, now, route))
                .with("origin", "CreateRoute")
        });
        let association = |id: &str| {
            Element::new("item")
                .with("routeTableAssociationId", id)
                .with("routeTableId", &self.id)
        };
        let associated = || Element::new("associationState").with("state", "associated");
        let main = self
            .main_association
            .iter()
            .map(|id| association(id).with("main", true).child(associated()));
        let subnets = self.associations.iter().map(|(id, subnet)| {
            association(id)
                .with("subnetId", subnet)
                .with("main", false)
                .child(associated())
        });
        Element::new("item")
            .with("routeTableId", &self.id)
            .with("vpcId", &self.vpc)
            .with("ownerId", &ec2.account_id)
            .child(Element::list(
                "routeSet",
                "item",
                local.into_iter().chain(routes),
            ))
            .child(Element::list("associationSet", "item", main.chain(subnets)))
            .child(Element::new("propagatingVgwSet"))
            .child(ec2.tags.element(&self.id))
    }
}

impl Ec2 {
    /// Returns the table of the subnets that are not associated with another.
    pub(super) fn main_route_table(&self, vpc: &str) -> Option<&RouteTable> {
        self.route_tables
            .values()
            .find(|table| table.vpc == vpc && table.is_main())
    }

    pub(super) fn known_route_table(&self, id: &str) -> Result<&RouteTable, ServiceError> {
        self.route_tables
            .get(id)
            .ok_or_else(|| ResourceKind::RouteTable.unknown(id))
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeRouteTables")?;
    let page = selection.choose(ec2, context.now, ec2.route_tables.values())?;
    Ok(page.reply("routeTableSet", |table: &RouteTable| {
        table.element(ec2, context.now)
    }))
}

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let vpc = params.required("VpcId")?;
    let client_token = params.optional("ClientToken");
    let tags = TagSpecifications::read(params, &[ResourceKind::RouteTable])?;
    params.refuse_unread("CreateRouteTable")?;
    ec2.known_vpc(&vpc)?;
    let mut tables = ec2.route_tables.values();
    let earlier = tables.find(|table| client_token.is_some() && table.client_token == client_token);
    let table = match earlier {
        Some(table) if table.vpc == vpc => table.clone(),
        Some(_) => {
            let message = "The client token has been used before, with other parameters.";
            return Err(ServiceError::new(
                Code::IdempotentParameterMismatch,
                message,
            ));
        }
        None => {
            let table = RouteTable {
                id: ResourceKind::RouteTable.new_id(context.rng),
                vpc,
                main_association: None,
                associations: BTreeMap::new(),
                routes: Vec::new(),
                client_token: client_token.clone(),
            };
            ec2.tags
                .attach(&table.id, tags.of(ResourceKind::RouteTable));
            ec2.route_tables.insert(table.id.clone(), table.clone());
            table
        }
    };
    Ok(Reply::xml(
        Element::new("reply")
            .child(table.element(ec2, context.now).renamed("routeTable"))
            .with_some("clientToken", client_token),
    ))
}

pub(crate) fn delete(ec2: &mut Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let id = params.required("RouteTableId")?;
    params.refuse_unread("DeleteRouteTable")?;
    let table = ec2.known_route_table(&id)?;
    if table.is_main() || !table.associations.is_empty() {
        let message = format!("The routeTable '{id}' has dependencies and cannot be deleted.");
        return Err(ServiceError::new(Code::DependencyViolation, message));
    }
    ec2.route_tables.remove(&id);
    ec2.tags.remove(&id);
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}
