//! Machine images: the Deep Learning images that Amazon publishes.

use super::Ec2;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use crate::sim::moment::Moment;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) struct Image {
    pub(crate) id: String,
    name: String,
    /// `x86_64` or `arm64`
    pub(crate) architecture: &'static str,
    /// `20261009`
    date: &'static str,
}

/// The account in which Amazon publishes them.
const OWNER: &str = "898082745236";
pub(crate) const ROOT_DEVICE: &str = "/dev/sda1";
/// The size of the root volume's snapshot, which is the least that a root volume may have.
pub(crate) const ROOT_VOLUME_GIB: u32 = 75;

/// The images of a region.
pub(crate) fn images(region: &str) -> Vec<Image> {
    let mut images = Vec::new();
    for (infix, architecture) in [("", "x86_64"), (" ARM64", "arm64")] {
        for system in ["Ubuntu 22.04", "Ubuntu 24.04"] {
            for date in ["20260814", "20260925", "20261009"] {
                let name = format!(
                    "Deep Learning{infix} Base OSS Nvidia Driver GPU AMI ({system}) {date}"
                );
                images.push(Image {
                    id: ResourceKind::Image.fixed_id(&format!("{region} {name}")),
                    name,
                    architecture,
                    date,
                });
            }
        }
    }
    images
}

/// The image of that id in a region.
pub(crate) fn image(region: &str, id: &str) -> Option<Image> {
    images(region).into_iter().find(|image| image.id == id)
}

impl Image {
    /// The id of the root volume's snapshot.
    pub(crate) fn snapshot(&self) -> String {
        self.id.replace("ami-", "snap-")
    }

    fn creation_date(&self) -> String {
        let (year, day) = self.date.split_at(4);
        let (month, day) = day.split_at(2);
        format!("{year}-{month}-{day}T07:30:00.000Z")
    }
}

impl Described for Image {
    const IDS: Option<&'static str> = Some("ImageId");
    const FIELDS: &'static [Field<Self>] = &[
        ("image-id", |_, _, image| vec![image.id.clone()]),
        ("name", |_, _, image| vec![image.name.clone()]),
        ("architecture", |_, _, image| {
            vec![image.architecture.to_owned()]
        }),
        ("creation-date", |_, _, image| vec![image.creation_date()]),
        ("owner-alias", |_, _, _| vec!["amazon".to_owned()]),
        ("owner-id", |_, _, _| vec![OWNER.to_owned()]),
        ("is-public", |_, _, _| vec!["true".to_owned()]),
        ("state", |_, _, _| vec!["available".to_owned()]),
        ("image-type", |_, _, _| vec!["machine".to_owned()]),
        ("root-device-type", |_, _, _| vec!["ebs".to_owned()]),
        ("virtualization-type", |_, _, _| vec!["hvm".to_owned()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::Image.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let owners = params.list("Owner");
    // None of the images here is deprecated or disabled.
    params.accept("IncludeDeprecated");
    params.accept("IncludeDisabled");
    let selection = Selection::read(params, "DescribeImages")?;
    let mut images = images(moment.region);
    let is_owner = |owner: &String| owner == "amazon" || owner == OWNER;
    if !owners.is_empty() && !owners.iter().any(is_owner) {
        // Nobody else has images here: not the account itself, and not the marketplace.
        images.clear();
    }
    let page = selection.choose(ec2, moment.now, &images)?;
    Ok(page.reply("imagesSet", element))
}

fn element(image: &Image) -> Element {
    let root = Element::new("item").with("deviceName", ROOT_DEVICE).child(
        Element::new("ebs")
            .with("snapshotId", image.snapshot())
            .with("volumeSize", ROOT_VOLUME_GIB)
            .with("volumeType", "gp3")
            .with("deleteOnTermination", true)
            .with("encrypted", false),
    );
    Element::new("item")
        .with("imageId", &image.id)
        .with("imageLocation", format_args!("amazon/{}", image.name))
        .with("imageState", "available")
        .with("imageOwnerId", OWNER)
        .with("imageOwnerAlias", "amazon")
        .with("isPublic", true)
        .with("creationDate", image.creation_date())
        .with("architecture", image.architecture)
        .with("imageType", "machine")
        .with("name", &image.name)
        .with("platformDetails", "Linux/UNIX")
        .with("usageOperation", "RunInstances")
        .with("rootDeviceType", "ebs")
        .with("rootDeviceName", ROOT_DEVICE)
        .child(Element::list("blockDeviceMapping", "item", [root]))
        .with("virtualizationType", "hvm")
        .with("hypervisor", "xen")
        .with("enaSupport", true)
}
