//! Internet gateways.

use aws_sdk_ec2::types::{InternetGateway, ResourceType};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::{filter, named, of_deployment};
use super::kind::Kind;
use super::tagged::TaggedResource;
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, InternetGatewayId, VpcId};
use crate::kind::ResourceKind;

/// A new internet gateway, which is attached to no VPC yet.
#[derive(Clone, Debug)]
pub(crate) struct NewInternetGateway {
    pub(crate) name: String,
    pub(crate) owner: Owner,
}

impl Create for NewInternetGateway {
    type Id = InternetGatewayId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            name: self.name.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<InternetGatewayId, AwsError> {
        let reply = aws
            .ec2
            .create_internet_gateway()
            .tag_specifications(self.owner.ec2(ResourceType::InternetGateway, &self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:CreateInternetGateway"))?;
        reply
            .internet_gateway
            .and_then(|gateway| gateway.internet_gateway_id)
            .map(InternetGatewayId::from_aws)
            .ok_or_else(|| AwsError::incomplete("ec2:CreateInternetGateway", "internet gateway id"))
    }
}

/// A lookup by the tags: AWS takes no token for an internet gateway, and a deployment has at most one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "internet gateway";
    const AFTER: &'static [ResourceKind] = &[ResourceKind::InternetGatewayAttachment];
    const BLOCKED_BY: &'static [ResourceKind] = &[ResourceKind::InternetGatewayAttachment];

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws ec2 delete-internet-gateway --internet-gateway-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_internet_gateways()
            .filters(of_deployment(&self.deployment))
            .filters(named(&self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeInternetGateways"))?;
        let found = reply
            .internet_gateways
            .and_then(|all| all.into_iter().next());
        Ok(found.and_then(|gateway| gateway.internet_gateway_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let found = described(aws, id).await?;
        Ok(found.map(|_| "available".to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.ec2
            .delete_internet_gateway()
            .internet_gateway_id(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:DeleteInternetGateway"))?;
        Ok(())
    }

    /// Returns the internet gateways that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = aws
            .ec2
            .describe_internet_gateways()
            .filters(filter("tag-key", DEPLOYMENT))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("ec2:DescribeInternetGateways"))?;
        let found = all.iter().filter_map(|gateway| {
            TaggedResource::of_ec2(
                ResourceKind::InternetGateway,
                gateway.internet_gateway_id(),
                gateway.tags(),
            )
        });
        Ok(found.collect())
    }
}

/// Returns true if an internet gateway is attached to the VPC.
pub(crate) async fn is_attached_to(aws: &Reader, vpc: &VpcId) -> Result<bool, AwsError> {
    let reply = aws
        .ec2
        .describe_internet_gateways()
        .filters(filter("attachment.vpc-id", vpc.as_str()))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeInternetGateways"))?;
    Ok(!reply.internet_gateways().is_empty())
}

/// Returns AWS's description of an internet gateway.
pub(super) async fn described(aws: &Reader, id: &str) -> Result<Option<InternetGateway>, AwsError> {
    let reply = aws
        .ec2
        .describe_internet_gateways()
        .internet_gateway_ids(id)
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeInternetGateways"))?;
    Ok(reply
        .internet_gateways
        .and_then(|all| all.into_iter().next()))
}
