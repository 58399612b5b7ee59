//! The attachments of volumes to instances.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::VolumeState;
use crate::sim::context::RequestContext;
use crate::sim::ec2::instance::InstanceState;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::validation::invalid;
use crate::sim::ec2::{Code, Ec2};
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// An attachment of a volume to an instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::sim::ec2) struct Attachment {
    pub(in crate::sim::ec2) instance: String,
    /// The device name, such as `/dev/sda1`.
    pub(in crate::sim::ec2) device: String,
    pub(in crate::sim::ec2) delete_on_termination: bool,
    pub(in crate::sim::ec2) began_at: Timestamp,
    pub(super) attached_at: Timestamp,
    /// The time at which the volume is detached, if a call has asked for that.
    pub(in crate::sim::ec2) detached_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim::ec2) enum AttachmentState {
    Attaching,
    Attached,
    Detaching,
}

impl AttachmentState {
    pub(in crate::sim::ec2) fn name(self) -> &'static str {
        match self {
            Self::Attaching => "attaching",
            Self::Attached => "attached",
            Self::Detaching => "detaching",
        }
    }
}

impl Attachment {
    /// Returns the state, or `None` if the volume is detached or the instance is gone.
    pub(super) fn state(&self, ec2: &Ec2, now: Timestamp) -> Option<AttachmentState> {
        let instance = ec2.instance(&self.instance)?;
        if instance.state(now) == InstanceState::Terminated {
            return None;
        }
        match self.detached_at {
            Some(at) if now >= at => None,
            Some(_) => Some(AttachmentState::Detaching),
            None if now >= self.attached_at => Some(AttachmentState::Attached),
            None => Some(AttachmentState::Attaching),
        }
    }

    /// Returns the attachment as the volume's description and the calls that change it show it.
    pub(super) fn element(&self, volume: &str, state: AttachmentState) -> Element {
        Element::new("item")
            .with("volumeId", volume)
            .with("instanceId", &self.instance)
            .with("device", &self.device)
            .with("status", state.name())
            .with("attachTime", format_args!("{:.3}", self.began_at))
            .with("deleteOnTermination", self.delete_on_termination)
    }

    /// Returns the attachment as the instance's description shows it.
    pub(in crate::sim::ec2) fn mapping(&self, volume: &str, state: AttachmentState) -> Element {
        Element::new("item").with("deviceName", &self.device).child(
            Element::new("ebs")
                .with("volumeId", volume)
                .with("status", state.name())
                .with("attachTime", format_args!("{:.3}", self.began_at))
                .with("deleteOnTermination", self.delete_on_termination),
        )
    }
}

pub(crate) fn attach(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let volume_id = params.required("VolumeId")?;
    let instance_id = params.required("InstanceId")?;
    let device = params.required("Device")?;
    params.refuse_unread("AttachVolume")?;
    let now = context.now;
    let volume = ec2.visible_volume(&volume_id, now)?;
    let instance = ec2.visible_instance(&instance_id, now)?;
    if volume.attachment(ec2, now).is_some() {
        let message = format!("{volume_id} is already attached to an instance");
        return Err(ServiceError::new(Code::VolumeInUse, message));
    }
    if volume.state(ec2, now) != Some(VolumeState::Available) {
        let message = format!("Volume '{volume_id}' is not 'available'.");
        return Err(ServiceError::new(Code::IncorrectState, message));
    }
    match instance.state(now) {
        InstanceState::Running | InstanceState::Stopped => {}
        InstanceState::Pending
        | InstanceState::Stopping
        | InstanceState::ShuttingDown
        | InstanceState::Terminated => {
            let message = format!("Instance '{instance_id}' is not 'running'.");
            return Err(ServiceError::new(Code::IncorrectState, message));
        }
    }
    if volume.zone != instance.zone {
        let message = format!(
            "The volume '{volume_id}' is not in the same availability zone as instance '{instance_id}'"
        );
        return Err(ServiceError::new(Code::InvalidVolumeZoneMismatch, message));
    }
    let mut attached = ec2.volumes_of(&instance_id, now).into_iter();
    if attached.any(|(_, attachment, _)| attachment.device == device) {
        return Err(invalid(&format!(
            "Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
        )));
    }
    let attachment = Attachment {
        instance: instance_id,
        device,
        delete_on_termination: false,
        began_at: now,
        attached_at: now + context.duration(Step::VolumeAttached),
        detached_at: None,
    };
    let reply = attachment.element(&volume_id, AttachmentState::Attaching);
    if let Some(volume) = ec2.volumes.get_mut(&volume_id) {
        volume.attachment = Some(attachment);
    }
    Ok(Reply::xml(reply))
}

pub(crate) fn detach(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let volume_id = params.required("VolumeId")?;
    let instance_id = params.optional("InstanceId");
    let device = params.optional("Device");
    let force = params.parsed("Force")?.unwrap_or(false);
    params.refuse_unread("DetachVolume")?;
    let now = context.now;
    let volume = ec2.visible_volume(&volume_id, now)?;
    let Some((attachment, state)) = volume.attachment(ec2, now) else {
        let message = format!("Volume '{volume_id}' is in the 'available' state.");
        return Err(ServiceError::new(Code::IncorrectState, message));
    };
    let is_other = instance_id.is_some_and(|id| id != attachment.instance)
        || device.is_some_and(|device| device != attachment.device);
    if is_other {
        let message = format!("The volume '{volume_id}' is not attached as the request has it.");
        return Err(ServiceError::new(Code::InvalidAttachmentNotFound, message));
    }
    let instance = ec2
        .instance(&attachment.instance)
        .ok_or_else(|| ResourceKind::Instance.unknown(&attachment.instance))?;
    let is_stopped = instance.state(now) == InstanceState::Stopped;
    if attachment.device == instance.root_device() && !is_stopped {
        let message = format!(
            "Unable to detach root volume '{volume_id}' from instance '{}'",
            instance.id
        );
        return Err(ServiceError::new(Code::OperationNotPermitted, message));
    }
    if state == AttachmentState::Detaching && !force {
        let message = format!("Volume '{volume_id}' is in the 'detaching' state.");
        return Err(ServiceError::new(Code::IncorrectState, message));
    }
    let attachment = attachment.clone();
    let reply = attachment.element(&volume_id, AttachmentState::Detaching);
    // A forced detachment is complete at once, no matter what the guest does with the volume.
    let takes = match force {
        true => std::time::Duration::ZERO,
        false => context.duration(Step::VolumeDetached),
    };
    if let Some(volume) = ec2.volumes.get_mut(&volume_id) {
        volume.attachment = Some(Attachment {
            detached_at: Some(now + takes),
            ..attachment
        });
    }
    Ok(Reply::xml(reply))
}
