//! Machine images: the Deep Learning images that Amazon publishes, and a plain image of each usual operating system.

use super::Ec2;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The account in which Amazon publishes Deep Learning images.
const DEEP_LEARNING: &str = "898082745236";

/// The account in which Amazon publishes Amazon Linux.
const AMAZON_LINUX: &str = "137112412989";

/// Canonical's account, which publishes Ubuntu.
const CANONICAL: &str = "099720109477";

pub(crate) struct Image {
    pub(crate) id: String,
    name: String,
    description: String,
    /// Either `x86_64` or `arm64`.
    pub(crate) architecture: &'static str,
    /// The date of publication, such as `20261009`.
    date: &'static str,
    owner: &'static str,
    /// The alias of the owner, if it is Amazon.
    alias: Option<&'static str>,
    /// The name of the root device, such as `/dev/sda1`.
    pub(super) root_device: &'static str,
    /// The size of the root volume's snapshot, which is the minimum size of a root volume.
    pub(super) root_gib: u32,
    /// The Systems Manager parameter that names the newest image of this kind.
    parameter: Option<String>,
    /// The time from which lists leave the image out unless they are asked for it.
    deprecated_at: Option<&'static str>,
}

/// Returns the images of a region.
pub(crate) fn images(region: &str) -> Vec<Image> {
    let mut images = deep_learning_images(region);
    for (architecture, debian) in [("x86_64", "amd64"), ("arm64", "arm64")] {
        // Canonical has its older releases on gp2 volumes.
        for (version, code_name, folder, volume) in [
            ("24.04", "noble", "hvm-ssd-gp3", "gp3"),
            ("22.04", "jammy", "hvm-ssd", "gp2"),
        ] {
            let name = format!(
                "ubuntu/images/{folder}/ubuntu-{code_name}-{version}-{debian}-server-20261002"
            );
            let parameter = format!(
                "/aws/service/canonical/ubuntu/server/{version}/stable/current/{debian}/hvm/ebs-{volume}/ami-id"
            );
            images.push(Image {
                id: ResourceKind::Image.fixed_id(&format!("{region} {name}")),
                description: format!("Canonical, Ubuntu, {version}, {debian} {code_name} image"),
                name,
                architecture,
                date: "20261002",
                owner: CANONICAL,
                alias: None,
                root_device: "/dev/sda1",
                root_gib: 8,
                parameter: Some(parameter),
                deprecated_at: None,
            });
        }
        let name = format!("al2023-ami-2023.9.20261005.0-kernel-6.1-{architecture}");
        let parameter =
            format!("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-{architecture}");
        images.push(Image {
            id: ResourceKind::Image.fixed_id(&format!("{region} {name}")),
            description: format!("Amazon Linux 2023 AMI 2023.9 {architecture} HVM kernel-6.1"),
            name,
            architecture,
            date: "20261005",
            owner: AMAZON_LINUX,
            alias: Some("amazon"),
            root_device: "/dev/xvda",
            root_gib: 8,
            parameter: Some(parameter),
            deprecated_at: None,
        });
    }
    images
}

/// An operating system for which AWS publishes Deep Learning Base images.
struct BaseSystem {
    name: &'static str,
    /// The name in parameters.
    parameter: &'static str,
    root_device: &'static str,
    /// The dates of the images, the newest last, each with the size of the root volume's snapshot.
    dates: [(&'static str, u32); 3],
}

/// From the release notes of the Deep Learning AMIs (stack facts). Snapshots of 75 GiB and larger ones are known; which
/// image has which is assumed.
const BASE_SYSTEMS: [BaseSystem; 3] = [
    BaseSystem {
        name: "Ubuntu 22.04",
        parameter: "ubuntu-22.04",
        root_device: "/dev/sda1",
        dates: [("20260814", 75), ("20260925", 75), ("20261009", 77)],
    },
    BaseSystem {
        name: "Ubuntu 24.04",
        parameter: "ubuntu-24.04",
        root_device: "/dev/sda1",
        dates: [("20260814", 75), ("20260925", 75), ("20261009", 75)],
    },
    BaseSystem {
        name: "Amazon Linux 2023",
        parameter: "amazon-linux-2023",
        root_device: "/dev/xvda",
        dates: [("20260519", 75), ("20260901", 75), ("20261006", 75)],
    },
];

/// Returns AWS's images with the drivers of GPUs.
fn deep_learning_images(region: &str) -> Vec<Image> {
    let mut images = Vec::new();
    for (infix, architecture) in [("", "x86_64"), (" ARM64", "arm64")] {
        for system in &BASE_SYSTEMS {
            for (date, root_gib) in system.dates {
                let name = format!(
                    "Deep Learning{infix} Base OSS Nvidia Driver GPU AMI ({}) {date}",
                    system.name
                );
                let parameter = format!(
                    "/aws/service/deeplearning/ami/{architecture}/base-oss-nvidia-driver-gpu-{}/latest/ami-id",
                    system.parameter
                );
                let is_newest = system.dates.last().is_some_and(|(last, _)| *last == date);
                images.push(Image {
                    id: ResourceKind::Image.fixed_id(&format!("{region} {name}")),
                    description: name.clone(),
                    name,
                    architecture,
                    date,
                    owner: DEEP_LEARNING,
                    alias: Some("amazon"),
                    root_device: system.root_device,
                    root_gib,
                    parameter: is_newest.then_some(parameter),
                    deprecated_at: None,
                });
            }
        }
    }
    // The last image for V100 GPUs. That AWS deprecated it when its operating system ended is assumed, and its size too.
    let name = "Deep Learning Base Proprietary Nvidia Driver AMI (Amazon Linux 2) Version 71.6";
    images.push(Image {
        id: ResourceKind::Image.fixed_id(&format!("{region} {name}")),
        name: name.to_owned(),
        description: name.to_owned(),
        architecture: "x86_64",
        date: "20260115",
        owner: DEEP_LEARNING,
        alias: Some("amazon"),
        root_device: "/dev/xvda",
        root_gib: 75,
        parameter: None,
        deprecated_at: Some("2026-06-30T00:00:00.000Z"),
    });
    images
}

/// Returns the image of that id in a region.
pub(crate) fn image(region: &str, id: &str) -> Option<Image> {
    images(region).into_iter().find(|image| image.id == id)
}

/// Returns the newest image of a kind, by the public parameter of Systems Manager that names it.
pub(crate) fn image_of_parameter(region: &str, parameter: &str) -> Option<Image> {
    // The kernel that is the current default.
    let parameter = parameter.replace("al2023-ami-kernel-default-", "al2023-ami-kernel-6.1-");
    let mut images = images(region).into_iter();
    images.find(|image| image.parameter.as_ref() == Some(&parameter))
}

impl Image {
    /// Returns the id of the root volume's snapshot.
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
        ("description", |_, _, image| vec![image.description.clone()]),
        ("architecture", |_, _, image| {
            vec![image.architecture.to_owned()]
        }),
        ("creation-date", |_, _, image| vec![image.creation_date()]),
        ("owner-alias", |_, _, image| {
            image.alias.map(str::to_owned).into_iter().collect()
        }),
        ("owner-id", |_, _, image| vec![image.owner.to_owned()]),
        ("is-public", |_, _, _| vec!["true".to_owned()]),
        ("state", |_, _, _| vec!["available".to_owned()]),
        ("image-type", |_, _, _| vec!["machine".to_owned()]),
        ("hypervisor", |_, _, _| vec!["xen".to_owned()]),
        ("ena-support", |_, _, _| vec!["true".to_owned()]),
        ("root-device-name", |_, _, image| {
            vec![image.root_device.to_owned()]
        }),
        ("root-device-type", |_, _, _| vec!["ebs".to_owned()]),
        ("virtualization-type", |_, _, _| vec!["hvm".to_owned()]),
        ("block-device-mapping.snapshot-id", |_, _, image| {
            vec![image.snapshot()]
        }),
        ("block-device-mapping.device-name", |_, _, image| {
            vec![image.root_device.to_owned()]
        }),
        ("block-device-mapping.volume-size", |_, _, image| {
            vec![image.root_gib.to_string()]
        }),
        ("block-device-mapping.volume-type", |_, _, _| {
            vec!["gp3".to_owned()]
        }),
        // No image here needs a subscription, and all are Linux.
        ("product-code", |_, _, _| Vec::new()),
        ("platform", |_, _, _| Vec::new()),
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
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let owners = params.list("Owner");
    let executable_by = params.list("ExecutableBy");
    let includes_deprecated: Option<bool> = params.parsed("IncludeDeprecated")?;
    // None of the images here is disabled.
    params.accept("IncludeDisabled");
    let named = params.list("ImageId");
    let selection = Selection::read(params, "DescribeImages")?;
    let mut images = images(context.region);
    // The account itself has no images, and none is shared with it alone.
    images.retain(|image| {
        let is_owner =
            |owner: &String| *owner == image.owner || Some(owner.as_str()) == image.alias;
        let is_shared = |with: &String| with == "all";
        (owners.is_empty() || owners.iter().any(is_owner))
            && (executable_by.is_empty() || executable_by.iter().any(is_shared))
    });
    // That one is listed by its id anyway is memory.
    images.retain(|image| {
        image.deprecated_at.is_none()
            || includes_deprecated == Some(true)
            || named.contains(&image.id)
    });
    let page = selection.choose(ec2, context.now, &images)?;
    Ok(page.reply("imagesSet", element))
}

fn element(image: &Image) -> Element {
    let root = Element::new("item")
        .with("deviceName", image.root_device)
        .child(
            Element::new("ebs")
                .with("snapshotId", image.snapshot())
                .with("volumeSize", image.root_gib)
                .with("volumeType", "gp3")
                .with("iops", 3000)
                .with("throughput", 125)
                .with("deleteOnTermination", true)
                .with("encrypted", false),
        );
    let publisher = image.alias.unwrap_or(image.owner);
    Element::new("item")
        .with("imageId", &image.id)
        .with("imageLocation", format_args!("{publisher}/{}", image.name))
        .with("imageState", "available")
        .with("imageOwnerId", image.owner)
        .with_some("imageOwnerAlias", image.alias)
        .with("isPublic", true)
        .with("creationDate", image.creation_date())
        .with_some("deprecationTime", image.deprecated_at)
        .with("architecture", image.architecture)
        .with("imageType", "machine")
        .with("name", &image.name)
        .with("description", &image.description)
        .with("platformDetails", "Linux/UNIX")
        .with("usageOperation", "RunInstances")
        .with("rootDeviceType", "ebs")
        .with("rootDeviceName", image.root_device)
        .child(Element::list("blockDeviceMapping", "item", [root]))
        .with("virtualizationType", "hvm")
        .with("hypervisor", "xen")
        .with("sriovNetSupport", "simple")
        .with("enaSupport", true)
}
