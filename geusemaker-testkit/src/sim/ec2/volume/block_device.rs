//! The volumes with which an instance is launched.

use serde::{Deserialize, Serialize};

use super::volume_type::{VOLUME_TYPES, refuse_performance, refuse_size};
use crate::sim::ec2::Code;
use crate::sim::ec2::image::Image;
use crate::sim::ec2::validation::one_of;
use crate::wire::ServiceError;
use crate::wire::params::{Params, Structure};

/// The properties of one volume to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlockDevice {
    /// The device name, such as `/dev/sda1`.
    pub(in crate::sim::ec2) name: String,
    pub(in crate::sim::ec2) size_gib: u32,
    pub(super) volume_type: String,
    pub(super) encrypted: bool,
    pub(super) delete_on_termination: bool,
    pub(super) iops: Option<u32>,
    pub(super) throughput: Option<u32>,
}

impl BlockDevice {
    /// Reads the `BlockDeviceMapping` parameters. The root volume comes first; by default it is as the image describes
    /// it.
    pub(in crate::sim::ec2) fn read_all(
        params: &mut Params,
        image: &Image,
    ) -> Result<Vec<Self>, ServiceError> {
        let mut devices = vec![Self {
            name: image.root_device.to_owned(),
            size_gib: image.root_gib,
            volume_type: "gp3".to_owned(),
            encrypted: false,
            delete_on_termination: true,
            iops: None,
            throughput: None,
        }];
        for mapping in params.structures("BlockDeviceMapping") {
            let Some(device) = Self::read(params, &mapping, image)? else {
                continue;
            };
            let is_root = device.name == image.root_device;
            match devices.iter_mut().find(|other| other.name == device.name) {
                Some(root) if is_root => *root = device,
                Some(_) => {
                    let message = format!("Duplicate device name '{}'", device.name);
                    return Err(ServiceError::new(Code::InvalidBlockDeviceMapping, message));
                }
                None => devices.push(device),
            }
        }
        Ok(devices)
    }

    /// Reads one mapping; returns `None` if it is not for a volume.
    fn read(
        params: &mut Params,
        mapping: &Structure,
        image: &Image,
    ) -> Result<Option<Self>, ServiceError> {
        let name = params.required(&mapping.member("DeviceName"))?;
        let virtual_name = params.optional(&mapping.member("VirtualName"));
        if virtual_name.is_some_and(|it| it.starts_with("ephemeral")) {
            // EC2 user guide: an instance has all its NVMe instance store volumes, no matter what the mappings say.
            return Ok(None);
        }
        let is_root = name == image.root_device;
        let snapshot = params.optional(&mapping.member("Ebs.SnapshotId"));
        if let Some(id) = snapshot.filter(|id| !is_root || *id != image.snapshot()) {
            // The only snapshots here are those of the images.
            let message = format!("The snapshot '{id}' does not exist.");
            return Err(ServiceError::new(Code::InvalidSnapshotNotFound, message));
        }
        let size_gib = match params.parsed(&mapping.member("Ebs.VolumeSize"))? {
            Some(size) => size,
            None if is_root => image.root_gib,
            None => {
                let message = "The request must contain the parameter size or snapshotId";
                return Err(ServiceError::new(Code::MissingParameter, message));
            }
        };
        let device = Self {
            size_gib,
            // EBS user guide: a volume without a type is a gp2 volume, except the one that the image describes.
            volume_type: one_of(params, &mapping.member("Ebs.VolumeType"), &VOLUME_TYPES)?
                .unwrap_or_else(|| if is_root { "gp3" } else { "gp2" }.to_owned()),
            encrypted: params
                .parsed(&mapping.member("Ebs.Encrypted"))?
                .unwrap_or(false),
            delete_on_termination: params
                .parsed(&mapping.member("Ebs.DeleteOnTermination"))?
                .unwrap_or(is_root),
            iops: params.parsed(&mapping.member("Ebs.Iops"))?,
            throughput: params.parsed(&mapping.member("Ebs.Throughput"))?,
            name,
        };
        refuse_performance(
            &device.volume_type,
            device.size_gib,
            device.iops,
            device.throughput,
        )?;
        refuse_size(&device.volume_type, device.size_gib)?;
        Ok(Some(device))
    }
}
