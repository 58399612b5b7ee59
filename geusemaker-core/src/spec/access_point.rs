//! The access points of a spec: one for each volume on the shared file system.

use super::service::{Service, Volume, VolumeKind};
use super::unchecked::UncheckedSpec;

/// An access point that a volume on the shared file system gets. Its root is the folder that the volume has anyway.
#[derive(Debug, Clone)]
pub(crate) struct WantedAccessPoint<'a> {
    /// The name in its stack, with a number if it is not the service's first: `vllm`, `vllm+2`.
    pub(crate) name: String,
    /// The folder of the instances at which it is mounted: `/mnt/shared/vllm`.
    pub(crate) host_folder: &'a str,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl WantedAccessPoint<'_> {
    /// Returns the path of the folder in the file system: `/vllm`.
    pub(crate) fn folder(&self) -> &str {
        folder(self.host_folder)
    }
}

/// Returns the path in the shared file system of a folder of the instances.
pub(super) fn folder(host_folder: &str) -> &str {
    let root = VolumeKind::Shared.host_root();
    host_folder.strip_prefix(root).unwrap_or(host_folder)
}

/// Returns the volumes of a service on the shared file system, with their place among all of its volumes.
pub(super) fn shared_volumes(service: &Service) -> impl Iterator<Item = (usize, &Volume)> {
    let volumes = service.volumes().iter().enumerate();
    volumes.filter(|(_, volume)| volume.on() == VolumeKind::Shared)
}

/// Returns the access points of a spec; none unless it asks for them. The checks have refused a service without the
/// numbers of its user and group.
pub(super) fn of_spec(spec: &UncheckedSpec) -> Vec<WantedAccessPoint<'_>> {
    if !spec.storage.access_points() {
        return Vec::new();
    }
    let mut wanted = Vec::new();
    for service in &spec.services {
        let user = service
            .user()
            .and_then(|user| Some((user.uid(), user.gid()?)));
        let Some((uid, gid)) = user else {
            continue;
        };
        for (place, (_, volume)) in shared_volumes(service).enumerate() {
            wanted.push(WantedAccessPoint {
                name: match place {
                    0 => service.name().to_string(),
                    place => format!("{}+{}", service.name(), place + 1),
                },
                host_folder: volume.host_folder(),
                uid,
                gid,
            });
        }
    }
    wanted
}
