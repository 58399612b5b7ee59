//! What a RunInstances call asks for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::block_device::BlockDevice;
use super::resource_kind::ResourceKind;
use super::tags::TagSpecifications;
use crate::wire::ServiceError;
use crate::wire::params::Params;

/// The parameters of RunInstances. Two calls ask for the same if these are equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LaunchRequest {
    pub(super) image: String,
    pub(super) instance_type: String,
    pub(super) min_count: u32,
    pub(super) max_count: u32,
    pub(super) subnet: Option<String>,
    pub(super) zone: Option<String>,
    pub(super) security_groups: Vec<String>,
    pub(super) public_address: Option<bool>,
    pub(super) interface_description: String,
    pub(super) key_name: Option<String>,
    /// Decoded from base64.
    pub(super) user_data: Vec<u8>,
    pub(super) client_token: Option<String>,
    pub(super) tags: TagSpecifications,
    pub(super) devices: Vec<BlockDevice>,
    pub(super) metadata: MetadataOptions,
    pub(super) spot: Option<Spot>,
    /// What happens when the guest shuts down, which guests here do not do.
    shutdown_behavior: Option<String>,
}

/// How the instance metadata service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MetadataOptions {
    pub(super) http_tokens: String,
    pub(super) hop_limit: u8,
    pub(super) http_endpoint: String,
    pub(super) instance_tags: String,
}

/// How a spot instance is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spot {
    /// In dollars an hour; there is no market here, so it never is too low.
    max_price: Option<f64>,
}

impl LaunchRequest {
    pub(super) fn read(params: &mut Params) -> Result<Self, ServiceError> {
        let interface = InterfaceRequest::read(params)?;
        let launch = Self {
            image: params.required("ImageId")?,
            // EC2 reference: the type that one gets without asking.
            instance_type: params
                .optional("InstanceType")
                .unwrap_or_else(|| "m1.small".to_owned()),
            min_count: required_count(params, "MinCount")?,
            max_count: required_count(params, "MaxCount")?,
            subnet: interface.subnet,
            zone: params.optional("Placement.AvailabilityZone"),
            security_groups: interface.security_groups,
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
                ],
            )?,
            devices: BlockDevice::read_all(params)?,
            metadata: MetadataOptions::read(params)?,
            spot: Spot::read(params)?,
            shutdown_behavior: one_of(
                params,
                "InstanceInitiatedShutdownBehavior",
                &["stop", "terminate"],
            )?,
        };
        if launch.min_count == 0 || launch.max_count < launch.min_count {
            return Err(invalid(&format!(
                "Value ({}) for parameter maxCount is invalid. Instance counts must be 1 or more, and minCount at most maxCount.",
                launch.max_count
            )));
        }
        let token = launch.client_token.as_deref().unwrap_or_default();
        if token.len() > 64 || !token.is_ascii() {
            return Err(invalid(
                "The client token may have up to 64 ASCII characters",
            ));
        }
        Ok(launch)
    }
}

/// Where the instance's network interface shall be: on the level of the call, or in its one `NetworkInterface`.
struct InterfaceRequest {
    subnet: Option<String>,
    security_groups: Vec<String>,
    public_address: Option<bool>,
    description: String,
}

impl InterfaceRequest {
    fn read(params: &mut Params) -> Result<Self, ServiceError> {
        let on_instance = Self {
            subnet: params.optional("SubnetId"),
            security_groups: params.list("SecurityGroupId"),
            public_address: None,
            description: String::new(),
        };
        let interfaces = params.structures("NetworkInterface");
        let Some(interface) = interfaces.first() else {
            return Ok(on_instance);
        };
        if on_instance.subnet.is_some() || !on_instance.security_groups.is_empty() {
            let message = "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request";
            return Err(ServiceError::new("InvalidParameterCombination", message));
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
                .unwrap_or_else(|| "disabled".to_owned()),
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
        let market = params.optional(&name("MarketType"));
        match market.as_deref() {
            None => return Ok(None),
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
            // EC2 reference: stop and hibernate are for persistent requests.
            let message =
                "The interruption behavior of a one-time spot request can only be terminate";
            return Err(ServiceError::new("InvalidParameterCombination", message));
        }
        let max_price = params.parsed(&name("SpotOptions.MaxPrice"))?;
        Ok(Some(Self { max_price }))
    }
}

/// A parameter that has one of a few values.
pub(super) fn one_of(
    params: &mut Params,
    name: &str,
    values: &[&str],
) -> Result<Option<String>, ServiceError> {
    let value = params.optional(name);
    if let Some(value) = &value
        && !values.contains(&value.as_str())
    {
        return Err(invalid(&format!(
            "Value ({value}) for parameter {name} is invalid."
        )));
    }
    Ok(value)
}

pub(super) fn invalid(message: &str) -> ServiceError {
    ServiceError::new("InvalidParameterValue", message)
}

fn required_count(params: &mut Params, name: &str) -> Result<u32, ServiceError> {
    params.required(name)?;
    Ok(params.parsed(name)?.unwrap_or_default())
}

fn read_user_data(params: &mut Params) -> Result<Vec<u8>, ServiceError> {
    let Some(encoded) = params.optional("UserData") else {
        return Ok(Vec::new());
    };
    let user_data = STANDARD.decode(encoded).map_err(|_| {
        let message = "Invalid BASE64 encoding of user data";
        ServiceError::new("InvalidUserData.Malformed", message)
    })?;
    // EC2 reference: 16 KB before it is encoded.
    if user_data.len() > 16_384 {
        return Err(invalid("User data is limited to 16384 bytes"));
    }
    Ok(user_data)
}
