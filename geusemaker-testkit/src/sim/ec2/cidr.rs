//! Blocks of IPv4 addresses.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Code;
use crate::wire::ServiceError;

/// A block in canonical form: no bit after the prefix is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cidr {
    network: Ipv4Addr,
    prefix: u8,
}

impl Cidr {
    /// Returns the block of that size that contains the address; a prefix over 32 counts as 32.
    pub(crate) fn holding(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        Self {
            network: Ipv4Addr::from_bits(address.to_bits() & mask),
            prefix,
        }
    }

    pub(crate) fn prefix(self) -> u8 {
        self.prefix
    }

    /// Returns the number of addresses in the block.
    pub(crate) fn size(self) -> u64 {
        1 << (32 - u32::from(self.prefix))
    }

    /// Returns the nth address of the block, counted from 0, or the last one if the block has fewer.
    pub(crate) fn address(self, n: u64) -> Ipv4Addr {
        let offset = n.min(self.size() - 1);
        // The offset is less than the size of the block, which fits behind the prefix.
        Ipv4Addr::from_bits(self.network.to_bits() | u32::try_from(offset).unwrap_or(0))
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.prefix <= other.prefix && Self::holding(other.network, self.prefix) == self
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }
}

impl FromStr for Cidr {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        let block = text.split_once('/').and_then(|(address, prefix)| {
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
            Some(Self::holding(address.parse().ok()?, prefix))
        });
        block.ok_or_else(|| {
            let message = format!("CIDR block {text} is malformed");
            ServiceError::new(Code::InvalidParameterValue, message)
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::Cidr;

    proptest! {
        /// The block contains its own addresses.
        #[test]
        fn block_survives_round_trip(bits: u32, prefix in 0_u8..=32, n: u32) {
            let block = Cidr::holding(Ipv4Addr::from_bits(bits), prefix);
            prop_assert_eq!(cidr(&block.to_string()), block);
            let address = block.address(u64::from(n) % block.size());
            prop_assert!(block.contains(Cidr::holding(address, 32)));
        }
    }

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn bits_after_prefix_are_cleared() {
        assert_eq!(cidr("10.1.2.3/16").to_string(), "10.1.0.0/16");
        assert_eq!(cidr("10.1.2.3/0").to_string(), "0.0.0.0/0");
        assert_eq!(cidr("10.1.2.3/32").to_string(), "10.1.2.3/32");
    }

    #[test]
    fn nested_blocks_overlap() {
        assert!(cidr("10.0.0.0/16").overlaps(cidr("10.0.4.0/24")));
        assert!(cidr("10.0.4.0/24").overlaps(cidr("10.0.0.0/16")));
        assert!(!cidr("10.0.4.0/24").overlaps(cidr("10.0.5.0/24")));
    }

    #[test]
    fn malformed_block_is_refused() {
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "x/8", ""] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }
}
