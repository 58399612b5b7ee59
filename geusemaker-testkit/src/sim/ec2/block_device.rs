//! The volumes that an instance is launched with.

use serde::{Deserialize, Serialize};

use super::image::{ROOT_DEVICE, ROOT_VOLUME_GIB};
use super::launch_request::{invalid, one_of};
use crate::wire::ServiceError;
use crate::wire::params::Params;
use crate::wire::xml::Element;

/// What one volume shall be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlockDevice {
    /// `/dev/sda1`
    name: String,
    pub(super) size_gib: u32,
    volume_type: String,
    encrypted: bool,
    delete_on_termination: bool,
    iops: Option<u32>,
    throughput: Option<u32>,
}

/// A volume that an instance has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Volume {
    pub(crate) id: String,
    pub(super) device: BlockDevice,
}

impl Volume {
    /// Whether it is still there, and billed, when its instance is gone.
    pub(crate) fn outlives_instance(&self) -> bool {
        !self.device.delete_on_termination
    }

    pub(super) fn element(&self, attach_time: &str) -> Element {
        Element::new("item")
            .with("deviceName", &self.device.name)
            .child(
                Element::new("ebs")
                    .with("volumeId", &self.id)
                    .with("status", "attached")
                    .with("attachTime", attach_time)
                    .with("deleteOnTermination", self.device.delete_on_termination),
            )
    }
}

impl BlockDevice {
    /// Reads the `BlockDeviceMapping` parameters; the root volume comes first, as the image has it if the call does not say.
    pub(super) fn read_all(params: &mut Params) -> Result<Vec<Self>, ServiceError> {
        let mut devices = vec![Self {
            name: ROOT_DEVICE.to_owned(),
            size_gib: ROOT_VOLUME_GIB,
            volume_type: "gp3".to_owned(),
            encrypted: false,
            delete_on_termination: true,
            iops: None,
            throughput: None,
        }];
        for mapping in params.structures("BlockDeviceMapping") {
            let name = params.required(&mapping.member("DeviceName"))?;
            let is_root = name == ROOT_DEVICE;
            let size_gib = params.parsed(&mapping.member("Ebs.VolumeSize"))?;
            let size_gib = match size_gib {
                Some(size) => size,
                None if is_root => ROOT_VOLUME_GIB,
                None => {
                    let message = "The request must contain the parameter size or snapshotId";
                    return Err(ServiceError::new("MissingParameter", message));
                }
            };
            let types = ["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"];
            let device = Self {
                size_gib,
                // EBS user guide: a volume whose type nobody names is a gp2, but for the one that the image describes.
                volume_type: one_of(params, &mapping.member("Ebs.VolumeType"), &types)?
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
            device.refuse_combination()?;
            match devices.iter_mut().find(|other| other.name == device.name) {
                Some(root) if is_root => *root = device,
                Some(_) => {
                    let message = format!("Duplicate device name '{}'", device.name);
                    return Err(ServiceError::new("InvalidBlockDeviceMapping", message));
                }
                None => devices.push(device),
            }
        }
        Ok(devices)
    }

    fn refuse_combination(&self) -> Result<(), ServiceError> {
        if self.throughput.is_some() && self.volume_type != "gp3" {
            let message = format!(
                "The parameter throughput is not supported for {} volumes",
                self.volume_type
            );
            return Err(ServiceError::new("InvalidParameterCombination", message));
        }
        if self.size_gib == 0 {
            return Err(invalid("Volume size must be at least 1 GiB"));
        }
        Ok(())
    }
}
