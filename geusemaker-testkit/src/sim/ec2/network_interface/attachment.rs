//! Network interfaces that are attached to instances in addition to the one that came with them.

use jiff::Timestamp;

use super::{Attachment, NetworkInterface};
use crate::sim::context::RequestContext;
use crate::sim::ec2::instance::{Instance, InstanceState};
use crate::sim::ec2::validation::invalid;
use crate::sim::ec2::{Code, Ec2};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn attach(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("NetworkInterfaceId")?;
    let instance_id = params.required("InstanceId")?;
    params.required("DeviceIndex")?;
    let device_index: u32 = params.parsed("DeviceIndex")?.unwrap_or_default();
    let card: Option<u32> = params.parsed("NetworkCardIndex")?;
    params.refuse_unread("AttachNetworkInterface")?;
    if card.is_some_and(|card| card != 0) {
        return Err(ServiceError::unsupported("a second network card"));
    }
    let interface = ec2.existing_interface(&id, context.now)?;
    let instance = ec2.visible_instance(&instance_id, context.now)?;
    refuse_states(interface, instance, context.now)?;
    if interface.zone != instance.zone {
        return Err(invalid(
            "You may not attach a network interface to an instance if they are not in the same availability zone",
        ));
    }
    let attached = ec2.interfaces_of_instance(instance);
    if attached
        .iter()
        .any(|other| other.device_index() == device_index)
    {
        return Err(invalid(&format!(
            "Instance '{instance_id}' already has an interface attached at device index '{device_index}'."
        )));
    }
    let attachment = Attachment {
        id: format!("eni-attach-{}", context.rng.hex(17)),
        device_index,
        at: context.now,
    };
    let attachment_id = attachment.id.clone();
    if let Some(interface) = ec2.interfaces.get_mut(&id) {
        interface.detach();
        interface.instance = Some(instance_id);
        interface.attachment = Some(attachment);
    }
    Ok(Reply::xml(
        Element::new("reply")
            .with("attachmentId", attachment_id)
            .with("networkCardIndex", 0),
    ))
}

/// Refuses an interface that is attached already, and an instance that is ending.
fn refuse_states(
    interface: &NetworkInterface,
    instance: &Instance,
    now: Timestamp,
) -> Result<(), ServiceError> {
    if interface.is_attached(now) {
        let message = format!("Interface: [{}] in use.", interface.id);
        return Err(ServiceError::new(
            Code::InvalidNetworkInterfaceInUse,
            message,
        ));
    }
    if matches!(
        instance.state(now),
        InstanceState::ShuttingDown | InstanceState::Terminated
    ) {
        let message = format!(
            "Instance '{}' is not in a valid state for this operation.",
            instance.id
        );
        return Err(ServiceError::new(Code::IncorrectInstanceState, message));
    }
    Ok(())
}

pub(crate) fn detach(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let attachment = params.required("AttachmentId")?;
    // A detachment here ends at once, so there is nothing to force.
    params.accept("Force");
    params.refuse_unread("DetachNetworkInterface")?;
    let interface = ec2
        .interfaces
        .values_mut()
        .find(|interface| {
            interface.is_attached(context.now) && interface.attachment_id() == attachment
        })
        .ok_or_else(|| {
            let message = format!("The attachment ID '{attachment}' does not exist");
            ServiceError::new(Code::InvalidAttachmentIDNotFound, message)
        })?;
    if interface.requester_managed {
        let message = "You are not allowed to manage 'ela-attach' attachments.";
        return Err(ServiceError::new(Code::OperationNotPermitted, message));
    }
    if interface.device_index() == 0 {
        let message =
            "The network interface at device index 0 and networkCard index 0 cannot be detached.";
        return Err(ServiceError::new(Code::OperationNotPermitted, message));
    }
    interface.detach();
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}
