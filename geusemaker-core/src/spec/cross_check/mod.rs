//! Checks between the fields of a spec, each of which is valid by itself.

mod access;
mod compute;
mod services;
mod storage;
mod timeouts;

use std::collections::HashSet;
use std::hash::Hash;

use super::access_point;
use super::error::SpecError;
use super::gpu_instance_type::{DeepLearningAmi, GpuInstanceType};
use super::market::Market;
use super::region::Region;
use super::tier::Tier;
use super::unchecked::UncheckedSpec;
use crate::id::{AccessPointId, FileSystemId};
use crate::user_data::UserData;

/// A Region code of the greatest length, for user data whose Region is not known yet.
const LONGEST_REGION: &str = "xx-xxxx-xxxxxxxxxxxxxxxxxxxxxx-1";

/// Runs all checks. The first error carries the path of the field to change.
pub(super) fn check(spec: &UncheckedSpec) -> Result<(), SpecError> {
    instance_types(spec)?;
    compute::check(&spec.compute)?;
    network(spec)?;
    services::check(spec)?;
    timeouts::check(spec)?;
    access::check(spec)?;
    storage::check(spec)?;
    user_data(spec)
}

fn instance_types(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let compute = &spec.compute;
    let first = compute.instance_type();
    if let Some((index, _)) = first_repeated(compute.instance_types()) {
        // The first type is never a repetition, so the index in the fallbacks is one less.
        let at = format!("compute.fallback[{}]", index - 1);
        let message = "is listed more than once: name each instance type once";
        return Err(SpecError::new(message).at(at));
    }
    instance_type(spec, first).map_err(|error| error.at("compute.instance_type"))?;
    for (index, fallback) in compute.fallback().iter().enumerate() {
        let check = if fallback.architecture() == first.architecture() {
            instance_type(spec, *fallback)
        } else {
            Err(SpecError::new(format!(
                "{fallback} is {}, but {first} is {}: one image cannot start on both; choose fallbacks that are {} too",
                fallback.architecture(),
                first.architecture(),
                first.architecture(),
            )))
        };
        check.map_err(|error| error.at(format!("compute.fallback[{index}]")))?;
    }
    Ok(())
}

/// Checks one instance type that may be launched.
fn instance_type(spec: &UncheckedSpec, instance_type: GpuInstanceType) -> Result<(), SpecError> {
    let compute = &spec.compute;
    if compute.market().may_be_spot() && !instance_type.is_sold_as_spot() {
        return Err(SpecError::new(format!(
            "{instance_type} is not sold as spot: set compute.market to \"on-demand\", or choose another type"
        )));
    }
    if compute.market() == Market::CapacityBlock && !instance_type.is_sold_in_blocks() {
        return Err(SpecError::new(format!(
            "{instance_type} is not sold in capacity blocks: set compute.market to \"on-demand\", or choose another type"
        )));
    }
    if let (DeepLearningAmi::Unsupported { reason }, None) =
        (instance_type.deep_learning_ami(), compute.ami())
    {
        return Err(SpecError::new(format!(
            "{instance_type} cannot start from a Deep Learning AMI: {reason}; set compute.ami to an image that has its driver"
        )));
    }
    let systems = instance_type.operating_systems();
    if compute.ami().is_none() && !systems.contains(&compute.os()) {
        let systems: Vec<_> = systems.iter().map(|os| format!("\"{os}\"")).collect();
        return Err(SpecError::new(format!(
            "{instance_type} is not among the instances that the Deep Learning AMI of {} supports: set compute.os to {}, or \
             compute.ami to an image that has its driver",
            compute.os(),
            systems.join(" or "),
        )));
    }
    if compute.gpu_check() && !instance_type.has_nvidia_gpus() {
        return Err(SpecError::new(format!(
            "the GPU check asks nvidia-smi, which does not know the {} GPUs of {instance_type}: set compute.gpu_check to false",
            instance_type.gpu_model()
        )));
    }
    Ok(())
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
    UserData {
        stack: &spec.name,
        file_system: spec.storage.file_system().unwrap_or(&placeholder),
        access_points: &access_points,
        region: spec.region.as_ref().map_or(LONGEST_REGION, Region::as_str),
        services: &spec.services,
        instance_type: spec.compute.instance_type(),
        gpu_check: spec.compute.gpu_check(),
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

/// Returns the first item that equals an earlier one, with its index.
fn first_repeated<T: Copy + Eq + Hash>(items: impl IntoIterator<Item = T>) -> Option<(usize, T)> {
    let mut seen = HashSet::new();
    items
        .into_iter()
        .enumerate()
        .find(|(_, item)| !seen.insert(*item))
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

    /// Each instance type may be named once.
    #[test]
    fn fallbacks_share_one_architecture() {
        assert!(
            read(
                1,
                &format!("{G5}\nfallback = [\"g6.xlarge\", \"g4dn.xlarge\"]"),
                ""
            )
            .is_ok()
        );
        assert_eq!(
            error(
                1,
                &format!("{G5}\nfallback = [\n\"g6.xlarge\",\n\"g5.xlarge\"]"),
                ""
            ),
            "line 7: compute.fallback[1]: is listed more than once: name each instance type once"
        );
        assert_eq!(
            error(1, &format!("{G5}\nfallback = [\"g5g.xlarge\"]"), ""),
            "line 5: compute.fallback[0]: g5g.xlarge is arm64, but g5.xlarge is x86_64: \
             one image cannot start on both; choose fallbacks that are x86_64 too"
        );
    }

    #[test]
    fn type_without_spot_needs_on_demand() {
        let gb200 = "instance_type = \"p6e-gb200.36xlarge\"";
        assert!(read(1, gb200, "").is_ok());
        for market in ["spot", "spot-then-on-demand"] {
            assert_eq!(
                error(1, &format!("{gb200}\nmarket = \"{market}\""), ""),
                "line 4: compute.instance_type: p6e-gb200.36xlarge is not sold as spot: \
                 set compute.market to \"on-demand\", or choose another type"
            );
        }
    }

    #[test]
    fn type_without_deep_learning_ami_needs_image() {
        for name in ["g4ad.xlarge", "p3.2xlarge", "p3dn.24xlarge"] {
            let compute = format!("instance_type = \"{name}\"\ngpu_check = false");
            let error = error(1, &compute, "");
            assert!(
                error.starts_with(&format!(
                    "line 4: compute.instance_type: {name} cannot start from"
                )),
                "{error}"
            );
            assert!(
                error.ends_with("set compute.ami to an image that has its driver"),
                "{error}"
            );
            assert!(read(1, &format!("{compute}\nami = \"ami-0a\""), "").is_ok());
        }
        let fallback = error(1, &format!("{G5}\nfallback = [\"p3.2xlarge\"]"), "");
        assert!(
            fallback.starts_with("line 5: compute.fallback[0]: p3.2xlarge cannot start"),
            "{fallback}"
        );
    }

    /// The GPU check uses nvidia-smi, which does not know AMD's GPUs.
    #[test]
    fn amd_gpus_cannot_be_checked() {
        let compute = "instance_type = \"g4ad.xlarge\"\nami = \"ami-0a\"";
        assert_eq!(
            error(1, compute, ""),
            "line 4: compute.instance_type: the GPU check asks nvidia-smi, which does not know the \
             AMD Radeon Pro V520 GPUs of g4ad.xlarge: set compute.gpu_check to false"
        );
    }

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
