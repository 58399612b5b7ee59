//! Subnets: new ones, or those of the VPC that a deployment uses.

use aws_sdk_ec2::types::{ResourceType, Subnet as SdkSubnet};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::{filter, of_deployment};
use super::kind::Kind;
use super::tagged::TaggedResource;
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, SubnetId, VpcId};
use crate::kind::ResourceKind;
use crate::spec::CidrBlock;
use crate::wait::Expected;

/// A subnet, its VPC and its zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subnet {
    /// The subnet id: `subnet-0123…`.
    pub id: SubnetId,
    /// The VPC that the subnet belongs to.
    pub vpc: VpcId,
    /// The Availability Zone: `us-east-1a`.
    pub zone: String,
    /// True if the subnet has a route to an internet gateway, so that its instances need public addresses.
    #[serde(default)]
    pub is_public: bool,
}

/// A subnet as AWS describes it.
#[derive(Clone, Debug)]
pub(crate) struct DescribedSubnet {
    pub(crate) id: SubnetId,
    pub(crate) vpc: VpcId,
    pub(crate) zone: String,
    /// The range of the addresses, such as `172.31.0.0/20`.
    pub(crate) range: String,
    /// The number of addresses that nothing uses.
    pub(crate) free_addresses: u32,
}

/// A new subnet of a VPC that the deployment created.
#[derive(Clone, Debug)]
pub(crate) struct NewSubnet {
    pub(crate) name: String,
    pub(crate) vpc: VpcId,
    pub(crate) zone: String,
    pub(crate) range: CidrBlock,
    pub(crate) owner: Owner,
}

impl Create for NewSubnet {
    type Id = SubnetId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            vpc: self.vpc.clone(),
            range: self.range.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<SubnetId, AwsError> {
        let reply = aws
            .ec2
            .create_subnet()
            .vpc_id(self.vpc.as_str())
            .availability_zone(&self.zone)
            .cidr_block(self.range.as_str())
            .tag_specifications(self.owner.ec2(ResourceType::Subnet, &self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:CreateSubnet"))?;
        reply
            .subnet
            .and_then(|subnet| subnet.subnet_id)
            .map(SubnetId::from_aws)
            .ok_or_else(|| AwsError::incomplete("ec2:CreateSubnet", "subnet id"))
    }
}

/// A lookup by the range, which only one subnet of a VPC can have, if the tag names this deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) vpc: VpcId,
    pub(crate) range: CidrBlock,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "subnet";
    const AFTER: &'static [ResourceKind] = &[
        ResourceKind::LoadBalancer,
        ResourceKind::MountTarget,
        ResourceKind::Instance,
        ResourceKind::VpcEndpoint,
        ResourceKind::NatGateway,
        ResourceKind::RouteTableAssociation,
    ];
    const BLOCKED_BY: &'static [ResourceKind] = &[
        ResourceKind::LoadBalancer,
        ResourceKind::MountTarget,
        ResourceKind::Instance,
        ResourceKind::VpcEndpoint,
        ResourceKind::NatGateway,
    ];
    // The network interfaces of a deleted load balancer stay in its subnets for minutes.
    const DELETION: Expected = Expected::with_deadline_minutes(1, 110, 15);

    fn holders(id: &str) -> Option<(&'static str, &str)> {
        Some(("subnet-id", id))
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws ec2 delete-subnet --subnet-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_subnets()
            .filters(filter("vpc-id", self.vpc.as_str()))
            .filters(filter("cidr-block", self.range.as_str()))
            .filters(of_deployment(&self.deployment))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeSubnets"))?;
        let found = reply.subnets.and_then(|all| all.into_iter().next());
        Ok(found.and_then(|subnet| subnet.subnet_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let found = described(aws, id).await?;
        let state = found.and_then(|subnet| subnet.state);
        Ok(state.map(|state| state.as_str().to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.ec2
            .delete_subnet()
            .subnet_id(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:DeleteSubnet"))?;
        Ok(())
    }

    /// Returns the subnets that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = aws
            .ec2
            .describe_subnets()
            .filters(filter("tag-key", DEPLOYMENT))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("ec2:DescribeSubnets"))?;
        let found = all.iter().filter_map(|subnet| {
            TaggedResource::of_ec2(ResourceKind::Subnet, subnet.subnet_id(), subnet.tags())
        });
        Ok(found.collect())
    }
}

/// Returns the subnets of a VPC; with `default_only`, the subnets that AWS created with the default VPC.
pub(crate) async fn of_vpc(
    aws: &Reader,
    vpc: &VpcId,
    default_only: bool,
) -> Result<Vec<DescribedSubnet>, AwsError> {
    let mut request = aws
        .ec2
        .describe_subnets()
        .filters(filter("vpc-id", vpc.as_str()));
    if default_only {
        request = request.filters(filter("default-for-az", "true"));
    }
    let all = request
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeSubnets"))?;
    let mut subnets: Vec<_> = all.into_iter().filter_map(DescribedSubnet::read).collect();
    subnets.sort_by(|a, b| (&a.zone, &a.id).cmp(&(&b.zone, &b.id)));
    Ok(subnets)
}

/// Returns the subnet with this id, if it exists.
pub(crate) async fn named(
    aws: &Reader,
    id: &SubnetId,
) -> Result<Option<DescribedSubnet>, AwsError> {
    match described(aws, id.as_str()).await {
        Ok(found) => Ok(found.and_then(DescribedSubnet::read)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn described(aws: &Reader, id: &str) -> Result<Option<SdkSubnet>, AwsError> {
    let reply = aws
        .ec2
        .describe_subnets()
        .subnet_ids(id)
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeSubnets"))?;
    Ok(reply.subnets.and_then(|all| all.into_iter().next()))
}

impl DescribedSubnet {
    fn read(subnet: SdkSubnet) -> Option<Self> {
        let free = subnet.available_ip_address_count.unwrap_or_default();
        Some(Self {
            id: SubnetId::from_aws(subnet.subnet_id?),
            vpc: VpcId::from_aws(subnet.vpc_id?),
            zone: subnet.availability_zone?,
            range: subnet.cidr_block.unwrap_or_default(),
            free_addresses: free.try_into().unwrap_or_default(),
        })
    }

    /// Returns the subnet for a plan.
    pub(crate) fn planned(&self, is_public: bool) -> Subnet {
        Subnet {
            id: self.id.clone(),
            vpc: self.vpc.clone(),
            zone: self.zone.clone(),
            is_public,
        }
    }
}
