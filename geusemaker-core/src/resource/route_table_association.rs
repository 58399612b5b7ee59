//! The associations of route tables with subnets.

use aws_sdk_ec2::types::{
    RouteTable, RouteTableAssociation, RouteTableAssociationStateCode as StateCode,
};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::filter;
use super::kind::Kind;
use super::route_table::described;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{RouteTableAssociationId, RouteTableId, SubnetId};
use crate::kind::ResourceKind;

/// An association to make.
#[derive(Clone, Debug)]
pub(crate) struct NewRouteTableAssociation {
    pub(crate) table: RouteTableId,
    pub(crate) subnet: SubnetId,
}

impl Create for NewRouteTableAssociation {
    type Id = RouteTableAssociationId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            table: self.table.clone(),
            subnet: self.subnet.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<RouteTableAssociationId, AwsError> {
        let reply = aws
            .ec2
            .associate_route_table()
            .route_table_id(self.table.as_str())
            .subnet_id(self.subnet.as_str())
            .send()
            .await
            .map_err(AwsError::of("ec2:AssociateRouteTable"))?;
        reply
            .association_id
            .map(RouteTableAssociationId::from_aws)
            .ok_or_else(|| AwsError::incomplete("ec2:AssociateRouteTable", "association id"))
    }
}

/// A lookup by the table and the subnet, which has at most one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) table: RouteTableId,
    pub(crate) subnet: SubnetId,
}

impl Kind for Lookup {
    const NAME: &'static str = "route table association";
    const WORKING: &'static [&'static str] = &["associated"];
    // What still runs in the subnet keeps its way out.
    const AFTER: &'static [ResourceKind] = &[ResourceKind::LoadBalancer, ResourceKind::Instance];

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws ec2 disassociate-route-table --association-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { table, subnet } = self;
        let found = described(aws, table.as_str()).await?;
        let mut all = existing(found);
        let ours = all.find(|association| association.subnet_id() == Some(subnet.as_str()));
        Ok(ours.and_then(|association| association.route_table_association_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_route_tables()
            .filters(filter("association.route-table-association-id", id))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeRouteTables"))?;
        let tables = reply.route_tables.unwrap_or_default();
        let mut all = existing(tables);
        let found = all.find(|it| it.route_table_association_id() == Some(id));
        Ok(found.map(|association| {
            let state = association.association_state.and_then(|state| state.state);
            state.map_or_else(
                || "associated".to_owned(),
                |state| state.as_str().to_owned(),
            )
        }))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.ec2
            .disassociate_route_table()
            .association_id(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:DisassociateRouteTable"))?;
        Ok(())
    }
}

/// Returns the associations of a table that exist. One that has ended is shown for a while.
fn existing(
    table: impl IntoIterator<Item = RouteTable>,
) -> impl Iterator<Item = RouteTableAssociation> {
    let all = table
        .into_iter()
        .flat_map(|table| table.associations.unwrap_or_default());
    all.filter(|association| {
        let state = association.association_state().and_then(|it| it.state());
        !matches!(state, Some(StateCode::Disassociated | StateCode::Failed))
    })
}

/// Returns the ids of the associations of a route table with subnets.
pub(crate) async fn of_table(aws: &Reader, table: &str) -> Result<Vec<String>, AwsError> {
    let found = match described(aws, table).await {
        // It was deleted in the meantime.
        Err(error) if error.is_not_found() => None,
        found => found?,
    };
    let with_subnets = existing(found).filter(|association| association.subnet_id().is_some());
    Ok(with_subnets
        .filter_map(|association| association.route_table_association_id)
        .collect())
}
