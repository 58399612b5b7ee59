//! The request of a RunInstances call.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::profile::AttachedProfile;
use crate::sim::ec2::image::{self, Image};
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::tags::TagSpecifications;
use crate::sim::ec2::validation::{invalid, one_of};
use crate::sim::ec2::volume::block_device::BlockDevice;
use crate::sim::ec2::{Code, Ec2};
use crate::sim::iam::Iam;
use crate::sim::regions;
use crate::wire::ServiceError;
use crate::wire::params::Params;

const MARKET_TYPE: &str = "InstanceMarketOptions.MarketType";
const CAPACITY_BLOCK: &str = "capacity-block";

/// The parameters of RunInstances. Two calls are the same request if these are equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LaunchRequest {
    pub(in crate::sim::ec2) image: String,
    pub(in crate::sim::ec2) instance_type: String,
    pub(super) min_count: u32,
    pub(super) max_count: u32,
    pub(super) subnet: Option<String>,
    pub(super) zone: Option<String>,
    pub(super) security_groups: Vec<String>,
    /// The names of groups of the default VPC.
    #[serde(default)]
    pub(super) group_names: Vec<String>,
    pub(super) public_address: Option<bool>,
    pub(super) interface_description: String,
    pub(in crate::sim::ec2) key_name: Option<String>,
    /// Decoded from base64.
    pub(super) user_data: Vec<u8>,
    pub(in crate::sim::ec2) client_token: Option<String>,
    pub(super) tags: TagSpecifications,
    pub(super) devices: Vec<BlockDevice>,
    pub(super) metadata: MetadataOptions,
    pub(in crate::sim::ec2) spot: Option<Spot>,
    /// The action when the guest shuts down, which guests here do not do.
    pub(super) shutdown_behavior: Option<String>,
    #[serde(default)]
    pub(super) disable_api_termination: bool,
    #[serde(default)]
    pub(super) disable_api_stop: bool,
    #[serde(default)]
    pub(super) ebs_optimized: bool,
    #[serde(default)]
    pub(in crate::sim::ec2) monitoring: bool,
    /// One of `open`, `none` and `capacity-reservations-only`.
    #[serde(default)]
    pub(super) capacity_reservation: Option<String>,
    /// The capacity reservation that the call names.
    #[serde(default)]
    pub(super) reservation_target: Option<String>,
    /// True for the market of capacity blocks.
    #[serde(default)]
    pub(in crate::sim::ec2) is_block: bool,
    /// The ARN or the name of the instance profile.
    #[serde(default)]
    pub(super) instance_profile: Option<InstanceProfile>,
}

/// A reference to an instance profile in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum InstanceProfile {
    Arn(String),
    Name(String),
}

/// The options of the instance metadata service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MetadataOptions {
    pub(super) http_tokens: String,
    pub(super) hop_limit: u8,
    pub(super) http_endpoint: String,
    pub(super) instance_tags: String,
    #[serde(default = "disabled")]
    pub(super) http_protocol_ipv6: String,
}

/// The options of a spot instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spot {
    /// In dollars per hour. No market is simulated, so the price is never too low.
    pub(in crate::sim::ec2) max_price: Option<f64>,
}

impl LaunchRequest {
    pub(super) fn read(params: &mut Params, region: &str) -> Result<(Self, Image), ServiceError> {
        let interface = InterfaceRequest::read(params)?;
        let image_id = params.required("ImageId")?;
        let image = image::image(region, &image_id)
            .ok_or_else(|| ResourceKind::Image.unknown(&image_id))?;
        refuse_what_is_not_there(params)?;
        let launch = Self {
            image: image.id.clone(),
            instance_type: params.optional("InstanceType").unwrap_or_else(usual_type),
            min_count: required_count(params, "MinCount")?,
            max_count: required_count(params, "MaxCount")?,
            subnet: interface.subnet,
            zone: read_zone(params, region)?,
            security_groups: interface.security_groups,
            group_names: interface.group_names,
            public_address: interface.public_address,
            interface_description: interface.description,
            key_name: params.optional("KeyName"),
            user_data: read_user_data(params)?,
            client_token: params.optional("ClientToken"),
            tags: TagSpecifications::read(
                params,
                &[
                    ResourceKind::Instance,
                    ResourceKind::Volume,
                    ResourceKind::NetworkInterface,
                    ResourceKind::SpotInstanceRequest,
                ],
            )?,
            devices: BlockDevice::read_all(params, &image)?,
            metadata: MetadataOptions::read(params)?,
            spot: Spot::read(params)?,
            shutdown_behavior: one_of(
                params,
                "InstanceInitiatedShutdownBehavior",
                &["stop", "terminate"],
            )?,
            disable_api_termination: params.parsed("DisableApiTermination")?.unwrap_or(false),
            disable_api_stop: params.parsed("DisableApiStop")?.unwrap_or(false),
            ebs_optimized: params.parsed("EbsOptimized")?.unwrap_or(false),
            monitoring: params.parsed("Monitoring.Enabled")?.unwrap_or(false),
            capacity_reservation: one_of(
                params,
                "CapacityReservationSpecification.CapacityReservationPreference",
                &["open", "none", "capacity-reservations-only"],
            )?,
            reservation_target: params.optional(
                "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId",
            ),
            is_block: params.optional(MARKET_TYPE).as_deref() == Some(CAPACITY_BLOCK),
            instance_profile: InstanceProfile::read(params)?,
        };
        launch.check()?;
        Ok((launch, image))
    }

    /// Returns the lifecycle of the instances, unless they are usual ones on demand.
    pub(super) fn lifecycle(&self) -> Option<&'static str> {
        match self.spot {
            Some(_) => Some("spot"),
            None => self.is_block.then_some(CAPACITY_BLOCK),
        }
    }

    /// Refuses values that do not go together or are out of range.
    fn check(&self) -> Result<(), ServiceError> {
        if self.min_count == 0 || self.max_count < self.min_count {
            return Err(invalid(&format!(
                "Value ({}) for parameter maxCount is invalid. Instance counts must be 1 or more, and minCount at most maxCount.",
                self.max_count
            )));
        }
        let token = self.client_token.as_deref().unwrap_or_default();
        if token.len() > 64 || !token.is_ascii() {
            return Err(invalid(
                "The client token may have up to 64 ASCII characters",
            ));
        }
        if self.spot.is_none() && self.tags.has(ResourceKind::SpotInstanceRequest) {
            let message = "The tag specification for spot-instances-request is only allowed for a request of spot instances.";
            return Err(ServiceError::new(
                Code::InvalidParameterCombination,
                message,
            ));
        }
        let preference = self.capacity_reservation.as_deref();
        if self.reservation_target.is_some() && matches!(preference, Some("open" | "none")) {
            // EC2 model, CapacityReservationSpecification.
            let message = "CapacityReservationPreference and CapacityReservationTarget can only be specified together if the preference is capacity-reservations-only.";
            return Err(ServiceError::new(
                Code::InvalidParameterCombination,
                message,
            ));
        }
        Ok(())
    }
}

/// Refuses options that need a feature that no account here has. An option that turns such a feature off is accepted.
fn refuse_what_is_not_there(params: &mut Params) -> Result<(), ServiceError> {
    for name in ["HibernationOptions.Configured", "EnclaveOptions.Enabled"] {
        if params.parsed(name)? == Some(true) {
            return Err(ServiceError::unsupported(format_args!(
                "the parameter {name} of RunInstances"
            )));
        }
    }
    let tenancy = params.optional("Placement.Tenancy");
    if tenancy.is_some_and(|tenancy| tenancy != "default") {
        return Err(ServiceError::unsupported("a tenancy other than default"));
    }
    Ok(())
}

/// Returns the instance type of a launch and its zone, as far as the call names one, without checking them.
pub(crate) fn launch_target(
    ec2: Option<&Ec2>,
    region: &str,
    params: &Params,
) -> (String, Option<String>) {
    // The call is not read yet, so its parameters are read on a copy.
    let mut params = params.clone();
    let instance_type = params.optional("InstanceType");
    let subnet = params
        .optional("SubnetId")
        .or_else(|| params.optional("NetworkInterface.1.SubnetId"));
    let of_subnet = subnet.and_then(|id| Some(ec2?.subnet(&id)?.zone.clone()));
    let zone = of_subnet.or_else(|| read_zone(&mut params, region).ok().flatten());
    (instance_type.unwrap_or_else(usual_type), zone)
}

/// Returns the zone that the call names, by its name or by its id.
fn read_zone(params: &mut Params, region: &str) -> Result<Option<String>, ServiceError> {
    let name = params.optional("Placement.AvailabilityZone");
    let Some(id) = params.optional("Placement.AvailabilityZoneId") else {
        return Ok(name);
    };
    if name.is_some() {
        let message =
            "The parameters AvailabilityZone and AvailabilityZoneId cannot be used together";
        return Err(ServiceError::new(
            Code::InvalidParameterCombination,
            message,
        ));
    }
    let mut zones = regions::zones(region).iter();
    zones
        .find(|zone| zone.id == id)
        .map(|zone| Some(zone.name.clone()))
        .ok_or_else(|| invalid(&format!("Invalid availability zone-id: [{id}]")))
}

impl InstanceProfile {
    fn read(params: &mut Params) -> Result<Option<Self>, ServiceError> {
        let arn = params.optional("IamInstanceProfile.Arn");
        let name = params.optional("IamInstanceProfile.Name");
        match (arn, name) {
            (Some(_), Some(_)) => {
                let message = "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'";
                Err(ServiceError::new(
                    Code::InvalidParameterCombination,
                    message,
                ))
            }
            (Some(arn), None) if !arn.contains(":instance-profile/") => Err(invalid(&format!(
                "Value ({arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN"
            ))),
            (Some(arn), None) => Ok(Some(Self::Arn(arn))),
            (None, Some(name)) => Ok(Some(Self::Name(name))),
            (None, None) => Ok(None),
        }
    }

    /// Returns the profile that the call names, if EC2 knows it already.
    pub(super) fn find(&self, iam: &Iam, now: Timestamp) -> Result<AttachedProfile, ServiceError> {
        let (member, text, named) = match self {
            Self::Arn(arn) => ("arn", arn, "ARN"),
            Self::Name(name) => ("name", name, "name"),
        };
        let name = text.rsplit('/').next().unwrap_or_default();
        let known = iam.profile_known_to_ec2(name, now);
        let profile = known.filter(|profile| member == "name" || profile.arn == *text);
        let Some(profile) = profile else {
            return Err(invalid(&format!(
                "Value ({text}) for parameter iamInstanceProfile.{member} is invalid. Invalid IAM Instance Profile {named}"
            )));
        };
        if !profile.has_known_role(now) {
            return Err(invalid(&format!(
                "IAM Instance Profile \"{}\" has no associated IAM Roles",
                profile.arn
            )));
        }
        Ok(AttachedProfile {
            name: name.to_owned(),
            arn: profile.arn.clone(),
            id: profile.id.clone(),
        })
    }
}

/// EC2 reference: the type of a launch that names none.
fn usual_type() -> String {
    "m1.small".to_owned()
}

fn disabled() -> String {
    "disabled".to_owned()
}

/// The request for the instance's network interface: on the level of the call, or in its only `NetworkInterface`.
struct InterfaceRequest {
    subnet: Option<String>,
    security_groups: Vec<String>,
    group_names: Vec<String>,
    public_address: Option<bool>,
    description: String,
}

impl InterfaceRequest {
    fn read(params: &mut Params) -> Result<Self, ServiceError> {
        let on_instance = Self {
            subnet: params.optional("SubnetId"),
            security_groups: params.list("SecurityGroupId"),
            group_names: params.list("SecurityGroup"),
            public_address: None,
            description: String::new(),
        };
        if on_instance.subnet.is_some() && !on_instance.group_names.is_empty() {
            let message = "The parameter groupName cannot be used with the parameter subnet";
            return Err(ServiceError::new(
                Code::InvalidParameterCombination,
                message,
            ));
        }
        let interfaces = params.structures("NetworkInterface");
        let Some(interface) = interfaces.first() else {
            return Ok(on_instance);
        };
        let has_groups =
            !on_instance.security_groups.is_empty() || !on_instance.group_names.is_empty();
        if on_instance.subnet.is_some() || has_groups {
            let message = "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request";
            return Err(ServiceError::new(
                Code::InvalidParameterCombination,
                message,
            ));
        }
        let device_index: Option<u32> = params.parsed(&interface.member("DeviceIndex"))?;
        let deleted: Option<bool> = params.parsed(&interface.member("DeleteOnTermination"))?;
        if interfaces.len() > 1 || device_index != Some(0) || deleted == Some(false) {
            return Err(ServiceError::unsupported(
                "a network interface of RunInstances other than the primary one",
            ));
        }
        Ok(Self {
            subnet: params.optional(&interface.member("SubnetId")),
            security_groups: params.list(&interface.member("SecurityGroupId")),
            group_names: Vec::new(),
            public_address: params.parsed(&interface.member("AssociatePublicIpAddress"))?,
            description: params
                .optional(&interface.member("Description"))
                .unwrap_or_default(),
        })
    }
}

impl MetadataOptions {
    fn read(params: &mut Params) -> Result<Self, ServiceError> {
        let on_off = ["enabled", "disabled"];
        let options = Self {
            http_tokens: one_of(
                params,
                "MetadataOptions.HttpTokens",
                &["optional", "required"],
            )?
            .unwrap_or_else(|| "optional".to_owned()),
            hop_limit: params
                .parsed("MetadataOptions.HttpPutResponseHopLimit")?
                .unwrap_or(1),
            http_endpoint: one_of(params, "MetadataOptions.HttpEndpoint", &on_off)?
                .unwrap_or_else(|| "enabled".to_owned()),
            instance_tags: one_of(params, "MetadataOptions.InstanceMetadataTags", &on_off)?
                .unwrap_or_else(disabled),
            http_protocol_ipv6: one_of(params, "MetadataOptions.HttpProtocolIpv6", &on_off)?
                .unwrap_or_else(disabled),
        };
        if !(1..=64).contains(&options.hop_limit) {
            return Err(invalid(&format!(
                "The HttpPutResponseHopLimit {} is not between 1 and 64",
                options.hop_limit
            )));
        }
        Ok(options)
    }
}

impl Spot {
    fn read(params: &mut Params) -> Result<Option<Self>, ServiceError> {
        let name = |member| format!("InstanceMarketOptions.{member}");
        match params.optional(MARKET_TYPE).as_deref() {
            None | Some("on-demand" | CAPACITY_BLOCK) => return Ok(None),
            Some("spot") => {}
            Some(other) => {
                return Err(ServiceError::unsupported(format_args!(
                    "the market type {other}"
                )));
            }
        }
        let request = params.optional(&name("SpotOptions.SpotInstanceType"));
        if request.is_some_and(|request| request != "one-time") {
            return Err(ServiceError::unsupported(
                "a spot request that is not one-time",
            ));
        }
        let interruption = params.optional(&name("SpotOptions.InstanceInterruptionBehavior"));
        if interruption.is_some_and(|behavior| behavior != "terminate") {
            // EC2 reference: stop and hibernate are only for persistent requests.
            let message =
                "The interruption behavior of a one-time spot request can only be terminate";
            return Err(ServiceError::new(
                Code::InvalidParameterCombination,
                message,
            ));
        }
        let max_price = params.parsed(&name("SpotOptions.MaxPrice"))?;
        Ok(Some(Self { max_price }))
    }
}

fn required_count(params: &mut Params, name: &str) -> Result<u32, ServiceError> {
    params.required(name)?;
    Ok(params.parsed(name)?.unwrap_or_default())
}

fn read_user_data(params: &mut Params) -> Result<Vec<u8>, ServiceError> {
    let Some(encoded) = params.optional("UserData") else {
        return Ok(Vec::new());
    };
    // AWS's answer to a text that cannot be decoded to few enough bytes.
    if encoded.len() > 25_600 {
        return Err(invalid("Encoded User data is limited to 25600 bytes"));
    }
    decode_user_data(&encoded)
}

/// Decodes the user data of a launch or a modification.
pub(super) fn decode_user_data(encoded: &str) -> Result<Vec<u8>, ServiceError> {
    let user_data = STANDARD.decode(encoded).map_err(|_| {
        let message = "Invalid BASE64 encoding of user data";
        ServiceError::new(Code::InvalidUserDataMalformed, message)
    })?;
    // EC2 reference: 16 KB before it is encoded.
    if user_data.len() > 16_384 {
        return Err(invalid("User data is limited to 16384 bytes"));
    }
    Ok(user_data)
}
