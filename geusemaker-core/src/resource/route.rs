//! Routes to everywhere: the way out of a subnet.

use aws_sdk_ec2::types::Route;
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use super::pair_id::PairId;
use super::route_table::{ANYWHERE, described};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{InternetGatewayId, NatGatewayId, RouteTableId};
use crate::kind::ResourceKind;

/// The gateway that a route leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Gateway {
    /// An internet gateway, for instances with public addresses.
    Internet(InternetGatewayId),
    /// A NAT gateway, for instances without them.
    Nat(NatGatewayId),
}

/// A new route to everywhere.
#[derive(Clone, Debug)]
pub(crate) struct NewRoute {
    pub(crate) table: RouteTableId,
    pub(crate) gateway: Gateway,
}

impl Create for NewRoute {
    type Id = PairId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            table: self.table.clone(),
            gateway: self.gateway.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<PairId, AwsError> {
        let request = aws
            .ec2
            .create_route()
            .route_table_id(self.table.as_str())
            .destination_cidr_block(ANYWHERE);
        let request = match &self.gateway {
            Gateway::Internet(id) => request.gateway_id(id.as_str()),
            Gateway::Nat(id) => request.nat_gateway_id(id.as_str()),
        };
        request
            .send()
            .await
            .map_err(AwsError::of("ec2:CreateRoute"))?;
        Ok(PairId::new(&self.table, &ANYWHERE))
    }
}

/// A lookup by the table and the gateway: a table has at most one route to everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) table: RouteTableId,
    pub(crate) gateway: Gateway,
}

impl Kind for Lookup {
    const NAME: &'static str = "route";
    // What still runs in the subnets keeps its way out.
    const AFTER: &'static [ResourceKind] = &[ResourceKind::LoadBalancer, ResourceKind::Instance];

    fn removal_command(id: &str, region: &str) -> String {
        let (table, destination) = PairId::parts(id);
        format!(
            "aws ec2 delete-route --route-table-id {table} --destination-cidr-block {destination} --region {region}"
        )
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { table, gateway } = self;
        let found = to(aws, table.as_str(), ANYWHERE).await?;
        let is_ours = found.is_some_and(|route| match gateway {
            Gateway::Internet(id) => route.gateway_id() == Some(id.as_str()),
            Gateway::Nat(id) => route.nat_gateway_id() == Some(id.as_str()),
        });
        Ok(is_ours.then(|| PairId::new(table, &ANYWHERE).into()))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let (table, destination) = PairId::parts(id);
        let found = to(aws, table, destination).await?;
        let state = found.and_then(|route| route.state);
        Ok(state.map(|state| state.as_str().to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        let (table, destination) = PairId::parts(id);
        aws.ec2
            .delete_route()
            .route_table_id(table)
            .destination_cidr_block(destination)
            .send()
            .await
            .map_err(AwsError::of("ec2:DeleteRoute"))?;
        Ok(())
    }
}

/// Returns the route of a table to a destination, if there is one.
async fn to(aws: &Reader, table: &str, destination: &str) -> Result<Option<Route>, AwsError> {
    let found = described(aws, table).await?;
    let routes = found.and_then(|table| table.routes);
    let mut routes = routes.unwrap_or_default().into_iter();
    Ok(routes.find(|route| route.destination_cidr_block() == Some(destination)))
}
