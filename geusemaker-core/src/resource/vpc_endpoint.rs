//! VPC endpoints, by which instances reach services of AWS without the internet.

use aws_sdk_ec2::types::{ResourceType, State, VpcEndpoint, VpcEndpointType};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::{filter, of_deployment};
use super::kind::Kind;
use super::tagged::{Billed, TaggedResource};
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId, VpcId};
use crate::kind::ResourceKind;
use crate::wait::{Expected, PollState};

/// The way in which an endpoint is reached.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// Network interfaces in the subnets, which have the usual name of the service.
    Interface {
        subnets: Vec<SubnetId>,
        security_group: SecurityGroupId,
    },
    /// A route in each of the tables.
    Gateway { route_tables: Vec<RouteTableId> },
}

/// A new endpoint.
#[derive(Clone, Debug)]
pub(crate) struct NewVpcEndpoint {
    pub(crate) name: String,
    pub(crate) vpc: VpcId,
    /// The service's name: `com.amazonaws.us-east-1.ssm`.
    pub(crate) service: String,
    pub(crate) access: Access,
    pub(crate) owner: Owner,
}

impl Create for NewVpcEndpoint {
    type Id = VpcEndpointId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            vpc: self.vpc.clone(),
            service: self.service.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, token: &str) -> Result<VpcEndpointId, AwsError> {
        let request = aws
            .ec2
            .create_vpc_endpoint()
            .client_token(token)
            .vpc_id(self.vpc.as_str())
            .service_name(&self.service)
            .tag_specifications(self.owner.ec2(ResourceType::VpcEndpoint, &self.name));
        let request = match &self.access {
            Access::Interface {
                subnets,
                security_group,
            } => request
                .vpc_endpoint_type(VpcEndpointType::Interface)
                .set_subnet_ids(Some(subnets.iter().map(ToString::to_string).collect()))
                .security_group_ids(security_group.as_str())
                .private_dns_enabled(true),
            Access::Gateway { route_tables } => {
                let tables = route_tables.iter().map(ToString::to_string);
                request
                    .vpc_endpoint_type(VpcEndpointType::Gateway)
                    .set_route_table_ids(Some(tables.collect()))
            }
        };
        let reply = request
            .send()
            .await
            .map_err(AwsError::of("ec2:CreateVpcEndpoint"))?;
        reply
            .vpc_endpoint
            .and_then(|endpoint| endpoint.vpc_endpoint_id)
            .map(VpcEndpointId::from_aws)
            .ok_or_else(|| AwsError::incomplete("ec2:CreateVpcEndpoint", "VPC endpoint id"))
    }
}

/// A lookup by the service, for which a deployment has one endpoint, if the tag names this deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) vpc: VpcId,
    pub(crate) service: String,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "VPC endpoint";
    // The agent of Systems Manager on the instances keeps its connection.
    const AFTER: &'static [ResourceKind] = &[ResourceKind::Instance];
    const DELETION: Expected = Expected::with_deadline_minutes(10, 120, 15);

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_vpc_endpoints()
            .filters(filter("vpc-id", self.vpc.as_str()))
            .filters(filter("service-name", &self.service))
            .filters(of_deployment(&self.deployment))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeVpcEndpoints"))?;
        let mut all = reply.vpc_endpoints.unwrap_or_default().into_iter();
        let found = all.find(|it| !matches!(&*state(it), "deleting" | "deleted"));
        Ok(found.and_then(|endpoint| endpoint.vpc_endpoint_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let state = described(aws, id)
            .await?
            .and_then(|endpoint| endpoint.state);
        Ok(state
            .filter(|state| *state != State::Deleted)
            .map(|state| state.as_str().to_lowercase()))
    }

    /// Deletes the endpoint. AWS answers a refusal like a success, and lists it in the reply.
    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        const OPERATION: &str = "ec2:DeleteVpcEndpoints";
        let reply = aws
            .ec2
            .delete_vpc_endpoints()
            .vpc_endpoint_ids(id)
            .send()
            .await
            .map_err(AwsError::of(OPERATION))?;
        let refused = reply.unsuccessful().first().and_then(|item| item.error());
        match refused {
            None => Ok(()),
            Some(error) => Err(AwsError::listed(
                OPERATION,
                error.code().unwrap_or("unknown error"),
                error.message().unwrap_or("no message"),
            )),
        }
    }

    /// Returns the endpoints that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = aws
            .ec2
            .describe_vpc_endpoints()
            .filters(filter("tag-key", DEPLOYMENT))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("ec2:DescribeVpcEndpoints"))?;
        let found = all.iter().filter_map(|endpoint| {
            let state = state(endpoint);
            if state == "deleted" {
                return None;
            }
            let found = TaggedResource::of_ec2(
                ResourceKind::VpcEndpoint,
                endpoint.vpc_endpoint_id(),
                endpoint.tags(),
            )?;
            Some(TaggedResource {
                is_going: state == "deleting",
                billed: Billed {
                    // An endpoint of the other type is a route, and in no subnet.
                    endpoint_zones: endpoint.subnet_ids().len().try_into().unwrap_or_default(),
                    ..Billed::default()
                },
                ..found.since(endpoint.creation_timestamp())
            })
        });
        Ok(found.collect())
    }
}

/// Polls the endpoint, which is ready once instances reach the service by it.
pub(crate) async fn availability(
    aws: &Reader,
    id: &VpcEndpointId,
) -> Result<PollState<()>, AwsError> {
    let found = match described(aws, id.as_str()).await {
        // Right after the creation, AWS may not show the endpoint yet.
        Err(error) if error.is_not_found() => None,
        found => found?,
    };
    let Some(endpoint) = found else {
        return Ok(PollState::Pending("not visible yet".to_owned()));
    };
    let state = state(&endpoint);
    Ok(match state.as_str() {
        "available" => PollState::Ready(()),
        "failed" | "rejected" | "expired" | "deleting" | "deleted" => {
            let reason = endpoint.last_error().and_then(|error| error.message());
            PollState::Failed(reason.map_or_else(|| format!("its state is {state}"), str::to_owned))
        }
        _ => PollState::Pending(state),
    })
}

/// Returns the state in lower case, as AWS writes it. The SDK's own values begin with capitals.
fn state(endpoint: &VpcEndpoint) -> String {
    let state = endpoint.state().map_or("unknown", State::as_str);
    state.to_lowercase()
}

async fn described(aws: &Reader, id: &str) -> Result<Option<VpcEndpoint>, AwsError> {
    let reply = aws
        .ec2
        .describe_vpc_endpoints()
        .vpc_endpoint_ids(id)
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeVpcEndpoints"))?;
    Ok(reply.vpc_endpoints.and_then(|all| all.into_iter().next()))
}

/// Returns true if images of Amazon ECR can be pulled in the VPC without a route to the internet.
pub(crate) async fn reach_ecr(aws: &Reader, vpc: &VpcId) -> Result<bool, AwsError> {
    let endpoints = aws
        .ec2
        .describe_vpc_endpoints()
        .filters(filter("vpc-id", vpc.as_str()))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeVpcEndpoints"))?;
    let mut services = endpoints
        .iter()
        .filter_map(|endpoint| endpoint.service_name());
    Ok(services.any(|service| service.ends_with(".ecr.dkr")))
}
