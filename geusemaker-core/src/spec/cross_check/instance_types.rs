//! Checks of the instance types: those of the catalog while the spec is read, and the others, by the same rules, once
//! AWS has described them.

use std::fmt;

use super::first_repeated::first_repeated;
use crate::spec::compute::Compute;
use crate::spec::error::SpecError;
use crate::spec::gpu_instance_type::DeepLearningAmi;
use crate::spec::instance_type::InstanceType;
use crate::spec::market::Market;

/// Runs the checks of the types whose facts are known.
pub(super) fn check(compute: &Compute) -> Result<(), SpecError> {
    if let Some((place, _)) = first_repeated(compute.instance_types()) {
        let message = "is listed more than once: name each instance type once";
        return Err(SpecError::new(message).at(Compute::field_of_type(place)));
    }
    let known = compute.instance_types().map(|requested| requested.listed());
    let known: Vec<_> = known.map(|gpu| gpu.map(InstanceType::Gpu)).collect();
    match compute.unsuited(&known).next() {
        Some((place, unsuited)) => {
            Err(SpecError::new(unsuited.to_string()).at(Compute::field_of_type(place)))
        }
        None => Ok(()),
    }
}

/// The reason why an instance type does not suit the rest of a spec.
pub(crate) struct Unsuited {
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

impl fmt::Display for Unsuited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.reason.contains(": ") { ';' } else { ':' };
        write!(f, "{}{colon} {}", self.reason, self.remedy)
    }
}

impl Compute {
    /// Returns the reasons why some of its types do not suit, each with the place of the type among all. One whose
    /// facts are not known is left out.
    pub(crate) fn unsuited<'a>(
        &'a self,
        types: &'a [Option<InstanceType>],
    ) -> impl Iterator<Item = (usize, Unsuited)> + 'a {
        let known = types
            .iter()
            .enumerate()
            .filter_map(|(place, known)| Some((place, (*known)?)));
        let first = known.clone().next();
        known.filter_map(move |(place, known)| {
            let (_, first) = first?;
            let unsuited = together(first, known).or_else(|| self.alone(known));
            Some((place, unsuited?))
        })
    }

    /// Returns the reason why one type does not suit.
    fn alone(&self, instance_type: InstanceType) -> Option<Unsuited> {
        if self.market().may_be_spot() && !instance_type.is_sold_as_spot() {
            return Some(Unsuited {
                reason: format!("{instance_type} is not sold as spot"),
                remedy: "set compute.market to \"on-demand\", or choose another type".to_owned(),
            });
        }
        if self.market() == Market::CapacityBlock && !instance_type.is_sold_in_blocks() {
            return Some(Unsuited {
                reason: format!("{instance_type} is not sold in capacity blocks"),
                remedy: "set compute.market to \"on-demand\", or choose another type".to_owned(),
            });
        }
        let InstanceType::Gpu(gpu) = instance_type else {
            return None;
        };
        if let (DeepLearningAmi::Unsupported { reason }, None) =
            (gpu.deep_learning_ami(), self.ami())
        {
            return Some(Unsuited {
                reason: format!("{gpu} cannot start from a Deep Learning AMI: {reason}"),
                remedy: "set compute.ami to an image that has its driver".to_owned(),
            });
        }
        let systems = gpu.operating_systems();
        if self.ami().is_none() && !systems.contains(&self.os()) {
            let systems: Vec<_> = systems.iter().map(|os| format!("\"{os}\"")).collect();
            return Some(Unsuited {
                reason: format!(
                    "{gpu} is not among the instances that the Deep Learning AMI of {} supports",
                    self.os()
                ),
                remedy: format!(
                    "set compute.os to {}, or compute.ami to an image that has its driver",
                    systems.join(" or ")
                ),
            });
        }
        (self.gpu_check() && !gpu.has_nvidia_gpus()).then(|| Unsuited {
            reason: format!(
                "the GPU check asks nvidia-smi, which does not know the {} GPUs of {gpu}",
                gpu.gpu_model()
            ),
            remedy: "set compute.gpu_check to false".to_owned(),
        })
    }
}

/// Returns the reason why a type cannot be tried after the first one.
fn together(first: InstanceType, next: InstanceType) -> Option<Unsuited> {
    let wanted = first.architecture();
    if next.architecture() != wanted {
        return Some(Unsuited {
            reason: format!(
                "{next} is {}, but {first} is {wanted}: one image cannot start on both",
                next.architecture()
            ),
            remedy: format!("choose fallbacks that are {wanted} too"),
        });
    }
    let (with, without) = match (first, next) {
        (InstanceType::Gpu(_), InstanceType::Cpu(_)) => (first, next),
        (InstanceType::Cpu(_), InstanceType::Gpu(_)) => (next, first),
        (InstanceType::Gpu(_), InstanceType::Gpu(_))
        | (InstanceType::Cpu(_), InstanceType::Cpu(_)) => return None,
    };
    Some(Unsuited {
        reason: format!("{with} has GPUs, and {without} has none: no service fits both"),
        remedy: "name types that all have GPUs, or none that has".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{G5, error, read};

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
}
