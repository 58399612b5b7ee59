//! NAT gateways, through which instances without public addresses reach the internet.

use aws_sdk_ec2::types::{NatGateway, NatGatewayState as State, ResourceType};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::{filter, named, of_deployment};
use super::kind::Kind;
use super::tagged::TaggedResource;
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{AllocationId, DeploymentId, NatGatewayId, SubnetId};
use crate::kind::ResourceKind;
use crate::wait::{Expected, PollState};

/// A new public NAT gateway.
#[derive(Clone, Debug)]
pub(crate) struct NewNatGateway {
    pub(crate) name: String,
    /// The public subnet that the gateway is in.
    pub(crate) subnet: SubnetId,
    pub(crate) address: AllocationId,
    pub(crate) owner: Owner,
}

impl Create for NewNatGateway {
    type Id = NatGatewayId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            name: self.name.clone(),
            subnet: self.subnet.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, token: &str) -> Result<NatGatewayId, AwsError> {
        let reply = aws
            .ec2
            .create_nat_gateway()
            .client_token(token)
            .subnet_id(self.subnet.as_str())
            .allocation_id(self.address.as_str())
            .tag_specifications(self.owner.ec2(ResourceType::Natgateway, &self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:CreateNatGateway"))?;
        reply
            .nat_gateway
            .and_then(|gateway| gateway.nat_gateway_id)
            .map(NatGatewayId::from_aws)
            .ok_or_else(|| AwsError::incomplete("ec2:CreateNatGateway", "NAT gateway id"))
    }
}

/// A lookup by the tags, among the gateways that work or will: AWS does not show the token, and shows a gateway for an
/// hour after its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    pub(crate) subnet: SubnetId,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "NAT gateway";
    // What still runs in the private subnets keeps its way out.
    const AFTER: &'static [ResourceKind] = &[ResourceKind::Instance];
    const DELETION: Expected = Expected::with_deadline_minutes(30, 120, 15);

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws ec2 delete-nat-gateway --nat-gateway-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_nat_gateways()
            .filter(filter("subnet-id", self.subnet.as_str()))
            .filter(of_deployment(&self.deployment))
            .filter(named(&self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeNatGateways"))?;
        let mut all = reply.nat_gateways.unwrap_or_default().into_iter();
        let found = all.find(|it| matches!(it.state(), Some(State::Pending | State::Available)));
        Ok(found.and_then(|gateway| gateway.nat_gateway_id))
    }

    /// Returns the state. A gateway that has failed is as good as gone: it holds nothing, and AWS removes it.
    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let state = described(aws, id).await?.and_then(|gateway| gateway.state);
        Ok(state
            .filter(|state| !matches!(state, State::Deleted | State::Failed))
            .map(|state| state.as_str().to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.ec2
            .delete_nat_gateway()
            .nat_gateway_id(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:DeleteNatGateway"))?;
        Ok(())
    }

    /// Returns the gateways that carry this program's tags and have not ended.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = aws
            .ec2
            .describe_nat_gateways()
            .filter(filter("tag-key", DEPLOYMENT))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("ec2:DescribeNatGateways"))?;
        let found = all.iter().filter_map(|gateway| {
            let state = gateway.state()?;
            if matches!(state, State::Deleted | State::Failed) {
                return None;
            }
            let found = TaggedResource::of_ec2(
                ResourceKind::NatGateway,
                gateway.nat_gateway_id(),
                gateway.tags(),
            )?;
            Some(TaggedResource {
                is_going: *state == State::Deleting,
                ..found.since(gateway.create_time())
            })
        });
        Ok(found.collect())
    }
}

/// Polls the gateway, which is ready once traffic can go through it.
pub(crate) async fn availability(
    aws: &Reader,
    id: &NatGatewayId,
) -> Result<PollState<()>, AwsError> {
    let found = match described(aws, id.as_str()).await {
        // Right after the creation, AWS may not show the gateway yet.
        Err(error) if error.is_not_found() => None,
        found => found?,
    };
    let Some(gateway) = found else {
        return Ok(PollState::Pending("not visible yet".to_owned()));
    };
    Ok(match gateway.state() {
        Some(State::Available) => PollState::Ready(()),
        Some(state @ (State::Failed | State::Deleting | State::Deleted)) => {
            let reason = gateway.failure_message();
            PollState::Failed(
                reason.map_or_else(|| format!("its state is {}", state.as_str()), str::to_owned),
            )
        }
        state => PollState::Pending(state.map_or("unknown", State::as_str).to_owned()),
    })
}

async fn described(aws: &Reader, id: &str) -> Result<Option<NatGateway>, AwsError> {
    let reply = aws
        .ec2
        .describe_nat_gateways()
        .nat_gateway_ids(id)
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeNatGateways"))?;
    Ok(reply.nat_gateways.and_then(|all| all.into_iter().next()))
}
