//! The costs that depend on use, which an estimate names and does not count.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::price::Rate;

/// Something that AWS bills for and that an estimate leaves out. It is serialized as its text.
///
/// ```
/// use geusemaker_core::LeftOut;
///
/// let text = LeftOut::FileSystem.to_string();
/// assert_eq!(text, "the content of the file system ($0.30 per GB a month) and its use");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LeftOut {
    /// The traffic to the internet and between zones.
    Traffic,
    /// The requests and the traffic of CloudFront.
    Cdn,
    /// The load on the load balancer.
    CapacityUnits,
    /// The traffic through the NAT gateway.
    NatGatewayTraffic,
    /// The traffic through the endpoints.
    EndpointTraffic,
    /// The content of the file system.
    FileSystem,
    /// The root volumes, where their sizes are not known.
    RootVolumes,
    /// The capacity block, which was paid when it was bought.
    CapacityBlock,
    /// The hosted zone, which belongs to the user.
    HostedZone,
}

impl LeftOut {
    /// Returns the name alone, without the price: `file system content`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Cdn => "CloudFront",
            Self::CapacityUnits => "load of the load balancer",
            Self::NatGatewayTraffic => "NAT gateway traffic",
            Self::EndpointTraffic => "endpoint traffic",
            Self::FileSystem => "file system content",
            Self::RootVolumes => "root volumes",
            Self::CapacityBlock => "capacity block",
            Self::HostedZone => "hosted zone",
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Traffic => f.write_str("traffic"),
            Self::Cdn => f.write_str("CloudFront"),
            Self::CapacityUnits => write!(
                f,
                "the load of the load balancer (${} per LCU and hour)",
                Rate::CapacityUnitHour.price()
            ),
            Self::NatGatewayTraffic => write!(
                f,
                "traffic through the NAT gateway (${} per GB)",
                Rate::NatGatewayGb.price()
            ),
            Self::EndpointTraffic => write!(
                f,
                "traffic through the endpoints (${} per GB)",
                Rate::EndpointGb.price()
            ),
            Self::FileSystem => write!(
                f,
                "the content of the file system (${} per GB a month) and its use",
                Rate::FileSystemGbMonth.price()
            ),
            Self::RootVolumes => write!(
                f,
                "root volumes (${} per GB a month)",
                Rate::RootVolumeGbMonth.price()
            ),
            Self::CapacityBlock => {
                f.write_str("the capacity block, which was paid when it was bought")
            }
            Self::HostedZone => f.write_str("the hosted zone, which is yours"),
        }
    }
}

impl Serialize for LeftOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
