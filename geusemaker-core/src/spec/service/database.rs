//! The images that keep a database in their volumes.

use super::image::ContainerImage;
use super::volume::VolumeKind;

/// The databases whose volumes are local by default, by the last part of the image's name.
const DATABASES: [&str; 12] = [
    "clickhouse",
    "clickhouse-server",
    "mariadb",
    "mongo",
    "mongodb",
    "mysql",
    "pgvector",
    "postgres",
    "postgresql",
    "qdrant",
    "redis",
    "valkey",
];

/// Programs that keep a database beside other files, SQLite as a rule. Their files can be shared, so they choose.
const WITH_DATABASE: [&str; 3] = ["minio", "n8n", "open-webui"];

/// Returns the storage of a volume for which the spec names none: the shared file system, or the root disk for the
/// image of a known database.
pub(super) fn default_volume_kind(image: &ContainerImage) -> VolumeKind {
    if DATABASES.contains(&name(image)) {
        VolumeKind::Local
    } else {
        VolumeKind::Shared
    }
}

/// Returns true if the program is known to keep a database in its volumes, which a network file system can damage.
pub(in crate::spec) fn keeps_database(image: &ContainerImage) -> bool {
    DATABASES.contains(&name(image)) || WITH_DATABASE.contains(&name(image))
}

/// Returns the last part of the image's name, without registry, tag and digest.
fn name(image: &ContainerImage) -> &str {
    let path = image.as_str().split('@').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_known_by_name() {
        let image = |text: &str| text.parse::<ContainerImage>().unwrap();
        for text in [
            "postgres",
            "postgres:17",
            "docker.io/library/postgres:17",
            "localhost:5000/redis:8.2",
            "pgvector/pgvector:pg18",
            "qdrant/qdrant:v1",
        ] {
            assert_eq!(
                default_volume_kind(&image(text)),
                VolumeKind::Local,
                "{text}"
            );
            assert!(keeps_database(&image(text)));
        }
        for text in [
            "ghcr.io/open-webui/open-webui:main",
            "docker.n8n.io/n8nio/n8n",
        ] {
            assert_eq!(
                default_volume_kind(&image(text)),
                VolumeKind::Shared,
                "{text}"
            );
            assert!(keeps_database(&image(text)));
        }
        for text in ["ollama/ollama", "postgres/exporter", "a/my-postgres"] {
            assert_eq!(
                default_volume_kind(&image(text)),
                VolumeKind::Shared,
                "{text}"
            );
            assert!(!keeps_database(&image(text)));
        }
    }
}
