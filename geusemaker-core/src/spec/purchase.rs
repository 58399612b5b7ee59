//! The ways in which instances are bought.

use std::fmt;

/// The way in which an instance is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purchase {
    /// By the second, for as long as it runs.
    OnDemand,
    /// At a lower price, until AWS needs the capacity.
    Spot,
    /// Bought beforehand as a capacity block, until the block ends.
    CapacityBlock,
}

impl fmt::Display for Purchase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnDemand => "on-demand",
            Self::Spot => "spot",
            Self::CapacityBlock => "capacity block",
        })
    }
}
