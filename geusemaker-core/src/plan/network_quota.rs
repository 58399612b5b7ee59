//! The quotas that a network of its own counts against.

use std::fmt;

use crate::spec::Region;

/// A quota of an account in a Region that a network of its own counts against.
///
/// ```
/// use geusemaker_core::NetworkQuota;
///
/// let region = "eu-west-1".parse()?;
/// assert_eq!(NetworkQuota::Vpcs.to_string(), "VPCs per Region");
/// assert!(NetworkQuota::Vpcs.console_page(&region).ends_with("/vpc/quotas/L-F678F1CE"));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NetworkQuota {
    /// VPCs, L-F678F1CE: 5 by default.
    Vpcs,
    /// Elastic IP addresses, L-0263D0A3: 5 by default. A NAT gateway needs one.
    ElasticIps,
}

impl NetworkQuota {
    /// Returns the service under which Service Quotas lists it.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Vpcs => "vpc",
            Self::ElasticIps => "ec2",
        }
    }

    /// Returns its code in Service Quotas.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Vpcs => "L-F678F1CE",
            Self::ElasticIps => "L-0263D0A3",
        }
    }

    /// Returns the address of the page of the AWS console on which a higher quota can be asked for.
    #[must_use]
    pub fn console_page(self, region: &Region) -> String {
        region.quota_page(self.service(), Some(self.code()))
    }
}

impl fmt::Display for NetworkQuota {
    /// Writes the name that Service Quotas gives it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vpcs => "VPCs per Region",
            Self::ElasticIps => "EC2-VPC Elastic IPs",
        })
    }
}
