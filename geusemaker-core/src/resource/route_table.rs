//! Route tables: new ones, and where those of a VPC send the traffic to the internet.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{ResourceType, Route, RouteState, RouteTable};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::{filter, named, of_deployment};
use super::kind::Kind;
use super::tagged::TaggedResource;
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, RouteTableId, SubnetId, VpcId};
use crate::kind::ResourceKind;

/// Every IPv4 address.
pub(super) const ANYWHERE: &str = "0.0.0.0/0";

/// A new route table, which has the local route only.
#[derive(Clone, Debug)]
pub(crate) struct NewRouteTable {
    pub(crate) name: String,
    pub(crate) vpc: VpcId,
    pub(crate) owner: Owner,
}

impl Create for NewRouteTable {
    type Id = RouteTableId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            name: self.name.clone(),
            vpc: self.vpc.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, token: &str) -> Result<RouteTableId, AwsError> {
        let reply = aws
            .ec2
            .create_route_table()
            .client_token(token)
            .vpc_id(self.vpc.as_str())
            .tag_specifications(self.owner.ec2(ResourceType::RouteTable, &self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:CreateRouteTable"))?;
        reply
            .route_table
            .and_then(|table| table.route_table_id)
            .map(RouteTableId::from_aws)
            .ok_or_else(|| AwsError::incomplete("ec2:CreateRouteTable", "route table id"))
    }
}

/// A lookup by the tags: AWS does not show the token of a route table, and each table of a deployment has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    pub(crate) vpc: VpcId,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "route table";
    const AFTER: &'static [ResourceKind] = &[
        ResourceKind::VpcEndpoint,
        ResourceKind::Route,
        ResourceKind::RouteTableAssociation,
    ];
    const BLOCKED_BY: &'static [ResourceKind] = &[ResourceKind::RouteTableAssociation];

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws ec2 delete-route-table --route-table-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_route_tables()
            .filters(filter("vpc-id", self.vpc.as_str()))
            .filters(of_deployment(&self.deployment))
            .filters(named(&self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeRouteTables"))?;
        let found = reply.route_tables.and_then(|all| all.into_iter().next());
        Ok(found.and_then(|table| table.route_table_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let found = described(aws, id).await?;
        Ok(found.map(|_| "available".to_owned()))
    }

    /// Deletes the table. Its routes go with it.
    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.ec2
            .delete_route_table()
            .route_table_id(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:DeleteRouteTable"))?;
        Ok(())
    }

    /// Returns the route tables that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = aws
            .ec2
            .describe_route_tables()
            .filters(filter("tag-key", DEPLOYMENT))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("ec2:DescribeRouteTables"))?;
        let found = all.iter().filter_map(|table| {
            TaggedResource::of_ec2(
                ResourceKind::RouteTable,
                table.route_table_id(),
                table.tags(),
            )
        });
        Ok(found.collect())
    }
}

/// Returns AWS's description of a route table.
pub(super) async fn described(aws: &Reader, id: &str) -> Result<Option<RouteTable>, AwsError> {
    let reply = aws
        .ec2
        .describe_route_tables()
        .route_table_ids(id)
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeRouteTables"))?;
    Ok(reply.route_tables.and_then(|all| all.into_iter().next()))
}

/// The target of a subnet's route to the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InternetRoute {
    /// An internet gateway: instances with a public address reach the internet, and can be reached.
    InternetGateway,
    /// A NAT gateway, a transit gateway or the like: instances reach the internet without a public address.
    Other,
    /// No route, or one whose target is gone.
    None,
}

/// The routes to the internet of the subnets of a VPC.
#[derive(Clone, Debug)]
pub(crate) struct InternetRoutes {
    /// The routes of the subnets that are associated with a route table.
    associated: BTreeMap<String, InternetRoute>,
    /// The route of all other subnets: that of the VPC's main route table.
    main: InternetRoute,
}

impl InternetRoutes {
    pub(crate) fn of(&self, subnet: &SubnetId) -> InternetRoute {
        let associated = self.associated.get(subnet.as_str());
        associated.copied().unwrap_or(self.main)
    }
}

/// Returns the routes to the internet of the subnets of a VPC.
pub(crate) async fn internet_routes(aws: &Reader, vpc: &VpcId) -> Result<InternetRoutes, AwsError> {
    let tables = aws
        .ec2
        .describe_route_tables()
        .filters(filter("vpc-id", vpc.as_str()))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeRouteTables"))?;
    let mut routes = InternetRoutes {
        associated: BTreeMap::new(),
        main: InternetRoute::None,
    };
    for table in tables {
        let route = internet_route(table.routes());
        for association in table.associations() {
            if association.main() == Some(true) {
                routes.main = route;
            } else if let Some(subnet) = association.subnet_id() {
                routes.associated.insert(subnet.to_owned(), route);
            }
        }
    }
    Ok(routes)
}

fn internet_route(routes: &[Route]) -> InternetRoute {
    let default = routes.iter().find(|route| {
        route.destination_cidr_block() == Some(ANYWHERE)
            && route.state() != Some(&RouteState::Blackhole)
    });
    match default.map(|route| route.gateway_id()) {
        None => InternetRoute::None,
        Some(Some(gateway)) if gateway.starts_with("igw-") => InternetRoute::InternetGateway,
        Some(_) => InternetRoute::Other,
    }
}
