//! The volumes of a service.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::{DataPath, ServiceName};
use crate::spec::error::SpecError;

/// A folder of the instance that a container sees, and that outlives the container.
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Service, Tier, VolumeKind};
///
/// let vllm = Service::builder("vllm".parse()?, 8000, "vllm/vllm-openai:v0.11.0".parse()?)
///     .volume("/models".parse()?, VolumeKind::Shared)
///     .volume("/root/.cache/vllm".parse()?, VolumeKind::Scratch);
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute)
///     .service(vllm)
///     .build()?;
/// let [models, cache] = spec.services()[0].volumes() else { unreachable!() };
/// assert_eq!(models.host_folder(), "/mnt/shared/vllm");
/// assert_eq!(cache.host_folder(), "/mnt/scratch/vllm/root+.cache+vllm");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    path: DataPath,
    on: VolumeKind,
    host_folder: String,
}

impl Volume {
    /// Returns the path in the container at which the folder is mounted.
    pub fn path(&self) -> &DataPath {
        &self.path
    }

    /// Returns the storage that holds the folder.
    pub fn on(&self) -> VolumeKind {
        self.on
    }

    /// Returns the path of the folder on the instance.
    ///
    /// The first shared volume of a service has the folder `/mnt/shared/SERVICE`. Every other volume has one of its
    /// own, which lies in no other volume's: its name is the path in the container, with `+` for each `/` within it.
    /// For `/root/.cache` that is `/mnt/shared/SERVICE+root+.cache`, `/var/lib/geusemaker/SERVICE/root+.cache` (local)
    /// or `/mnt/scratch/SERVICE/root+.cache`.
    pub fn host_folder(&self) -> &str {
        &self.host_folder
    }
}

/// The storage that holds a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum VolumeKind {
    /// The shared file system, which every instance sees: for models and files. A database can be damaged on it.
    Shared,
    /// The root disk of the instance: for databases. It ends with the instance.
    Local,
    /// The instance-store NVMe disks of the instance, for caches: emptied when the instance stops. An instance type
    /// without such disks has the folder on its root disk.
    Scratch,
}

impl VolumeKind {
    /// Returns the folder of the instance below which volumes of this kind are.
    pub(crate) fn host_root(self) -> &'static str {
        match self {
            Self::Shared => "/mnt/shared",
            Self::Local => "/var/lib/geusemaker",
            Self::Scratch => "/mnt/scratch",
        }
    }
}

impl fmt::Display for VolumeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared => "shared",
            Self::Local => "local",
            Self::Scratch => "scratch",
        })
    }
}

/// The keys of a volume in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table, as in { path = \"/data\", on = \"local\" }"
)]
pub(super) struct VolumeFields {
    pub(super) path: DataPath,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) on: Option<VolumeKind>,
}

/// Gives each volume its folder. A path that two volumes have is an error, which carries the index of the second.
pub(super) fn volumes(
    service: &ServiceName,
    wanted: Vec<VolumeFields>,
    default: VolumeKind,
) -> Result<Vec<Volume>, (usize, SpecError)> {
    let mut volumes: Vec<Volume> = Vec::new();
    for (index, VolumeFields { path, on }) in wanted.into_iter().enumerate() {
        if volumes.iter().any(|earlier| earlier.path == path) {
            let message = format!("{path} is the path of an earlier volume: give each its own");
            return Err((index, SpecError::new(message)));
        }
        let on = on.unwrap_or(default);
        let is_first = || volumes.iter().all(|earlier| earlier.on != on);
        let (root, name) = (on.host_root(), path.as_str().replace('/', "+"));
        let host_folder = match on {
            VolumeKind::Shared if is_first() => format!("{root}/{service}"),
            VolumeKind::Shared => format!("{root}/{service}{name}"),
            VolumeKind::Local | VolumeKind::Scratch => {
                format!("{root}/{service}/{}", name.trim_start_matches('+'))
            }
        };
        volumes.push(Volume {
            path,
            on,
            host_folder,
        });
    }
    Ok(volumes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(path: &str, on: Option<VolumeKind>) -> VolumeFields {
        let path = path.parse().unwrap();
        VolumeFields { path, on }
    }

    #[test]
    fn first_shared_volume_has_folder_of_service() {
        let wanted = vec![
            wanted("/scratch", Some(VolumeKind::Scratch)),
            wanted("/models", None),
            wanted("/models/more", Some(VolumeKind::Shared)),
            wanted("/var/lib/db", Some(VolumeKind::Local)),
        ];
        let volumes = volumes(&"a".parse().unwrap(), wanted, VolumeKind::Shared).unwrap();
        let folders: Vec<_> = volumes.iter().map(Volume::host_folder).collect();
        assert_eq!(
            folders,
            [
                "/mnt/scratch/a/scratch",
                "/mnt/shared/a",
                "/mnt/shared/a+models+more",
                "/var/lib/geusemaker/a/var+lib+db",
            ]
        );
    }

    #[test]
    fn path_has_one_volume() {
        let wanted = vec![wanted("/a", None), wanted("/a", Some(VolumeKind::Local))];
        let (index, error) =
            volumes(&"a".parse().unwrap(), wanted, VolumeKind::Shared).unwrap_err();
        assert_eq!(index, 1);
        assert_eq!(
            error.to_string(),
            "/a is the path of an earlier volume: give each its own"
        );
    }

    fn kind() -> impl Strategy<Value = VolumeKind> {
        prop_oneof![
            Just(VolumeKind::Shared),
            Just(VolumeKind::Local),
            Just(VolumeKind::Scratch)
        ]
    }

    proptest! {
        /// Two services whose names begin alike are the hard case: no folder is in another or the same.
        #[test]
        fn folders_are_apart(
            paths in proptest::collection::hash_map("(/[ab.-]{1,2}){1,3}", kind(), 0..6),
        ) {
            let paths: Vec<_> = paths
                .iter()
                .filter_map(|(path, on)| Some(VolumeFields { path: path.parse().ok()?, on: Some(*on) }))
                .collect();
            let folders: Vec<String> = ["a", "a-b"]
                .into_iter()
                .flat_map(|name| {
                    volumes(&name.parse().unwrap(), paths.clone(), VolumeKind::Shared).unwrap()
                })
                .map(|volume| format!("{}/", volume.host_folder()))
                .collect();
            for (index, folder) in folders.iter().enumerate() {
                for (other_index, other) in folders.iter().enumerate() {
                    prop_assert!(index == other_index || !folder.starts_with(other.as_str()), "{folder} {other}");
                }
            }
        }
    }
}
