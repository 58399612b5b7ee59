//! Route tables: where the traffic of a subnet to the internet goes.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Route, RouteState};

use super::filter::filter;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::{SubnetId, VpcId};

const ANYWHERE: &str = "0.0.0.0/0";

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
