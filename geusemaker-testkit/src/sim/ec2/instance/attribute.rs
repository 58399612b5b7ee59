//! The attributes of instances that separate calls show and change.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::description::{block_device_mapping, metadata_options, monitoring};
use super::launch_request::decode_user_data;
use super::{Instance, InstanceState};
use crate::sim::catalog;
use crate::sim::context::RequestContext;
use crate::sim::ec2::image;
use crate::sim::ec2::validation::{invalid, one_of};
use crate::sim::ec2::{Code, Ec2};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("InstanceId")?;
    let attribute = params.required("Attribute")?;
    params.refuse_unread("DescribeInstanceAttribute")?;
    let instance = ec2.visible_instance(&id, context.now)?;
    let launch = &instance.launch;
    let value = |value: &dyn std::fmt::Display| Element::new(&attribute).with("value", value);
    let element = match attribute.as_str() {
        "blockDeviceMapping" => block_device_mapping(ec2, instance, context.now),
        "disableApiStop" => value(&launch.disable_api_stop),
        "disableApiTermination" => value(&launch.disable_api_termination),
        "ebsOptimized" => value(&launch.ebs_optimized),
        "enaSupport" => value(&true),
        "enclaveOptions" => Element::new("enclaveOptions").with("enabled", false),
        "groupSet" => {
            let interface = ec2.interfaces.get(&instance.interface);
            let groups = interface.map(|it| it.security_groups.as_slice());
            let items = groups.unwrap_or_default().iter().map(|id| {
                let name = ec2.security_group(id).map(|group| &group.name);
                Element::new("item")
                    .with("groupId", id)
                    .with_some("groupName", name)
            });
            Element::list("groupSet", "item", items)
        }
        "instanceInitiatedShutdownBehavior" => {
            value(&launch.shutdown_behavior.as_deref().unwrap_or("stop"))
        }
        "instanceType" => value(&launch.instance_type),
        // EC2 reference: attributes that such an instance does not have come without a value.
        "kernel" | "ramdisk" | "productCodes" => Element::new(&attribute),
        "rootDeviceName" => value(&instance.root_device()),
        "sourceDestCheck" => value(&ec2.checks_source_and_destination(instance)),
        "sriovNetSupport" => value(&"simple"),
        "userData" if launch.user_data.is_empty() => Element::new("userData"),
        "userData" => value(&STANDARD.encode(&launch.user_data)),
        other => {
            return Err(invalid(&format!(
                "Value ({other}) for parameter attribute is invalid. Unknown attribute."
            )));
        }
    };
    let reply = Element::new("reply").with("instanceId", &id).child(element);
    Ok(Reply::xml(reply))
}

/// One change of ModifyInstanceAttribute.
enum Change {
    DeleteOnTermination(Vec<(String, bool)>),
    DisableApiStop(bool),
    DisableApiTermination(bool),
    EbsOptimized(bool),
    Groups(Vec<String>),
    InstanceType(String),
    ShutdownBehavior(String),
    SourceDestCheck(bool),
    UserData(Vec<u8>),
}

pub(crate) fn modify(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("InstanceId")?;
    let change = Change::read(params)?;
    params.refuse_unread("ModifyInstanceAttribute")?;
    let instance = ec2.visible_instance(&id, context.now)?;
    change.refuse(ec2, context, instance)?;
    change.make(ec2, context, &id)?;
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

impl Change {
    /// Reads the only change that a call may make.
    fn read(params: &mut Params) -> Result<Self, ServiceError> {
        let mut changes = Vec::new();
        // The older form names the attribute, and the newer form has a parameter for each attribute.
        if let Some(attribute) = params.optional("Attribute") {
            let value = params.optional("Value");
            changes.extend(value.map(|value| Self::of(&attribute, value)).transpose()?);
        }
        for attribute in [
            "DisableApiStop",
            "DisableApiTermination",
            "EbsOptimized",
            "InstanceInitiatedShutdownBehavior",
            "InstanceType",
            "SourceDestCheck",
            "UserData",
        ] {
            if let Some(value) = params.optional(&format!("{attribute}.Value")) {
                changes.push(Self::of(attribute, value)?);
            }
        }
        let groups = params.list("GroupId");
        if !groups.is_empty() {
            changes.push(Self::Groups(groups));
        }
        let mut mappings = Vec::new();
        for mapping in params.structures("BlockDeviceMapping") {
            let device = params.required(&mapping.member("DeviceName"))?;
            let name = mapping.member("Ebs.DeleteOnTermination");
            params.required(&name)?;
            mappings.push((device, params.parsed(&name)?.unwrap_or_default()));
        }
        if !mappings.is_empty() {
            changes.push(Self::DeleteOnTermination(mappings));
        }
        let mut changes = changes.into_iter();
        match (changes.next(), changes.next()) {
            (Some(change), None) => Ok(change),
            (None, _) => {
                let message = "No attributes specified.";
                Err(ServiceError::new(
                    Code::InvalidParameterCombination,
                    message,
                ))
            }
            (Some(_), Some(_)) => {
                let message = "Fields for multiple attribute types specified. Only one attribute may be modified at a time.";
                Err(ServiceError::new(
                    Code::InvalidParameterCombination,
                    message,
                ))
            }
        }
    }

    fn of(attribute: &str, value: String) -> Result<Self, ServiceError> {
        let flag = |value: &str| {
            value.parse::<bool>().map_err(|_| {
                invalid(&format!(
                    "Value ({value}) for parameter {attribute} is invalid."
                ))
            })
        };
        // One form begins with a capital letter and the other does not.
        let mut characters = attribute.chars();
        let first = characters.next().map(|it| it.to_ascii_uppercase());
        let name: String = first.into_iter().chain(characters).collect();
        Ok(match name.as_str() {
            "DisableApiStop" => Self::DisableApiStop(flag(&value)?),
            "DisableApiTermination" => Self::DisableApiTermination(flag(&value)?),
            "EbsOptimized" => Self::EbsOptimized(flag(&value)?),
            "InstanceInitiatedShutdownBehavior" if ["stop", "terminate"].contains(&&*value) => {
                Self::ShutdownBehavior(value)
            }
            "InstanceInitiatedShutdownBehavior" => {
                return Err(invalid(&format!(
                    "Value ({value}) for parameter instanceInitiatedShutdownBehavior is invalid."
                )));
            }
            "InstanceType" => Self::InstanceType(value),
            "SourceDestCheck" => Self::SourceDestCheck(flag(&value)?),
            "UserData" => Self::UserData(decode_user_data(&value)?),
            _ => {
                return Err(ServiceError::unsupported(format_args!(
                    "the attribute {attribute} of ModifyInstanceAttribute"
                )));
            }
        })
    }

    fn refuse(
        &self,
        ec2: &Ec2,
        context: &RequestContext<'_>,
        instance: &Instance,
    ) -> Result<(), ServiceError> {
        let id = &instance.id;
        let state = instance.state(context.now);
        if matches!(
            state,
            InstanceState::ShuttingDown | InstanceState::Terminated
        ) {
            let message =
                format!("The instance '{id}' is not in a valid state for this operation.");
            return Err(ServiceError::new(Code::IncorrectInstanceState, message));
        }
        match self {
            Self::InstanceType(_) | Self::UserData(_) | Self::EbsOptimized(_)
                if state != InstanceState::Stopped =>
            {
                // EC2 reference: these attributes can be changed only while the instance is stopped.
                let message = format!("The instance '{id}' is not in the 'stopped' state.");
                return Err(ServiceError::new(Code::IncorrectInstanceState, message));
            }
            Self::InstanceType(name) => refuse_type(ec2, instance, name)?,
            Self::DisableApiTermination(true) if instance.launch.spot.is_some() => {
                let message =
                    "The attribute 'disableApiTermination' can't be changed for a Spot Instance.";
                return Err(ServiceError::new(Code::UnsupportedOperation, message));
            }
            Self::Groups(groups) => {
                if let Some(subnet) = ec2.subnet(&instance.subnet) {
                    ec2.refuse_groups(groups, context, subnet)?;
                }
            }
            Self::DeleteOnTermination(mappings) => {
                let volumes = ec2.volumes_of(id, context.now);
                for (device, _) in mappings {
                    if !volumes.iter().any(|(_, it, _)| it.device == *device) {
                        let message = format!("No device is currently mapped at {device}");
                        return Err(ServiceError::new(
                            Code::InvalidInstanceAttributeValue,
                            message,
                        ));
                    }
                }
            }
            Self::DisableApiStop(_)
            | Self::DisableApiTermination(_)
            | Self::EbsOptimized(_)
            | Self::ShutdownBehavior(_)
            | Self::SourceDestCheck(_)
            | Self::UserData(_) => {}
        }
        Ok(())
    }

    fn make(
        self,
        ec2: &mut Ec2,
        context: &RequestContext<'_>,
        id: &str,
    ) -> Result<(), ServiceError> {
        let instance = ec2.visible_instance_mut(id, context.now)?;
        match self {
            Self::DisableApiStop(on) => instance.modify().disable_api_stop = on,
            Self::DisableApiTermination(on) => instance.modify().disable_api_termination = on,
            Self::EbsOptimized(on) => instance.modify().ebs_optimized = on,
            Self::InstanceType(name) => instance.modify().instance_type = name,
            Self::ShutdownBehavior(behavior) => {
                instance.modify().shutdown_behavior = Some(behavior);
            }
            Self::SourceDestCheck(on) => {
                let interface = instance.interface.clone();
                if let Some(interface) = ec2.interfaces.get_mut(&interface) {
                    interface.skips_source_dest_check = !on;
                }
            }
            Self::UserData(user_data) => instance.modify().user_data = user_data,
            Self::Groups(groups) => {
                let interface = instance.interface.clone();
                if let Some(interface) = ec2.interfaces.get_mut(&interface) {
                    interface.security_groups = groups;
                }
            }
            Self::DeleteOnTermination(mappings) => {
                let attachments = ec2
                    .volumes
                    .values_mut()
                    .filter_map(|volume| volume.attachment.as_mut())
                    .filter(|it| it.instance == id && it.detached_at.is_none());
                for attachment in attachments {
                    let wanted = mappings.iter().find(|(it, _)| *it == attachment.device);
                    if let Some((_, delete)) = wanted {
                        attachment.delete_on_termination = *delete;
                    }
                }
            }
        }
        Ok(())
    }
}

fn refuse_type(ec2: &Ec2, instance: &Instance, name: &str) -> Result<(), ServiceError> {
    let known = catalog::instance_type(name).ok_or_else(|| {
        let message = format!("The instance type '{name}' does not exist.");
        ServiceError::new(Code::InvalidInstanceAttributeValue, message)
    })?;
    let image = image::image(&ec2.region, &instance.launch.image);
    if image.is_some_and(|image| image.architecture != known.architecture) {
        let message = format!(
            "The architecture '{}' of the specified instance type does not match the architecture of the instance's AMI.",
            known.architecture
        );
        return Err(ServiceError::new(
            Code::InvalidParameterCombination,
            message,
        ));
    }
    Ok(())
}

pub(crate) fn modify_metadata_options(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("InstanceId")?;
    let on_off = ["enabled", "disabled"];
    let http_tokens = one_of(params, "HttpTokens", &["optional", "required"])?;
    let hop_limit: Option<u8> = params.parsed("HttpPutResponseHopLimit")?;
    let http_endpoint = one_of(params, "HttpEndpoint", &on_off)?;
    let http_protocol_ipv6 = one_of(params, "HttpProtocolIpv6", &on_off)?;
    let instance_tags = one_of(params, "InstanceMetadataTags", &on_off)?;
    params.refuse_unread("ModifyInstanceMetadataOptions")?;
    if hop_limit.is_some_and(|limit| !(1..=64).contains(&limit)) {
        return Err(invalid(
            "The HttpPutResponseHopLimit is not between 1 and 64",
        ));
    }
    let instance = ec2.visible_instance_mut(&id, context.now)?;
    match instance.state(context.now) {
        InstanceState::Running | InstanceState::Stopped => {}
        InstanceState::Pending
        | InstanceState::Stopping
        | InstanceState::ShuttingDown
        | InstanceState::Terminated => {
            let message = format!(
                "The instance '{id}' is not in a state from which its metadata options can be modified."
            );
            return Err(ServiceError::new(Code::IncorrectInstanceState, message));
        }
    }
    let options = &mut instance.modify().metadata;
    let set = |slot: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *slot = value;
        }
    };
    set(&mut options.http_tokens, http_tokens);
    set(&mut options.http_endpoint, http_endpoint);
    set(&mut options.http_protocol_ipv6, http_protocol_ipv6);
    set(&mut options.instance_tags, instance_tags);
    options.hop_limit = hop_limit.unwrap_or(options.hop_limit);
    let element = metadata_options(instance, context.now);
    let reply = Element::new("reply").with("instanceId", &id).child(element);
    Ok(Reply::xml(reply))
}

/// Turns detailed monitoring on or off.
pub(crate) fn monitor(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
    operation: &str,
    on: bool,
) -> Result<Reply, ServiceError> {
    let ids = params.list("InstanceId");
    params.refuse_unread(operation)?;
    for id in &ids {
        ec2.visible_instance(id, context.now)?;
    }
    let mut items = Vec::new();
    for id in &ids {
        let instance = ec2.visible_instance_mut(id, context.now)?;
        instance.modify().monitoring = on;
        let item = Element::new("item").with("instanceId", id);
        items.push(item.child(monitoring(instance)));
    }
    let set = Element::list("instancesSet", "item", items);
    Ok(Reply::xml(Element::new("reply").child(set)))
}
