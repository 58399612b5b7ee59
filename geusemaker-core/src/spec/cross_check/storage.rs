//! Checks of the access points of the shared file system.

use crate::spec::access_point::{folder, shared_volumes};
use crate::spec::error::SpecError;
use crate::spec::operating_system::OperatingSystem;
use crate::spec::service::{SecretSource, Service};
use crate::spec::unchecked::UncheckedSpec;
use crate::user_data::usual_owner;

/// The longest path of the folder of an access point.
///
/// Source: the EFS model, `Path`.
const FOLDER_MAX: usize = 100;

pub(super) fn check(spec: &UncheckedSpec) -> Result<(), SpecError> {
    if !spec.storage.access_points() {
        return Ok(());
    }
    mountable(spec).map_err(|error| error.at("storage.access_points"))?;
    for (index, service) in spec.services.iter().enumerate() {
        of_service(service).map_err(|error| error.in_table(&format!("service[{index}]")))?;
    }
    Ok(())
}

fn mountable(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let compute = &spec.compute;
    if compute.ami().is_none() && compute.os() != OperatingSystem::AmazonLinux2023 {
        return Err(SpecError::new(
            "access points need amazon-efs-utils, of which Ubuntu has no package: set compute.os to \
             \"amazon-linux-2023\", or leave access_points out",
        ));
    }
    let mut services = spec.services.iter();
    if services.all(|service| shared_volumes(service).next().is_none()) {
        return Err(SpecError::new(
            "no service has a volume on the shared file system: add one, or leave access_points out",
        ));
    }
    Ok(())
}

fn of_service(service: &Service) -> Result<(), SpecError> {
    let generated = |source: &SecretSource| matches!(source, SecretSource::Generated(_));
    let mut secrets = service.secrets().iter();
    if let Some((variable, _)) = secrets.find(|(_, source)| generated(source)) {
        let message = "generated secrets are kept in a folder of the shared file system to which no access point leads: \
                       put it in Secrets Manager or Systems Manager, or leave storage.access_points out";
        return Err(SpecError::new(message).at(format!("secrets.{variable}")));
    }
    if shared_volumes(service).next().is_none() {
        return Ok(());
    }
    if service.user().is_none_or(|user| user.gid().is_none()) {
        let known = match usual_owner(service.image().as_str()) {
            Some(owner) => format!("user = {owner:?}, which the image has anyway"),
            None => "user = \"1000:1000\"".to_owned(),
        };
        let message = format!(
            "with storage.access_points, the files of {} belong to the user and group that it names: set {known}, or \
             on = \"local\" for its volumes",
            service.name()
        );
        let error = SpecError::new(message);
        return Err(match service.user() {
            Some(_) => error.at("user"),
            None => error,
        });
    }
    for (place, volume) in shared_volumes(service) {
        let length = folder(volume.host_folder()).len();
        if length > FOLDER_MAX {
            let message = format!(
                "the folder of its access point would have a path of {length} characters; the limit is {FOLDER_MAX}: \
                 shorten it, or make this the first shared volume of {}",
                service.name()
            );
            return Err(SpecError::new(message).at(format!("volumes[{place}].path")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{G5, error, read, service};

    const LINUX: &str = "instance_type = \"g5.xlarge\"\nos = \"amazon-linux-2023\"";
    const POINTS: &str = "[storage]\naccess_points = true\n";

    /// Only amazon-efs-utils mounts access points.
    #[test]
    fn access_points_need_efs_utils() {
        let vllm = format!("{POINTS}{}", service("vllm", 8000, "user = \"1000:1000\""));
        assert!(read(1, LINUX, &vllm).is_ok());
        assert_eq!(
            error(1, G5, &vllm),
            "line 6: storage.access_points: access points need amazon-efs-utils, of which Ubuntu has no package: \
             set compute.os to \"amazon-linux-2023\", or leave access_points out"
        );
        // The image may have it.
        assert!(read(1, &format!("{G5}\nami = \"ami-0a\""), &vllm).is_ok());
        assert!(read(1, G5, &vllm.replace("true", "false")).is_ok());
    }

    #[test]
    fn access_points_need_user_and_group() {
        let with = |keys: &str| error(1, LINUX, &format!("{POINTS}{}", service("a", 80, keys)));
        let wanted = "with storage.access_points, the files of a belong to the user and group that it names: set \
                      user = \"1000:1000\", or on = \"local\" for its volumes";
        assert_eq!(with(""), format!("line 8: service[0]: {wanted}"));
        assert_eq!(
            with("user = 1000"),
            format!("line 12: service[0].user: {wanted}")
        );
        let volumes =
            "volumes = [\n{ path = \"/a\", on = \"local\" },\n{ path = \"/b\", on = \"shared\" }]";
        assert_eq!(with(volumes), format!("line 8: service[0]: {wanted}"));
        assert!(with("user = \"node\"").contains("is not a user: expected the numbers"));
        let n8n = service("n8n", 80, "volumes = [{ path = \"/a\", on = \"shared\" }]");
        let n8n = error(
            1,
            LINUX,
            &format!("{POINTS}{}", n8n.replace("a/b", "n8nio/n8n")),
        );
        assert!(
            n8n.contains("set user = \"1000:1000\", which the image has anyway, or"),
            "{n8n}"
        );
    }

    #[test]
    fn access_points_need_shared_volumes() {
        let local = service("a", 80, "volumes = [{ path = \"/a\", on = \"local\" }]");
        assert_eq!(
            error(1, LINUX, &format!("{POINTS}{local}")),
            "line 7: storage.access_points: no service has a volume on the shared file system: add one, or leave \
             access_points out"
        );
        let shared = service("b", 81, "user = \"1000:1000\"\npaths = [\"/b\"]");
        assert!(read(1, LINUX, &format!("{POINTS}{local}{shared}")).is_ok());
    }

    #[test]
    fn generated_secret_excludes_access_points() {
        let secrets = "user = \"1000:1000\"\nsecrets = { KEY = \"generate\" }";
        let error = error(1, LINUX, &format!("{POINTS}{}", service("a", 80, secrets)));
        assert!(
            error.starts_with(
                "line 13: service[0].secrets.KEY: generated secrets are kept in a folder"
            ),
            "{error}"
        );
    }

    #[test]
    fn folder_of_access_point_has_short_path() {
        let with = |length: usize| {
            let volumes = format!("volumes = [\"/a\", \"/{}\"]", "b".repeat(length));
            let volumes = volumes
                .replace("\"/", "{ on = \"shared\", path = \"/")
                .replace("\",", "\" },")
                .replace("\"]", "\" }]")
                .replace("\"shared\" },", "\"shared\",");
            let service = service("svc", 80, &format!("user = \"1000:1000\"\n{volumes}"));
            read(1, LINUX, &format!("{POINTS}{service}"))
        };
        // "/svc+" has five characters.
        assert!(with(95).is_ok());
        let error = with(96).unwrap_err().to_string();
        assert!(
            error.contains("service[0].volumes[1].path: the folder of its access point would have a path of 101"),
            "{error}"
        );
    }
}
