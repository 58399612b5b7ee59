//! Settings that are valid but likely to be a mistake.

use thiserror::Error;

use super::access::Access;
use super::service::{DataPath, Service, ServiceName, Volume, VolumeKind, keeps_database};
use super::tier::Tier;

/// A setting that is valid but likely to be a mistake, from
/// [`DeploymentSpec::warnings`](super::DeploymentSpec::warnings).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpecWarning {
    /// A database in a volume on the shared file system.
    #[error(
        "{service} keeps a database at {path}, which the shared file system makes slow and can damage: set on = \"local\" \
         for this volume"
    )]
    DatabaseOnSharedFileSystem {
        /// The service.
        service: ServiceName,
        /// The path of the volume in the container.
        path: DataPath,
    },
    /// A folder of the shared file system in which the same service of several instances writes.
    #[error(
        "{service} has one folder, {folder}, for all {instances} instances, which is well for models and files; if the \
         program keeps settings, sessions or a database there, set count = 1 or on = \"local\""
    )]
    FolderOfManyInstances {
        /// The service.
        service: ServiceName,
        /// The folder on each instance.
        folder: String,
        /// The number of instances.
        instances: u32,
    },
    /// A database that each of several instances has for itself.
    #[error(
        "{service} keeps a database of its own on each of {instances} instances, and a request can come to any of them: \
         set count = 1"
    )]
    DatabaseOfEachInstance {
        /// The service.
        service: ServiceName,
        /// The number of instances.
        instances: u32,
    },
    /// A load balancer that admits the whole internet to services that anybody may use.
    #[error(
        "anybody on the internet can use {}: the load balancer asks nobody who they are; name those who may in \
         access.allow, or write [\"0.0.0.0/0\"] there if this is meant",
        joined(.services)
    )]
    OpenToEverybody {
        /// The services that the load balancer serves.
        services: Vec<ServiceName>,
    },
    /// A `healthcheck` of a Compose file, which is not taken over.
    #[error(
        "{service} has a healthcheck in the Compose file, which is not used: the load balancer asks each service that it \
         serves for its health_path"
    )]
    HealthcheckNotUsed {
        /// The service.
        service: ServiceName,
    },
}

fn joined(services: &[ServiceName]) -> String {
    let names: Vec<_> = services.iter().map(ServiceName::as_str).collect();
    names.join(", ")
}

/// Returns the warning about a load balancer that admits everybody.
pub(super) fn of_access(tier: Tier, access: &Access, services: &[Service]) -> Option<SpecWarning> {
    let is_open = tier == Tier::LoadBalancer && access.allow().is_empty();
    is_open.then(|| SpecWarning::OpenToEverybody {
        services: services
            .iter()
            .filter(|service| !service.is_internal())
            .map(|service| service.name().clone())
            .collect(),
    })
}

/// Returns the warnings about the services of this many instances.
pub(super) fn warnings(instances: u32, services: &[Service]) -> impl Iterator<Item = SpecWarning> {
    let services = services.iter();
    services.flat_map(move |service| of_service(service, instances))
}

fn of_service(service: &Service, instances: u32) -> Vec<SpecWarning> {
    let name = || service.name().clone();
    let has_database = keeps_database(service.image());
    let mut warnings = Vec::new();
    for volume in service.volumes() {
        if volume.on() != VolumeKind::Shared {
            continue;
        }
        if has_database {
            let path = volume.path().clone();
            warnings.push(SpecWarning::DatabaseOnSharedFileSystem {
                service: name(),
                path,
            });
        }
        if instances > 1 {
            let folder = volume.host_folder().to_owned();
            warnings.push(SpecWarning::FolderOfManyInstances {
                service: name(),
                folder,
                instances,
            });
        }
    }
    let is_of_instance = |volume: &Volume| volume.on() != VolumeKind::Shared;
    if instances > 1 && has_database && service.volumes().iter().any(is_of_instance) {
        warnings.push(SpecWarning::DatabaseOfEachInstance {
            service: name(),
            instances,
        });
    }
    warnings
}

#[cfg(test)]
mod tests {
    use crate::spec::DeploymentSpec;

    fn warnings(count: u32, service: &str) -> Vec<String> {
        let spec = DeploymentSpec::from_toml(&format!(
            "name = 'llm'\ntier = 1\n[compute]\ninstance_type = 'g5.xlarge'\ncount = {count}\n\
             [[service]]\nname = 'a'\nport = 80\n{service}\n"
        ))
        .unwrap();
        spec.warnings().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn shared_database_is_warned_about() {
        for image in [
            "postgres:17",
            "minio/minio",
            "n8nio/n8n",
            "ghcr.io/open-webui/open-webui:main",
        ] {
            let shared =
                format!("image = '{image}'\nvolumes = [{{ path = '/db', on = 'shared' }}]");
            assert_eq!(
                warnings(1, &shared),
                [
                    "a keeps a database at /db, which the shared file system makes slow and can damage: \
                  set on = \"local\" for this volume"
                ]
            );
            let local = shared.replace("'shared'", "'local'");
            assert!(warnings(1, &local).is_empty());
        }
        assert!(warnings(1, "image = 'postgres'\ndata_path = '/db'").is_empty());
        assert_eq!(
            warnings(1, "image = 'n8nio/n8n'\ndata_path = '/db'").len(),
            1
        );
        assert!(warnings(1, "image = 'ollama/ollama'").is_empty());
    }

    #[test]
    fn state_of_many_instances_is_warned_about() {
        assert_eq!(
            warnings(2, "image = 'ollama/ollama'"),
            [
                "a has one folder, /mnt/shared/a, for all 2 instances, which is well for models and files; if the program \
              keeps settings, sessions or a database there, set count = 1 or on = \"local\""
            ]
        );
        assert_eq!(
            warnings(3, "image = 'postgres'"),
            [
                "a keeps a database of its own on each of 3 instances, and a request can come to any of them: \
              set count = 1"
            ]
        );
        for stateless in [
            "image = 'a'\nvolumes = []",
            "image = 'a'\nvolumes = [{ path = '/a', on = 'scratch' }]",
        ] {
            assert!(warnings(2, stateless).is_empty());
        }
    }
}
