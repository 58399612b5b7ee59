//! The quotas of vCPUs: an account may run only so many of a group of instance types at a time.

use std::fmt;

use super::instance_type::InstanceType;
use super::purchase::Purchase;
use super::region::Region;

/// A quota of vCPUs of a Region: it limits the running instances of a group of families. A new account has 0 for GPU
/// types.
///
/// Source: the quotas of the service code `ec2` in Service Quotas.
///
/// ```
/// use geusemaker_core::spec::{GpuInstanceType, Purchase, VcpuQuota};
///
/// let instance_type: GpuInstanceType = "g5.xlarge".parse()?;
/// let quota = VcpuQuota::of(instance_type.name(), Purchase::OnDemand);
/// assert_eq!(quota, Some(VcpuQuota::OnDemandGAndVt));
/// assert_eq!(VcpuQuota::OnDemandGAndVt.code(), Some("L-DB2E81BA"));
/// assert_eq!(VcpuQuota::OnDemandGAndVt.to_string(), "Running On-Demand G and VT instances");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum VcpuQuota {
    /// Running On-Demand G and VT instances.
    OnDemandGAndVt,
    /// Running On-Demand P instances.
    OnDemandP,
    /// Running On-Demand standard (A, C, D, H, I, M, R, T, Z) instances.
    OnDemandStandard,
    /// All G and VT spot instance requests.
    SpotGAndVt,
    /// All P4, P3 and P2 spot instance requests.
    SpotP,
    /// All P5 spot instance requests.
    SpotP5,
    /// All P6 spot instance requests. No public source has its code.
    SpotP6,
    /// All standard (A, C, D, H, I, M, R, T, Z) spot instance requests.
    SpotStandard,
}

impl VcpuQuota {
    /// Returns the quota that an instance of this type counts against, if it is known.
    pub fn of(instance_type: &str, purchase: Purchase) -> Option<Self> {
        let family = instance_type.split('.').next().unwrap_or(instance_type);
        let letters: &str = family
            .find(|c: char| !c.is_ascii_alphabetic())
            .map_or(family, |end| &family[..end]);
        let generation = family[letters.len()..].chars().next();
        let is_spot = match purchase {
            Purchase::OnDemand => false,
            Purchase::Spot => true,
            // Blocks do not count.
            Purchase::CapacityBlock => return None,
        };
        Some(match (letters, is_spot) {
            ("g" | "gr" | "vt", false) => Self::OnDemandGAndVt,
            ("g" | "gr" | "vt", true) => Self::SpotGAndVt,
            ("p", false) => Self::OnDemandP,
            ("p", true) => match generation {
                Some('5') => Self::SpotP5,
                Some('6') => Self::SpotP6,
                _ => Self::SpotP,
            },
            ("a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z", false) => {
                Self::OnDemandStandard
            }
            ("a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z", true) => {
                Self::SpotStandard
            }
            _ => return None,
        })
    }

    /// Returns the code of the quota in Service Quotas, if a public source has it.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::OnDemandGAndVt => Some("L-DB2E81BA"),
            Self::OnDemandP => Some("L-417A185B"),
            Self::OnDemandStandard => Some("L-1216C47A"),
            Self::SpotGAndVt => Some("L-3819A6DF"),
            Self::SpotP => Some("L-7212CCBC"),
            Self::SpotP5 => Some("L-C4BD4855"),
            Self::SpotP6 => None,
            Self::SpotStandard => Some("L-34B43A08"),
        }
    }

    /// Returns the page of the AWS console at which a higher quota is asked for.
    ///
    /// ```
    /// use geusemaker_core::spec::VcpuQuota;
    ///
    /// let page = VcpuQuota::OnDemandP.console_page(&"eu-west-1".parse()?);
    /// assert!(page.starts_with("https://eu-west-1.console.aws.amazon.com/servicequotas/"));
    /// assert!(page.ends_with("/L-417A185B"));
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn console_page(self, region: &Region) -> String {
        region.quota_page("ec2", self.code())
    }
}

impl fmt::Display for VcpuQuota {
    /// Writes the name that Service Quotas uses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnDemandGAndVt => "Running On-Demand G and VT instances",
            Self::OnDemandP => "Running On-Demand P instances",
            Self::OnDemandStandard => {
                "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"
            }
            Self::SpotGAndVt => "All G and VT Spot Instance Requests",
            Self::SpotP => "All P4, P3 and P2 Spot Instance Requests",
            Self::SpotP5 => "All P5 Spot Instance Requests",
            Self::SpotP6 => "All P6 Spot Instance Requests",
            Self::SpotStandard => "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
        })
    }
}

impl InstanceType {
    /// Returns the quota of vCPUs that an instance of this type counts against, if it is known.
    pub(crate) fn vcpu_quota(&self, purchase: Purchase) -> Option<VcpuQuota> {
        VcpuQuota::of(self.name(), purchase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::GpuInstanceType;

    #[test]
    fn gpu_types_have_quotas_of_both_markets() {
        for instance_type in GpuInstanceType::all() {
            for purchase in [Purchase::OnDemand, Purchase::Spot] {
                let quota = InstanceType::from(instance_type).vcpu_quota(purchase);
                assert!(quota.is_some(), "{instance_type} {purchase}");
            }
        }
    }

    #[test]
    fn families_are_grouped_as_aws_groups_them() {
        for (name, purchase, quota) in [
            ("gr6.4xlarge", Purchase::OnDemand, VcpuQuota::OnDemandGAndVt),
            ("p4d.24xlarge", Purchase::Spot, VcpuQuota::SpotP),
            ("p5en.48xlarge", Purchase::Spot, VcpuQuota::SpotP5),
            ("m7i.large", Purchase::OnDemand, VcpuQuota::OnDemandStandard),
        ] {
            assert_eq!(VcpuQuota::of(name, purchase), Some(quota), "{name}");
        }
        // The first letters of these families are not those of a quota.
        for name in [
            "hpc7g.4xlarge",
            "u7i-12tb.224xlarge",
            "x8g.large",
            "mac2.metal",
        ] {
            assert_eq!(VcpuQuota::of(name, Purchase::OnDemand), None, "{name}");
        }
    }
}
