//! VPCs: a new one, the one that the spec names, or the account's default.

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, VpcAttributeName};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::{filter, named, of_deployment};
use super::kind::Kind;
use super::setting::Setting;
use super::tagged::TaggedResource;
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, VpcId};
use crate::kind::ResourceKind;
use crate::spec::VpcRange;
use crate::wait::Expected;

/// A new VPC. AWS creates its default security group, main route table and network ACL with it.
#[derive(Clone, Debug)]
pub(crate) struct NewVpc {
    pub(crate) name: String,
    pub(crate) range: VpcRange,
    pub(crate) owner: Owner,
}

impl Create for NewVpc {
    type Id = VpcId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            name: self.name.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<VpcId, AwsError> {
        let reply = aws
            .ec2
            .create_vpc()
            .cidr_block(self.range.as_str())
            .tag_specifications(self.owner.ec2(ResourceType::Vpc, &self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:CreateVpc"))?;
        reply
            .vpc
            .and_then(|vpc| vpc.vpc_id)
            .map(VpcId::from_aws)
            .ok_or_else(|| AwsError::incomplete("ec2:CreateVpc", "VPC id"))
    }
}

/// A lookup by the tags: AWS takes no token for a VPC, and a deployment has at most one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "VPC";
    const AFTER: &'static [ResourceKind] = &[
        ResourceKind::VpcEndpoint,
        ResourceKind::SecurityGroup,
        ResourceKind::Subnet,
        ResourceKind::RouteTable,
        ResourceKind::InternetGatewayAttachment,
    ];
    const BLOCKED_BY: &'static [ResourceKind] = &[
        ResourceKind::VpcEndpoint,
        ResourceKind::SecurityGroup,
        ResourceKind::Subnet,
        ResourceKind::RouteTable,
        ResourceKind::InternetGatewayAttachment,
    ];
    const DELETION: Expected = Expected::with_deadline_minutes(0, 15, 10);

    fn holders(id: &str) -> Option<(&'static str, &str)> {
        Some(("vpc-id", id))
    }

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws ec2 delete-vpc --vpc-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_vpcs()
            .filters(of_deployment(&self.deployment))
            .filters(named(&self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeVpcs"))?;
        let found = reply.vpcs.and_then(|all| all.into_iter().next());
        Ok(found.and_then(|vpc| vpc.vpc_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_vpcs()
            .vpc_ids(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeVpcs"))?;
        let found = reply.vpcs().first().and_then(|vpc| vpc.state());
        Ok(found.map(|state| state.as_str().to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.ec2
            .delete_vpc()
            .vpc_id(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:DeleteVpc"))?;
        Ok(())
    }

    /// Returns the VPCs that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = aws
            .ec2
            .describe_vpcs()
            .filters(filter("tag-key", DEPLOYMENT))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("ec2:DescribeVpcs"))?;
        let found = all
            .iter()
            .filter_map(|vpc| TaggedResource::of_ec2(ResourceKind::Vpc, vpc.vpc_id(), vpc.tags()));
        Ok(found.collect())
    }
}

/// The setting with which AWS gives names to the instances of a VPC, by which they find file systems and endpoints.
#[derive(Clone, Debug)]
pub(crate) struct DnsHostnames {
    pub(crate) vpc: VpcId,
}

impl Setting for DnsHostnames {
    const KIND: ResourceKind = ResourceKind::Vpc;
    const DOING: &'static str = "enabling the DNS host names of the VPC";

    async fn apply(&self, aws: &Writer, _: &Reader) -> Result<(), AwsError> {
        aws.ec2
            .modify_vpc_attribute()
            .vpc_id(self.vpc.as_str())
            .enable_dns_hostnames(AttributeBooleanValue::builder().value(true).build())
            .send()
            .await
            .map_err(AwsError::of("ec2:ModifyVpcAttribute"))?;
        Ok(())
    }

    async fn is_applied(&self, aws: &Reader) -> Result<bool, AwsError> {
        has_dns(aws, &self.vpc, DnsAttribute::HostNames).await
    }
}

/// Returns the region's default VPC, if it has not been deleted.
pub(crate) async fn default(aws: &Reader) -> Result<Option<VpcId>, AwsError> {
    let reply = aws
        .ec2
        .describe_vpcs()
        .filters(filter("is-default", "true"))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeVpcs"))?;
    let found = reply.vpcs.and_then(|all| all.into_iter().next());
    Ok(found.and_then(|vpc| vpc.vpc_id).map(VpcId::from_aws))
}

/// Returns true if the VPC exists.
pub(crate) async fn exists(aws: &Reader, id: &VpcId) -> Result<bool, AwsError> {
    match Lookup::observe(aws, id.as_str()).await {
        Ok(state) => Ok(state.is_some()),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

/// A VPC attribute without which the name of a file system has no address in the VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DnsAttribute {
    /// `enableDnsSupport`: AWS's name server answers in the VPC.
    Support,
    /// `enableDnsHostnames`: AWS's services have names in the VPC. A VPC made with `create-vpc` lacks it.
    HostNames,
}

impl DnsAttribute {
    pub(crate) const ALL: [Self; 2] = [Self::Support, Self::HostNames];

    /// Returns AWS's name of the attribute: `enableDnsHostnames`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Support => "enableDnsSupport",
            Self::HostNames => "enableDnsHostnames",
        }
    }

    /// Returns the option of the AWS CLI that sets the attribute: `--enable-dns-hostnames`.
    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Support => "--enable-dns-support",
            Self::HostNames => "--enable-dns-hostnames",
        }
    }
}

/// Returns true if the VPC has the attribute set.
pub(crate) async fn has_dns(
    aws: &Reader,
    vpc: &VpcId,
    attribute: DnsAttribute,
) -> Result<bool, AwsError> {
    let name = match attribute {
        DnsAttribute::Support => VpcAttributeName::EnableDnsSupport,
        DnsAttribute::HostNames => VpcAttributeName::EnableDnsHostnames,
    };
    let reply = aws
        .ec2
        .describe_vpc_attribute()
        .vpc_id(vpc.as_str())
        .attribute(name)
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeVpcAttribute"))?;
    let value = match attribute {
        DnsAttribute::Support => reply.enable_dns_support,
        DnsAttribute::HostNames => reply.enable_dns_hostnames,
    };
    Ok(value.and_then(|value| value.value) == Some(true))
}
