//! The script that every instance runs when it first starts.

mod boot_marker;
mod compose;
mod container;
mod gpu_marker;
mod secrets;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use thiserror::Error;

use crate::id::{AccessPointId, FileSystemId};
use crate::spec::{GpuInstanceType, Gpus, InstanceType, Service, StackName};
pub(crate) use boot_marker::{BootFailure, BootReport};
use compose::compose_file;
pub(crate) use container::usual_owner;
use container::{Container, in_start_order};
pub use gpu_marker::{GpuMismatch, GpuReport};
use secrets::Secrets;

/// The most bytes of user data that `RunInstances` accepts, before base64.
pub(crate) const USER_DATA_MAX: usize = 16384;

/// The values that the script is rendered from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserData<'a> {
    pub(crate) stack: &'a StackName,
    pub(crate) file_system: &'a FileSystemId,
    /// The access points by the folder at which they are mounted; none to mount the whole file system.
    pub(crate) access_points: &'a BTreeMap<String, AccessPointId>,
    pub(crate) region: &'a str,
    pub(crate) services: &'a [Service],
    /// The GPUs of the instance, if it has any.
    pub(crate) gpus: Option<GpuSetup>,
    /// True if AWS may take the instance back.
    pub(crate) may_be_spot: bool,
}

impl UserData<'_> {
    /// Renders the script. If it is too long, it is compressed: cloud-init recognizes the first bytes.
    ///
    /// # Errors
    /// Returns an error if it is too long when compressed.
    pub(crate) fn render(&self) -> Result<Vec<u8>, UserDataTooLarge> {
        let script = self.script();
        if script.len() <= USER_DATA_MAX {
            return Ok(script.into_bytes());
        }
        let compressed = compress(&script);
        if compressed.len() <= USER_DATA_MAX {
            Ok(compressed)
        } else {
            Err(UserDataTooLarge {
                bytes: compressed.len(),
            })
        }
    }

    /// Returns the script as text.
    fn script(&self) -> String {
        let containers: Vec<_> = self.services.iter().map(Container::from).collect();
        Script {
            stack: self.stack.as_str(),
            file_system: self.file_system.as_str(),
            access_points: self.access_points,
            region: self.region,
            containers: &containers,
            gpus: self.gpus,
            may_be_spot: self.may_be_spot,
        }
        .render()
    }
}

/// Error returned when the script is longer than `RunInstances` accepts.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the user data would be {bytes} bytes, compressed; the limit is {USER_DATA_MAX}")]
pub(crate) struct UserDataTooLarge {
    /// The length of the compressed script in bytes.
    pub(crate) bytes: usize,
}

/// The part of the script that is about GPUs. The script of an instance without GPUs has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GpuSetup {
    pub(crate) maker: GpuMaker,
    /// True if the instance reports its GPUs on its console.
    pub(crate) check: bool,
}

impl GpuSetup {
    /// Returns what an instance of the type needs for its GPUs.
    pub(crate) fn of(instance_type: InstanceType, check: bool) -> Option<Self> {
        match instance_type {
            InstanceType::Gpu(gpu) => Some(Self {
                maker: GpuMaker::of(gpu),
                check,
            }),
            InstanceType::Cpu(_) => None,
        }
    }
}

/// The company whose drivers and devices the containers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GpuMaker {
    Nvidia,
    Amd,
}

impl GpuMaker {
    pub(crate) fn of(instance_type: GpuInstanceType) -> Self {
        if instance_type.gpu_model().starts_with("AMD ") {
            Self::Amd
        } else {
            Self::Nvidia
        }
    }

    /// Returns the name by which the script knows the maker.
    fn name(self) -> &'static str {
        match self {
            Self::Nvidia => "nvidia",
            Self::Amd => "amd",
        }
    }
}

/// The values of the script, without the types of the spec.
struct Script<'a> {
    stack: &'a str,
    file_system: &'a str,
    access_points: &'a BTreeMap<String, AccessPointId>,
    region: &'a str,
    containers: &'a [Container<'a>],
    gpus: Option<GpuSetup>,
    may_be_spot: bool,
}

/// The values that the template names.
#[derive(Serialize)]
struct TemplateValues<'a> {
    stack: &'a str,
    runner: String,
    aws_runner: String,
    ecr_runner: String,
    secrets_runner: String,
    access_points_runner: String,
    spot_runner: String,
    region: &'a str,
    secrets: Vec<String>,
    registries: Vec<String>,
    needs_aws: u8,
    file_system: &'a str,
    file_system_host: String,
    access_points: Vec<String>,
    gpus: Option<GpuValues<'a>>,
    spot: u8,
    scratch: u8,
    images: Vec<String>,
    services: Vec<&'a str>,
    folders: Vec<String>,
    compose: String,
}

/// The values that the template names for an instance with GPUs.
#[derive(Serialize)]
struct GpuValues<'a> {
    check: u8,
    maker: &'static str,
    services: Vec<&'a str>,
}

impl Script<'_> {
    #[expect(
        clippy::expect_used,
        reason = "the template is part of the program and is given all that it names"
    )]
    fn render(&self) -> String {
        self.render_template()
            .expect("the user data template renders")
    }

    fn render_template(&self) -> Result<String, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .keep_trailing_newline(true)
                .build()?,
        );
        environment.add_filter("quote", quote);
        environment.add_filter("quote_all", |words: Vec<String>| {
            words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
        });
        environment.render_str(include_str!("template.sh"), Serde(self.values()))
    }

    fn values(&self) -> TemplateValues<'_> {
        let containers = in_start_order(self.containers);
        let volumes = || {
            containers.iter().flat_map(|container| {
                container
                    .volumes
                    .iter()
                    .map(move |volume| (container, volume))
            })
        };
        let mut images: Vec<&Container<'_>> = Vec::new();
        for container in &containers {
            if !images.iter().any(|it| it.image == container.image) {
                images.push(container);
            }
        }
        let secrets = Secrets::of(containers.iter().copied());
        let registries: BTreeSet<_> = containers.iter().filter_map(|it| it.registry()).collect();
        TemplateValues {
            stack: self.stack,
            runner: without_comments(&match self.gpus {
                Some(_) => include_str!("run.sh").to_owned(),
                None => without_gpus(include_str!("run.sh")),
            }),
            aws_runner: without_comments(include_str!("aws.sh")),
            ecr_runner: without_comments(include_str!("ecr.sh")),
            secrets_runner: without_comments(include_str!("secrets.sh")),
            access_points_runner: without_comments(include_str!("access_points.sh")),
            spot_runner: without_comments(include_str!("spot.sh")),
            region: self.region,
            secrets: secrets.entries(),
            needs_aws: (secrets.needs_aws() || !registries.is_empty()).into(),
            registries: registries.into_iter().collect(),
            file_system: self.file_system,
            file_system_host: format!(
                "{}.efs.{}.{}",
                self.file_system,
                self.region,
                dns_suffix(self.region)
            ),
            access_points: self
                .access_points
                .iter()
                .map(|(folder, id)| format!("{id} {folder}"))
                .collect(),
            gpus: self.gpus.map(|gpus| GpuValues {
                check: gpus.check.into(),
                maker: gpus.maker.name(),
                services: containers
                    .iter()
                    .filter(|container| container.gpus != Gpus::None)
                    .map(|container| container.name)
                    .collect(),
            }),
            spot: self.may_be_spot.into(),
            scratch: volumes()
                .any(|(_, volume)| volume.folder.starts_with("/mnt/scratch/"))
                .into(),
            images: images
                .iter()
                .map(|container| format!("{} {}", container.name, container.image))
                .collect(),
            services: containers.iter().map(|container| container.name).collect(),
            folders: volumes()
                // EFS creates the root folder of an access point, and refuses to give it to another user.
                .filter(|(_, volume)| !self.access_points.contains_key(volume.folder))
                .map(|(container, volume)| {
                    format!("{} {}", container.folder_owner(), volume.folder)
                })
                .collect(),
            compose: compose_file(self.containers, self.gpus.map(|gpus| gpus.maker), &secrets),
        }
    }
}

/// Returns the script without its lines from `#< GPUs` to `#>`.
fn without_gpus(script: &str) -> String {
    let mut is_about_gpus = false;
    let lines = script.lines().filter(|line| {
        let is_end = is_about_gpus && line.trim() == "#>";
        is_about_gpus = !is_end && (is_about_gpus || line.trim() == "#< GPUs");
        !is_about_gpus && !is_end
    });
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// Returns the script without its lines of comments, which count against the limit.
fn without_comments(script: &str) -> String {
    let lines: Vec<_> = script
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let mut script = lines.join("\n");
    while script.contains("\n\n\n") {
        script = script.replace("\n\n\n", "\n\n");
    }
    script.trim_start().to_owned()
}

/// Returns the suffix of the DNS names of the Region's file systems.
///
/// Source: the configuration of amazon-efs-utils.
fn dns_suffix(region: &str) -> &'static str {
    let suffixes = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isof-", "csp.hci.ic.gov"),
    ];
    suffixes
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// Quotes any text as one word of shell.
fn quote(text: String) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[expect(clippy::expect_used, reason = "writing to a vector cannot fail")]
fn compress(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(text.as_bytes())
        .and_then(|()| encoder.finish())
        .expect("a vector takes all bytes")
}
