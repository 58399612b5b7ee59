//! Elastic IP addresses: the public address of a NAT gateway.

use aws_sdk_ec2::types::{Address, DomainType, ResourceType};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::{filter, named, of_deployment};
use super::kind::Kind;
use super::tagged::TaggedResource;
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{AllocationId, DeploymentId};
use crate::kind::ResourceKind;

/// A new address, which nothing uses yet.
#[derive(Clone, Debug)]
pub(crate) struct NewElasticIp {
    pub(crate) name: String,
    pub(crate) owner: Owner,
}

impl Create for NewElasticIp {
    type Id = AllocationId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            name: self.name.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<AllocationId, AwsError> {
        let reply = aws
            .ec2
            .allocate_address()
            .domain(DomainType::Vpc)
            .tag_specifications(self.owner.ec2(ResourceType::ElasticIp, &self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:AllocateAddress"))?;
        reply
            .allocation_id
            .map(AllocationId::from_aws)
            .ok_or_else(|| AwsError::incomplete("ec2:AllocateAddress", "allocation id"))
    }
}

/// A lookup by the tags: AWS takes no token for an address, and a deployment has at most one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "Elastic IP address";
    const WORKING: &'static [&'static str] = &["associated"];
    const AFTER: &'static [ResourceKind] = &[ResourceKind::NatGateway];
    const BLOCKED_BY: &'static [ResourceKind] = &[ResourceKind::NatGateway];

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws ec2 release-address --allocation-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_addresses()
            .filters(of_deployment(&self.deployment))
            .filters(named(&self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeAddresses"))?;
        let found = reply.addresses.and_then(|all| all.into_iter().next());
        Ok(found.and_then(|address| address.allocation_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_addresses()
            .allocation_ids(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeAddresses"))?;
        let state = |address: &Address| match address.association_id() {
            Some(_) => "associated",
            None => "allocated",
        };
        Ok(reply.addresses().first().map(|it| state(it).to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.ec2
            .release_address()
            .allocation_id(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:ReleaseAddress"))?;
        Ok(())
    }

    /// Returns the addresses that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let reply = aws
            .ec2
            .describe_addresses()
            .filters(filter("tag-key", DEPLOYMENT))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeAddresses"))?;
        let found = reply.addresses().iter().filter_map(|address| {
            TaggedResource::of_ec2(
                ResourceKind::ElasticIp,
                address.allocation_id(),
                address.tags(),
            )
        });
        Ok(found.collect())
    }
}
