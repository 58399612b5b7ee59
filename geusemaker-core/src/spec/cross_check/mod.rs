//! Checks between the fields of a spec, each of which is valid by itself.

mod access;
mod auth;
mod compute;
mod domain;
mod first_repeated;
mod instance_types;
mod services;
mod storage;
mod timeouts;

use self::first_repeated::first_repeated;
use super::access_point;
use super::error::SpecError;
use super::region::Region;
use super::requested_type::RequestedType;
use super::tier::Tier;
use super::unchecked::UncheckedSpec;
use crate::id::{AccessPointId, FileSystemId};
use crate::user_data::{GpuMaker, GpuSetup, UserData};

/// A Region code of the greatest length, for user data whose Region is not known yet.
const LONGEST_REGION: &str = "xx-xxxx-xxxxxxxxxxxxxxxxxxxxxx-1";

/// Runs all checks. Each error carries the path of the field to change.
pub(super) fn check(spec: &UncheckedSpec) -> Result<(), SpecError> {
    SpecError::check_all([
        instance_types::check(&spec.compute),
        compute::check(&spec.compute),
        network(spec),
        services::check(spec),
        timeouts::check(spec),
        domain::check(spec),
        spec.cdn.check().map_err(|error| error.in_table("cdn")),
        auth::check(spec),
        access::check(spec),
        storage::check(spec),
    ])?;
    user_data(spec)
}

fn network(spec: &UncheckedSpec) -> Result<(), SpecError> {
    if let Some((key, why)) = spec.network.contradiction() {
        return Err(SpecError::new(why).at(format!("network.{key}")));
    }
    let subnets = spec.network.subnets();
    if let Some((index, subnet)) = first_repeated(subnets) {
        let message = format!("{subnet} is listed more than once: name each subnet once");
        return Err(SpecError::new(message).at(format!("network.subnets[{index}]")));
    }
    if spec.tier >= Tier::LoadBalancer && subnets.len() == 1 {
        return Err(SpecError::new(format!(
            "tier {} needs at least 2 subnets, in different Availability Zones, for its load balancer: add one, or name none",
            spec.tier
        ))
        .at("network.subnets"));
    }
    Ok(())
}

fn user_data(spec: &UncheckedSpec) -> Result<(), SpecError> {
    // The longest id that AWS gives has 17 digits.
    let placeholder = FileSystemId::from_aws("fs-00000000000000000");
    let access_points = access_point::of_spec(spec)
        .into_iter()
        .map(|wanted| {
            let id = AccessPointId::from_aws("fsap-00000000000000000");
            (wanted.host_folder.to_owned(), id)
        })
        .collect();
    let maker = match spec.compute.instance_type() {
        RequestedType::Listed(gpu) => GpuMaker::of(*gpu),
        // Without GPUs, the script is shorter.
        RequestedType::Unlisted(_) => GpuMaker::Nvidia,
    };
    let gpus = GpuSetup {
        maker,
        check: spec.compute.gpu_check(),
    };
    UserData {
        stack: &spec.name,
        file_system: spec.storage.file_system().unwrap_or(&placeholder),
        access_points: &access_points,
        region: spec.region.as_ref().map_or(LONGEST_REGION, Region::as_str),
        services: &spec.services,
        gpus: Some(gpus),
        may_be_spot: spec.compute.market().may_be_spot(),
    }
    .render()
    .map(drop)
    .map_err(|error| {
        SpecError::new(format!(
            "{error}: use fewer services, or shorter images and paths"
        ))
        .at("service")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::DeploymentSpec;

    /// Returns the TOML of a service with its name, port and image, and these other keys.
    pub(super) fn service(name: &str, port: u16, keys: &str) -> String {
        format!("[[service]]\nname = \"{name}\"\nport = {port}\nimage = \"a/b\"\n{keys}\n")
    }

    /// Reads a spec of four lines, followed by `rest`.
    pub(super) fn read(tier: u8, compute: &str, rest: &str) -> Result<DeploymentSpec, SpecError> {
        DeploymentSpec::from_toml(&format!(
            "name = \"llm-prod\"\ntier = {tier}\n[compute]\n{compute}\n{rest}"
        ))
    }

    pub(super) fn error(tier: u8, compute: &str, rest: &str) -> String {
        read(tier, compute, rest).unwrap_err().to_string()
    }

    pub(super) const G5: &str = "instance_type = \"g5.xlarge\"";

    /// A tier with a load balancer needs two subnets if the spec names any.
    #[test]
    fn load_balancer_needs_two_named_subnets() {
        let one = "[network]\nsubnets = [\"subnet-0a\"]";
        assert!(read(1, G5, one).is_ok());
        let ollama = service("ollama", 11434, "");
        assert!(
            read(
                2,
                G5,
                &format!("[network]\nsubnets = [\"subnet-0a\", \"subnet-0b\"]\n{ollama}")
            )
            .is_ok()
        );
        assert_eq!(
            error(2, G5, &format!("{one}\n{ollama}")),
            "line 6: network.subnets: tier 2 needs at least 2 subnets, in different Availability Zones, \
             for its load balancer: add one, or name none"
        );
        assert_eq!(
            error(1, G5, "[network]\nsubnets = [\"subnet-0a\", \"subnet-0a\"]"),
            "line 6: network.subnets[1]: subnet-0a is listed more than once: name each subnet once"
        );
    }

    /// A key that means nothing, or contradicts another, is refused where it stands.
    #[test]
    fn network_keys_fit_each_other() {
        let network = |keys: &str| format!("[network]\n{keys}");
        for keys in [
            "create = true",
            "create = true\ncidr = \"10.1.0.0/20\"",
            "create = true\nprivate = true\negress = \"endpoints\"",
            "create = false\nvpc = \"vpc-0a\"",
        ] {
            assert!(read(1, G5, &network(keys)).is_ok(), "{keys}");
        }
        for (keys, wanted) in [
            (
                "create = true\nvpc = \"vpc-0a\"",
                "line 7: network.vpc: vpc-0a exists, and create = true makes a new VPC: leave one of the two keys out",
            ),
            (
                "create = true\nsubnets = [\"subnet-0a\"]",
                "line 7: network.subnets: these subnets exist, and create = true makes a new VPC: leave one of",
            ),
            (
                "private = true",
                "line 6: network.private: needs create = true: whether instances in an existing subnet",
            ),
            (
                "cidr = \"10.0.0.0/16\"",
                "line 6: network.cidr: is the range of a new VPC: set create = true, or leave cidr out",
            ),
            (
                "create = true\negress = \"nat\"",
                "line 7: network.egress: is the way out of instances without public addresses: set private = true",
            ),
            (
                "create = true\ncidr = \"10.0.0.0/8\"",
                "line 7: network.cidr: \"10.0.0.0/8\" is too large for a VPC",
            ),
        ] {
            let error = error(1, G5, &network(keys));
            assert!(error.starts_with(wanted), "{error}");
        }
    }

    #[test]
    fn oversized_user_data_is_refused() {
        let services: String = (1..=60)
            .map(|n| service(&format!("s{n}"), 3000 + n, &format!("paths = [\"/{n}\"]")))
            .collect();
        assert!(read(2, G5, &services).is_ok());
        // Compression saves little on images that have nothing in common.
        let mut number = 1_u64;
        let mut noise = || {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            format!("{number:016x}")
        };
        let parts: Vec<_> = services.split("a/b").collect();
        let long = parts
            .into_iter()
            .fold(String::new(), |long, part| match long.as_str() {
                "" => part.to_owned(),
                _ => format!(
                    "{long}a/{}{part}",
                    (0..16).map(|_| noise()).collect::<String>()
                ),
            });
        let error = error(2, G5, &long);
        assert!(
            error.starts_with("line 5: service: the user data would be "),
            "{error}"
        );
        assert!(
            error.ends_with("the limit is 16384: use fewer services, or shorter images and paths"),
            "{error}"
        );
    }
}
