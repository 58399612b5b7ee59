//! EBS volumes: their lifecycles, with and without instances.

pub(super) mod attachment;
pub(super) mod block_device;
mod volume_type;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::attachment::{Attachment, AttachmentState};
use self::block_device::BlockDevice;
use self::volume_type::{VOLUME_TYPES, refuse_performance, refuse_size};
use super::instance::InstanceState;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use super::validation::one_of;
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::regions::Zone;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Volume {
    pub(crate) id: String,
    pub(super) zone: String,
    zone_id: String,
    size_gib: u32,
    volume_type: String,
    encrypted: bool,
    iops: Option<u32>,
    throughput: Option<u32>,
    snapshot: Option<String>,
    client_token: Option<String>,
    created_at: Timestamp,
    /// The time from which other calls know the id.
    visible_at: Timestamp,
    /// The time at which the state `creating` ends.
    available_at: Timestamp,
    /// True if the state `creating` ends in `error`.
    fails: bool,
    /// The present attachment, or the latest.
    pub(super) attachment: Option<Attachment>,
    deletion: Option<Deletion>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Deletion {
    ends_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VolumeState {
    Creating,
    Available,
    InUse,
    Deleting,
    Error,
}

impl VolumeState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::InUse => "in-use",
            Self::Deleting => "deleting",
            Self::Error => "error",
        }
    }
}

/// The instance and the place of a volume that is created at a launch.
pub(super) struct LaunchedWith<'a> {
    pub(super) instance: &'a str,
    pub(super) zone: &'a str,
    pub(super) zone_id: &'a str,
    pub(super) snapshot: Option<String>,
    pub(super) attached_at: Timestamp,
}

impl Volume {
    /// Creates a volume that an instance is launched with.
    pub(super) fn of_launch(
        context: &mut RequestContext<'_>,
        device: &BlockDevice,
        place: LaunchedWith<'_>,
    ) -> Self {
        Self {
            id: ResourceKind::Volume.new_id(context.rng),
            zone: place.zone.to_owned(),
            zone_id: place.zone_id.to_owned(),
            size_gib: device.size_gib,
            volume_type: device.volume_type.clone(),
            encrypted: device.encrypted,
            iops: device.iops,
            throughput: device.throughput,
            snapshot: place.snapshot,
            client_token: None,
            created_at: context.now,
            visible_at: context.now,
            available_at: context.now,
            fails: false,
            attachment: Some(Attachment {
                instance: place.instance.to_owned(),
                device: device.name.clone(),
                delete_on_termination: device.delete_on_termination,
                began_at: context.now,
                attached_at: place.attached_at,
                detached_at: None,
            }),
            deletion: None,
        }
    }

    /// Returns the attachment and its state.
    pub(super) fn attachment(
        &self,
        ec2: &Ec2,
        now: Timestamp,
    ) -> Option<(&Attachment, AttachmentState)> {
        let attachment = self.attachment.as_ref()?;
        Some((attachment, attachment.state(ec2, now)?))
    }

    /// Returns the volume's state, or `None` if it is gone.
    pub(super) fn state(&self, ec2: &Ec2, now: Timestamp) -> Option<VolumeState> {
        if let Some(deletion) = self.deletion {
            return (now < deletion.ends_at).then_some(VolumeState::Deleting);
        }
        if self.attachment(ec2, now).is_some() {
            return Some(VolumeState::InUse);
        }
        let went_with_instance = self.attachment.as_ref().is_some_and(|attachment| {
            attachment.delete_on_termination
                && attachment.detached_at.is_none()
                && ec2
                    .instance(&attachment.instance)
                    .is_none_or(|instance| instance.state(now) == InstanceState::Terminated)
        });
        if went_with_instance {
            return None;
        }
        Some(match now >= self.available_at {
            false => VolumeState::Creating,
            true if self.fails => VolumeState::Error,
            true => VolumeState::Available,
        })
    }

    /// Returns true if the volume exists and is not deleted with its instance.
    pub(super) fn outlives_instance(&self, ec2: &Ec2, now: Timestamp) -> bool {
        let goes_with_instance = self
            .attachment(ec2, now)
            .is_some_and(|(attachment, _)| attachment.delete_on_termination);
        !goes_with_instance && self.deletion.is_none() && self.state(ec2, now).is_some()
    }

    pub(super) fn is_visible(&self, ec2: &Ec2, now: Timestamp) -> bool {
        now >= self.visible_at && self.state(ec2, now).is_some()
    }

    /// Returns true if the volume is gone and no call with its client token has to find it.
    pub(super) fn is_forgotten(&self, ec2: &Ec2, now: Timestamp) -> bool {
        self.client_token.is_none() && self.state(ec2, now).is_none()
    }

    /// Returns the volume's IOPS. EBS user guide: the values of a volume that does not set them.
    fn iops(&self) -> Option<u32> {
        match self.volume_type.as_str() {
            "gp3" => Some(self.iops.unwrap_or(3000)),
            "gp2" => Some((self.size_gib.saturating_mul(3)).clamp(100, 16_000)),
            _ => self.iops,
        }
    }

    fn throughput(&self) -> Option<u32> {
        (self.volume_type == "gp3").then(|| self.throughput.unwrap_or(125))
    }
}

impl Described for Volume {
    const IDS: Option<&'static str> = Some("VolumeId");
    const USUAL_PAGE: usize = 1000;
    const PAGES_OF_IDS: bool = false;
    const SET: Option<&'static str> = Some("volumeSet");
    const FIELDS: &'static [Field<Self>] = &[
        ("volume-id", |_, _, volume| vec![volume.id.clone()]),
        ("availability-zone", |_, _, volume| {
            vec![volume.zone.clone()]
        }),
        ("availability-zone-id", |_, _, volume| {
            vec![volume.zone_id.clone()]
        }),
        ("create-time", |_, _, volume| {
            vec![format!("{:.3}", volume.created_at)]
        }),
        ("encrypted", |_, _, volume| {
            vec![volume.encrypted.to_string()]
        }),
        ("size", |_, _, volume| vec![volume.size_gib.to_string()]),
        ("snapshot-id", |_, _, volume| {
            volume.snapshot.iter().cloned().collect()
        }),
        ("status", |ec2, now, volume| {
            let state = volume.state(ec2, now);
            state
                .map(|state| state.name().to_owned())
                .into_iter()
                .collect()
        }),
        ("volume-type", |_, _, volume| {
            vec![volume.volume_type.clone()]
        }),
        ("attachment.attach-time", |ec2, now, volume| {
            attached(ec2, now, volume, |it| format!("{:.3}", it.began_at))
        }),
        ("attachment.delete-on-termination", |ec2, now, volume| {
            attached(ec2, now, volume, |it| it.delete_on_termination.to_string())
        }),
        ("attachment.device", |ec2, now, volume| {
            attached(ec2, now, volume, |it| it.device.clone())
        }),
        ("attachment.instance-id", |ec2, now, volume| {
            attached(ec2, now, volume, |it| it.instance.clone())
        }),
        ("attachment.status", |ec2, now, volume| {
            let attachment = volume.attachment(ec2, now);
            attachment
                .map(|(_, state)| state.name().to_owned())
                .into_iter()
                .collect()
        }),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::Volume.unknown(id)
    }
}

fn attached(
    ec2: &Ec2,
    now: Timestamp,
    volume: &Volume,
    value: impl Fn(&Attachment) -> String,
) -> Vec<String> {
    let attachment = volume.attachment(ec2, now);
    attachment.map(|(it, _)| value(it)).into_iter().collect()
}

impl Ec2 {
    /// Returns a volume by its id, as another call finds it.
    pub(super) fn visible_volume(&self, id: &str, now: Timestamp) -> Result<&Volume, ServiceError> {
        self.volumes
            .get(id)
            .filter(|volume| volume.is_visible(self, now))
            .ok_or_else(|| ResourceKind::Volume.unknown(id))
    }

    /// Returns the volumes that are attached to an instance, the root volume first.
    pub(super) fn volumes_of(
        &self,
        instance: &str,
        now: Timestamp,
    ) -> Vec<(&Volume, &Attachment, AttachmentState)> {
        let root = self
            .instance(instance)
            .map(|it| it.root_device().to_owned());
        let mut volumes: Vec<_> = self
            .volumes
            .values()
            .filter_map(|volume| {
                let (attachment, state) = volume.attachment(self, now)?;
                (attachment.instance == instance).then_some((volume, attachment, state))
            })
            .collect();
        volumes.sort_by_key(|(_, attachment, _)| {
            let is_data = root.as_ref() != Some(&attachment.device);
            (is_data, attachment.device.clone())
        });
        volumes
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    // No resource here belongs to a service that manages it for the account.
    params.accept("IncludeManagedResources");
    let selection = Selection::read(params, "DescribeVolumes")?;
    let now = context.now;
    let visible = ec2.volumes.values().filter(|it| it.is_visible(ec2, now));
    let page = selection.choose(ec2, now, visible)?;
    Ok(page.reply("volumeSet", |volume| element(ec2, now, volume)))
}

pub(crate) fn describe_status(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    params.accept("IncludeManagedResources");
    let selection = Selection::<Volume>::read(params, "DescribeVolumeStatus")?;
    let now = context.now;
    let visible = ec2.volumes.values().filter(|it| it.is_visible(ec2, now));
    let page = selection.choose(ec2, now, visible)?;
    Ok(page.reply("volumeStatusSet", |volume| {
        // No volume here is ever impaired.
        let checked = now >= volume.available_at;
        let (status, enabled) = match checked {
            true => ("ok", "passed"),
            false => ("insufficient-data", "insufficient-data"),
        };
        let detail = |name, status| {
            Element::new("item")
                .with("name", name)
                .with("status", status)
        };
        let details = [
            detail("io-enabled", enabled),
            detail("io-performance", "not-applicable"),
        ];
        Element::new("item")
            .with("volumeId", &volume.id)
            .with("availabilityZone", &volume.zone)
            .with("availabilityZoneId", &volume.zone_id)
            .child(
                Element::new("volumeStatus")
                    .with("status", status)
                    .child(Element::list("details", "item", details)),
            )
            .child(Element::new("eventsSet"))
            .child(Element::new("actionsSet"))
    }))
}

/// Returns the zone with that name and that id; one of the two is enough.
fn requested_zone(ec2: &Ec2, names: [Option<String>; 2]) -> Result<Zone, ServiceError> {
    let [name, id] = names;
    if name.is_none() && id.is_none() {
        let message = "The request must contain the parameter AvailabilityZone";
        return Err(ServiceError::new(Code::MissingParameter, message));
    }
    let mut zones = ec2.open_zones().into_iter().cloned();
    let found = zones.find(|zone| {
        name.as_ref().is_none_or(|name| *name == zone.name)
            && id.as_ref().is_none_or(|id| *id == zone.id)
    });
    found.ok_or_else(|| {
        let zone = name.or(id).unwrap_or_default();
        let message = format!("The zone '{zone}' does not exist.");
        ServiceError::new(Code::InvalidZoneNotFound, message)
    })
}

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let zone_names = ["AvailabilityZone", "AvailabilityZoneId"].map(|name| params.optional(name));
    let size: Option<u32> = params.parsed("Size")?;
    let client_token = params.optional("ClientToken");
    let volume_type = one_of(params, "VolumeType", &VOLUME_TYPES)?;
    let encrypted = params.parsed("Encrypted")?.unwrap_or(false);
    let iops = params.parsed("Iops")?;
    let throughput = params.parsed("Throughput")?;
    let tags = TagSpecifications::read(params, &[ResourceKind::Volume])?;
    params.refuse_unread("CreateVolume")?;
    let zone = requested_zone(ec2, zone_names)?;
    let size_gib = size.ok_or_else(|| {
        let message = "The request must contain the parameter size/snapshot";
        ServiceError::new(Code::MissingParameter, message)
    })?;
    // EBS user guide: a volume without a type is a gp2 volume.
    let volume_type = volume_type.unwrap_or_else(|| "gp2".to_owned());
    refuse_size(&volume_type, size_gib)?;
    refuse_performance(&volume_type, size_gib, iops, throughput)?;
    let available_at = context.now + context.duration(Step::VolumeAvailable);
    let volume = Volume {
        id: ResourceKind::Volume.new_id(context.rng),
        zone: zone.name,
        zone_id: zone.id,
        size_gib,
        volume_type,
        encrypted,
        iops,
        throughput,
        snapshot: None,
        client_token,
        created_at: context.now,
        visible_at: context.now + context.rng.duration(Step::Consistency),
        available_at,
        fails: matches!(context.lifecycle, LifecycleOverride::Fails { .. }),
        attachment: None,
        deletion: None,
    };
    if let Some(earlier) = ec2.created_before(&volume)? {
        let description = element(ec2, context.now, earlier);
        return Ok(Reply::xml(description));
    }
    ec2.tags.attach(&volume.id, tags.of(ResourceKind::Volume));
    let description = element(ec2, context.now, &volume);
    ec2.volumes.insert(volume.id.clone(), volume);
    Ok(Reply::xml(description))
}

pub(crate) fn delete(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("VolumeId")?;
    params.refuse_unread("DeleteVolume")?;
    let now = context.now;
    let volume = ec2.visible_volume(&id, now)?;
    if let Some((attachment, _)) = volume.attachment(ec2, now) {
        let message = format!(
            "Volume {id} is currently attached to {}",
            attachment.instance
        );
        return Err(ServiceError::new(Code::VolumeInUse, message));
    }
    match volume.state(ec2, now) {
        Some(VolumeState::Available | VolumeState::Error) => {}
        Some(VolumeState::Creating | VolumeState::InUse | VolumeState::Deleting) | None => {
            let message = format!("The volume '{id}' is not 'available'.");
            return Err(ServiceError::new(Code::IncorrectState, message));
        }
    }
    let ends_at = now + context.duration(Step::VolumeDeleted);
    if let Some(volume) = ec2.volumes.get_mut(&id) {
        volume.deletion = Some(Deletion { ends_at });
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

impl Ec2 {
    /// Returns the volume that the client token has already created.
    fn created_before(&self, new: &Volume) -> Result<Option<&Volume>, ServiceError> {
        let Some(token) = &new.client_token else {
            return Ok(None);
        };
        let mut volumes = self.volumes.values();
        let Some(earlier) = volumes.find(|it| it.client_token.as_ref() == Some(token)) else {
            return Ok(None);
        };
        let asked = |volume: &Volume| {
            let kind = (volume.volume_type.clone(), volume.encrypted);
            let size = (volume.size_gib, volume.iops, volume.throughput);
            (volume.zone.clone(), kind, size)
        };
        if asked(earlier) != asked(new) {
            let message =
                "The request uses the same client token as a previous, but non-identical request.";
            return Err(ServiceError::new(
                Code::IdempotentParameterMismatch,
                message,
            ));
        }
        Ok(Some(earlier))
    }
}

fn element(ec2: &Ec2, now: Timestamp, volume: &Volume) -> Element {
    let attachment = volume.attachment(ec2, now);
    let items = attachment.map(|(attachment, state)| attachment.element(&volume.id, state));
    Element::new("item")
        .with("volumeId", &volume.id)
        .with("volumeArn", ec2.arn(format_args!("volume/{}", volume.id)))
        .with("ownerId", &ec2.account_id)
        .with("size", volume.size_gib)
        .with("snapshotId", volume.snapshot.as_deref().unwrap_or_default())
        .with("availabilityZone", &volume.zone)
        .with("availabilityZoneId", &volume.zone_id)
        .with_some("status", volume.state(ec2, now).map(VolumeState::name))
        .with("createTime", format_args!("{:.3}", volume.created_at))
        .child(Element::list("attachmentSet", "item", items))
        .with("volumeType", &volume.volume_type)
        .with_some("iops", volume.iops())
        .with_some("throughput", volume.throughput())
        .with("encrypted", volume.encrypted)
        .with("multiAttachEnabled", false)
        .children(ec2.tags.element_if_any(&volume.id))
}
