//! Machine images: the newest Deep Learning image for an architecture, or the one that the spec names.

use aws_sdk_ec2::types::Image as SdkImage;
use serde::{Deserialize, Serialize};

use super::filter::filter;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::AmiId;
use crate::spec::{Architecture, OperatingSystem};

/// The account that publishes AWS's Deep Learning images.
const DEEP_LEARNING_OWNER: &str = "898082745236";

/// An image that instances can be launched from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Image {
    /// The image id: `ami-0123…`.
    pub id: AmiId,
    /// The name: `Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20261009`.
    pub name: String,
    /// The device name of the root volume.
    pub root_device: String,
    pub(crate) architecture: String,
    /// The state that AWS reported at the plan: `available`.
    #[serde(skip)]
    pub(crate) state: String,
    /// The size of the snapshot of the root volume in GiB, or 0 if AWS does not say it.
    #[serde(skip)]
    pub(crate) snapshot_gib: u32,
}

/// Returns the newest Deep Learning Base image of an operating system, if there is one in the region.
pub(crate) async fn newest_deep_learning(
    aws: &Reader,
    os: OperatingSystem,
    architecture: Architecture,
) -> Result<Option<Image>, AwsError> {
    let (kind, machine) = match architecture {
        Architecture::X86_64 => ("Deep Learning Base OSS Nvidia Driver GPU AMI", "x86_64"),
        Architecture::Arm64 => (
            "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI",
            "arm64",
        ),
    };
    let name = format!("{kind} ({}) *", os.in_image_name());
    let reply = aws
        .ec2
        .describe_images()
        .owners(DEEP_LEARNING_OWNER)
        .filters(filter("name", &name))
        .filters(filter("architecture", machine))
        .filters(filter("state", "available"))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeImages"))?;
    // Creation dates are ISO 8601, which sorts as text.
    let newest = reply
        .images
        .unwrap_or_default()
        .into_iter()
        .max_by(|a, b| a.creation_date.cmp(&b.creation_date));
    Ok(newest.and_then(Image::read))
}

/// Returns the image with this id, if the account can see it.
pub(crate) async fn named(aws: &Reader, id: &AmiId) -> Result<Option<Image>, AwsError> {
    let reply = aws
        .ec2
        .describe_images()
        .image_ids(id.as_str())
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeImages"));
    match reply {
        Ok(reply) => Ok(reply
            .images
            .and_then(|all| all.into_iter().next())
            .and_then(Image::read)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

impl Image {
    fn read(image: SdkImage) -> Option<Self> {
        let root = image.block_device_mappings().iter().find(|mapping| {
            mapping.device_name().is_some() && mapping.device_name() == image.root_device_name()
        });
        let snapshot_gib = root.and_then(|root| root.ebs()?.volume_size()).unwrap_or(0);
        Some(Self {
            state: image
                .state()
                .map(|state| state.as_str().to_owned())
                .unwrap_or_default(),
            snapshot_gib: snapshot_gib.try_into().unwrap_or_default(),
            id: AmiId::from_aws(image.image_id?),
            name: image.name.unwrap_or_default(),
            root_device: image
                .root_device_name
                .unwrap_or_else(|| "/dev/sda1".to_owned()),
            architecture: image
                .architecture
                .map(|a| a.as_str().to_owned())
                .unwrap_or_default(),
        })
    }

    /// Returns true if machines of this architecture can boot the image, or if the image names no architecture.
    pub(crate) fn boots_on(&self, architecture: Architecture) -> bool {
        let machine = match architecture {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "arm64",
        };
        self.architecture.is_empty() || self.architecture == machine
    }
}
