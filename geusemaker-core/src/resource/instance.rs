//! EC2 instances.

use aws_sdk_ec2::types::{
    BlockDeviceMapping, CapacityReservationSpecification, CapacityReservationTarget,
    EbsBlockDevice, HttpTokensState, IamInstanceProfileSpecification, Instance as SdkInstance,
    InstanceAttributeName, InstanceLifecycleType, InstanceMarketOptionsRequest,
    InstanceMetadataOptionsRequest, InstanceNetworkInterfaceSpecification, InstanceStateName,
    InstanceType as SdkInstanceType, MarketType, ResourceType, SpotMarketOptions, VolumeType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::filter;
use super::kind::Kind;
use super::observed::{Observed, StateReason};
use super::protection::Protection;
use super::tagged::{Billed, TaggedResource};
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{AmiId, CapacityReservationId, InstanceId, SecurityGroupId, SubnetId};
use crate::kind::ResourceKind;
use crate::spec::{InstanceType, MaxPrice, Purchase, read_stored_type, store_type};
use crate::wait::{Expected, PollState};

const NOT_VISIBLE: &str = "not visible yet";

/// A new instance in one subnet.
#[derive(Clone, Debug)]
pub(crate) struct NewInstance {
    pub(crate) name: String,
    pub(crate) image: AmiId,
    pub(crate) root_device: String,
    pub(crate) instance_type: InstanceType,
    pub(crate) subnet: SubnetId,
    /// True if the instance needs a public address to reach the internet.
    pub(crate) has_public_address: bool,
    pub(crate) security_group: SecurityGroupId,
    pub(crate) purchase: Purchase,
    /// The highest price if it is a spot instance; the on-demand price if none is given.
    pub(crate) max_price: Option<MaxPrice>,
    pub(crate) capacity_reservation: Option<CapacityReservationId>,
    pub(crate) root_volume_gib: u32,
    pub(crate) key_pair: Option<String>,
    pub(crate) instance_profile: Option<String>,
    /// True if containers, too, can act with the role of the instance.
    pub(crate) containers_use_role: bool,
    pub(crate) user_data: Vec<u8>,
    pub(crate) owner: Owner,
}

impl Create for NewInstance {
    type Id = InstanceId;
    type Lookup = Lookup;

    /// Returns the lookup by client token. The token belongs to this subnet, type and market: a RunInstances token is
    /// zonal if the request names a subnet.
    fn lookup(&self, token: &str) -> Lookup {
        Lookup {
            client_token: token.to_owned(),
        }
    }

    async fn create(&self, aws: &Writer, token: &str) -> Result<InstanceId, AwsError> {
        let root = EbsBlockDevice::builder()
            .volume_type(VolumeType::Gp3)
            .volume_size(i32::try_from(self.root_volume_gib).unwrap_or(i32::MAX))
            .encrypted(true)
            .delete_on_termination(true)
            .build();
        let metadata = InstanceMetadataOptionsRequest::builder()
            .http_tokens(HttpTokensState::Required)
            // Containers are one network hop further away.
            .http_put_response_hop_limit(if self.containers_use_role { 2 } else { 1 })
            .build();
        let profile = self.instance_profile.as_ref().map(|name| {
            IamInstanceProfileSpecification::builder()
                .name(name)
                .build()
        });
        let reservation = self.capacity_reservation.as_ref().map(in_reservation);
        // Set explicitly, as for the volume: EC2 deletes the first interface with its instance unless told otherwise,
        // but other servers that speak its protocol do not.
        let interface = InstanceNetworkInterfaceSpecification::builder()
            .device_index(0)
            .subnet_id(self.subnet.as_str())
            .groups(self.security_group.as_str())
            .delete_on_termination(true)
            // The subnet may not assign one by itself.
            .set_associate_public_ip_address(self.has_public_address.then_some(true))
            .build();
        let reply = aws
            .ec2
            .run_instances()
            .client_token(token)
            .min_count(1)
            .max_count(1)
            .image_id(self.image.as_str())
            .instance_type(SdkInstanceType::from(self.instance_type.name()))
            .network_interfaces(interface)
            .set_key_name(self.key_pair.clone())
            .set_iam_instance_profile(profile)
            .set_instance_market_options(self.market())
            .set_capacity_reservation_specification(reservation)
            .metadata_options(metadata)
            .block_device_mappings(
                BlockDeviceMapping::builder()
                    .device_name(&self.root_device)
                    .ebs(root)
                    .build(),
            )
            .user_data(BASE64.encode(&self.user_data))
            .tag_specifications(self.owner.ec2(ResourceType::Instance, &self.name))
            .tag_specifications(self.owner.ec2(ResourceType::Volume, &self.name))
            .tag_specifications(self.owner.ec2(ResourceType::NetworkInterface, &self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:RunInstances"))?;
        let instance = reply.instances.and_then(|all| all.into_iter().next());
        instance
            .and_then(|instance| instance.instance_id)
            .map(InstanceId::from_aws)
            .ok_or_else(|| AwsError::incomplete("ec2:RunInstances", "instance id"))
    }
}

impl NewInstance {
    fn market(&self) -> Option<InstanceMarketOptionsRequest> {
        let market = InstanceMarketOptionsRequest::builder();
        match self.purchase {
            Purchase::OnDemand => None,
            Purchase::Spot => {
                let price = self.max_price.map(|price| price.to_string());
                let spot = price.map(|price| SpotMarketOptions::builder().max_price(price).build());
                let market = market.market_type(MarketType::Spot).set_spot_options(spot);
                Some(market.build())
            }
            Purchase::CapacityBlock => Some(market.market_type(MarketType::CapacityBlock).build()),
        }
    }
}

/// Returns the settings that launch an instance in this reservation and nowhere else.
fn in_reservation(id: &CapacityReservationId) -> CapacityReservationSpecification {
    let target = CapacityReservationTarget::builder()
        .capacity_reservation_id(id.as_str())
        .build();
    CapacityReservationSpecification::builder()
        .capacity_reservation_target(target)
        .build()
}

/// Asks if these credentials may launch an instance, which is not launched. The answer is always an error. Without a
/// subnet, the question is about any.
pub(crate) async fn create_in_dry_run(
    aws: &Reader,
    image: &AmiId,
    instance_type: InstanceType,
    subnet: Option<&SubnetId>,
    profile: Option<&str>,
) -> Result<(), AwsError> {
    let profile = profile.map(|name| {
        IamInstanceProfileSpecification::builder()
            .name(name)
            .build()
    });
    aws.ec2
        .run_instances()
        .dry_run(true)
        // Without one, the SDK makes up a token, and no two recordings are alike.
        .client_token("geusemaker-dry-run")
        .min_count(1)
        .max_count(1)
        .image_id(image.as_str())
        .instance_type(SdkInstanceType::from(instance_type.name()))
        .set_subnet_id(subnet.map(ToString::to_string))
        .set_iam_instance_profile(profile)
        .send()
        .await
        .map_err(AwsError::of("ec2:RunInstances"))?;
    Ok(())
}

/// A lookup by the client token, among the instances that carry this program's tags. EC2 can filter by the token
/// itself, but other servers that speak its protocol fail on that filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) client_token: String,
}

impl Kind for Lookup {
    const NAME: &'static str = "instance";
    const DELETION: Expected = Expected::with_deadline_minutes(20, 300, 20);
    const WORKING: &'static [&'static str] = &["running"];
    const IS_PROTECTABLE: bool = true;

    async fn protection(aws: &Reader, id: &str) -> Result<Option<Protection>, AwsError> {
        let reply = aws
            .ec2
            .describe_instance_attribute()
            .instance_id(id)
            .attribute(InstanceAttributeName::DisableApiTermination)
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeInstanceAttribute"))?;
        let is_on = reply
            .disable_api_termination
            .and_then(|attribute| attribute.value);
        Ok(is_on.unwrap_or(false).then_some(Protection::Termination))
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws ec2 terminate-instances --instance-ids {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { client_token } = self;
        let all = non_terminated(aws).await?;
        Ok(all
            .into_iter()
            .find(|instance| instance.client_token() == Some(client_token))
            .and_then(|instance| instance.instance_id))
    }

    /// Returns the state of the instance. AWS describes a terminated instance for another hour, but it does not exist
    /// any more.
    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let instance = described(aws, id).await?;
        Ok(instance
            .and_then(|instance| state(&instance))
            .filter(|state| *state != InstanceStateName::Terminated)
            .map(|state| state.as_str().to_owned()))
    }

    /// Returns the description of the instance, also of one that is terminated, as long as AWS knows why.
    async fn describe(aws: &Reader, id: &str) -> Result<Option<Observed>, AwsError> {
        let instance = described(aws, id).await?;
        Ok(instance.map(|instance| {
            let state = state(&instance);
            let reason = instance.state_reason();
            let reason = reason.and_then(|it| StateReason::new(it.code(), it.message()));
            let transition = instance.state_transition_reason().unwrap_or_default();
            let placement = instance.placement.as_ref();
            Observed {
                is_gone: state == Some(InstanceStateName::Terminated),
                reason: reason.map(|reason| reason.at_transition(transition)),
                instance_type: instance
                    .instance_type()
                    .map(|name| name.as_str().to_owned()),
                zone: placement.and_then(|it| it.availability_zone.clone()),
                state: state.map_or_else(String::new, |state| state.as_str().to_owned()),
                address: instance.public_ip_address.or(instance.private_ip_address),
            }
        }))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.ec2
            .terminate_instances()
            .instance_ids(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:TerminateInstances"))?;
        Ok(())
    }

    /// Returns the instances that carry this program's tags and are not terminated.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let instances = non_terminated(aws).await?;
        let found = instances.iter().filter_map(|instance| {
            let tags = instance.tags().iter().map(|tag| (tag.key(), tag.value()));
            let found =
                TaggedResource::read(ResourceKind::Instance, instance.instance_id()?, tags)?;
            Some(TaggedResource {
                billed: billed(instance),
                ..found.since(instance.launch_time())
            })
        });
        Ok(found.collect())
    }
}

/// A running instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunningInstance {
    /// The instance id: `i-0123…`.
    pub id: InstanceId,
    /// The subnet that the instance runs in.
    pub subnet: SubnetId,
    /// The instance type: `g5.xlarge`.
    #[serde(
        flatten,
        serialize_with = "store_type",
        deserialize_with = "read_stored_type"
    )]
    pub instance_type: InstanceType,
    /// The private address in the VPC.
    pub private_ip: Option<String>,
    /// The public address, if the subnet assigns one.
    pub public_ip: Option<String>,
}

/// Polls the instance for its subnet, which is ready once AWS shows it.
pub(crate) async fn subnet_of(
    aws: &Reader,
    id: &InstanceId,
) -> Result<PollState<SubnetId>, AwsError> {
    let instance = visible(aws, id).await?;
    let subnet = instance.and_then(|instance| instance.subnet_id);
    Ok(match subnet {
        Some(subnet) => PollState::Ready(SubnetId::from_aws(subnet)),
        None => PollState::Pending(NOT_VISIBLE.to_owned()),
    })
}

/// The end of a launch that AWS has accepted.
pub(crate) enum Launched {
    Running(RunningInstance),
    /// AWS has ended the instance, because it has no capacity after all.
    WithoutCapacity(AwsError),
}

/// The reasons of AWS for the end of an instance that are about capacity (EC2 API, StateReason).
const NO_CAPACITY: [&str; 3] = [
    "Server.InsufficientInstanceCapacity",
    "Server.SpotInstanceShutdown",
    "Server.SpotInstanceTermination",
];

/// Polls a new instance, which is ready once it runs, or once AWS has ended it for want of capacity. Fails with AWS's
/// reason if it ends for another reason, or if it is of none of these types.
pub(crate) async fn launched(
    aws: &Reader,
    id: &InstanceId,
    mut types: impl Iterator<Item = InstanceType>,
) -> Result<PollState<Launched>, AwsError> {
    let Some(instance) = visible(aws, id).await? else {
        return Ok(PollState::Pending(NOT_VISIBLE.to_owned()));
    };
    Ok(match state(&instance) {
        Some(InstanceStateName::Running) => {
            let name = instance.instance_type().map_or("", |name| name.as_str());
            match types.find(|it| it.name() == name) {
                Some(instance_type) => PollState::Ready(Launched::Running(RunningInstance {
                    id: id.clone(),
                    subnet: SubnetId::from_aws(instance.subnet_id.unwrap_or_default()),
                    instance_type,
                    private_ip: instance.private_ip_address,
                    public_ip: instance.public_ip_address,
                })),
                None => PollState::Failed(format!("AWS says that its type is {name:?}")),
            }
        }
        Some(InstanceStateName::Pending) | None => PollState::Pending("pending".to_owned()),
        Some(other) => {
            let (code, message) = instance
                .state_reason
                .map_or((None, None), |reason| (reason.code, reason.message));
            let message = message.unwrap_or_else(|| "AWS gives no reason".to_owned());
            match code {
                Some(code) if NO_CAPACITY.contains(&code.as_str()) => {
                    PollState::Ready(Launched::WithoutCapacity(AwsError::ended(code, message)))
                }
                _ => PollState::Failed(format!("it is {other}: {message}")),
            }
        }
    })
}

/// Returns the decoded console output so far. AWS has none for the first minutes.
pub(crate) async fn console_output(
    aws: &Reader,
    id: &InstanceId,
) -> Result<Option<String>, AwsError> {
    let ask = |latest| async move {
        aws.ec2
            .get_console_output()
            .instance_id(id.as_str())
            .latest(latest)
            .send()
            .await
            .map_err(AwsError::of("ec2:GetConsoleOutput"))
    };
    let reply = match ask(true).await {
        // Instances that are not on Nitro return only the output that was posted last.
        Err(error) if error.code.as_deref() == Some("UnsupportedOperation") => ask(false).await?,
        reply => reply?,
    };
    Ok(reply
        .output
        .and_then(|output| BASE64.decode(output.trim()).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn billed(instance: &SdkInstance) -> Billed {
    let is_running = matches!(
        state(instance),
        Some(InstanceStateName::Pending | InstanceStateName::Running)
    );
    if !is_running {
        return Billed::default();
    }
    let purchase = match instance.instance_lifecycle() {
        None => Purchase::OnDemand,
        Some(InstanceLifecycleType::CapacityBlock) => Purchase::CapacityBlock,
        // Or what a later version of AWS has: the on-demand price bounds it.
        Some(_) => Purchase::Spot,
    };
    let name = instance.instance_type().map(|it| it.as_str().to_owned());
    Billed {
        instance: name.map(|name| (name, purchase)),
        public_addresses: u32::from(instance.public_ip_address().is_some()),
        endpoint_zones: 0,
    }
}

/// Returns the instance, or `None` if AWS does not show it yet.
async fn visible(aws: &Reader, id: &InstanceId) -> Result<Option<SdkInstance>, AwsError> {
    match described(aws, id.as_str()).await {
        Err(error) if error.is_not_found() => Ok(None),
        found => found,
    }
}

/// Returns AWS's descriptions of the instances that carry this program's tags and are not terminated.
async fn non_terminated(aws: &Reader) -> Result<Vec<SdkInstance>, AwsError> {
    let all = aws
        .ec2
        .describe_instances()
        .filters(filter("tag-key", DEPLOYMENT))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeInstances"))?;
    let instances = all
        .into_iter()
        .flat_map(|reservation| reservation.instances.unwrap_or_default());
    Ok(instances
        .filter(|instance| state(instance) != Some(InstanceStateName::Terminated))
        .collect())
}

async fn described(aws: &Reader, id: &str) -> Result<Option<SdkInstance>, AwsError> {
    let reply = aws
        .ec2
        .describe_instances()
        .instance_ids(id)
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeInstances"))?;
    let reservation = reply.reservations.and_then(|all| all.into_iter().next());
    Ok(reservation.and_then(|reservation| reservation.instances?.into_iter().next()))
}

fn state(instance: &SdkInstance) -> Option<InstanceStateName> {
    instance.state().and_then(|state| state.name()).cloned()
}
