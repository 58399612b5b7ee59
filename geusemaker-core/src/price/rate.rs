//! The prices of what is not an instance.

use super::money::Money;
use super::table;

/// Something beside instances that AWS bills for. The price is the list price in `us-east-1`.
///
/// ```
/// use geusemaker_core::Rate;
///
/// assert_eq!(Rate::NatGatewayHour.price().to_string(), "0.045");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rate {
    /// An Application Load Balancer, for an hour.
    LoadBalancerHour,
    /// A capacity unit of a load balancer (LCU), for an hour.
    CapacityUnitHour,
    /// A public IPv4 address, for an hour.
    PublicAddressHour,
    /// A NAT gateway, for an hour.
    NatGatewayHour,
    /// A GB of traffic through a NAT gateway.
    NatGatewayGb,
    /// An interface endpoint in one zone, for an hour.
    EndpointHour,
    /// A GB of traffic through an interface endpoint.
    EndpointGb,
    /// A GB of a `gp3` volume, for a month.
    RootVolumeGbMonth,
    /// A GB in a file system, for a month.
    FileSystemGbMonth,
}

impl Rate {
    /// Returns the list price.
    #[must_use]
    pub const fn price(self) -> Money {
        Money::from_microdollars(match self {
            Self::LoadBalancerHour => table::LOAD_BALANCER,
            Self::CapacityUnitHour => table::CAPACITY_UNIT,
            Self::PublicAddressHour => table::PUBLIC_ADDRESS,
            Self::NatGatewayHour => table::NAT_GATEWAY,
            Self::NatGatewayGb => table::NAT_GATEWAY_TRAFFIC,
            Self::EndpointHour => table::ENDPOINT,
            Self::EndpointGb => table::ENDPOINT_TRAFFIC,
            Self::RootVolumeGbMonth => table::ROOT_VOLUME,
            Self::FileSystemGbMonth => table::FILE_SYSTEM,
        })
    }
}
