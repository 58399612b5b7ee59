//! How instances are bought.

use serde::{Deserialize, Serialize};

/// How instances are bought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Market {
    /// At the full price, and never taken back by AWS. The default.
    #[default]
    OnDemand,
    /// From spare capacity, at a lower price; AWS may take it back with two minutes' notice.
    Spot,
    /// Spot where there is capacity, else on-demand.
    SpotThenOnDemand,
}

impl Market {
    /// Whether an instance may be asked for as spot.
    pub fn may_be_spot(self) -> bool {
        match self {
            Self::OnDemand => false,
            Self::Spot | Self::SpotThenOnDemand => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_spec_file() {
        let names = [
            (Market::OnDemand, r#""on-demand""#),
            (Market::Spot, r#""spot""#),
            (Market::SpotThenOnDemand, r#""spot-then-on-demand""#),
        ];
        for (market, name) in names {
            assert_eq!(serde_json::to_string(&market).unwrap(), name);
            assert_eq!(serde_json::from_str::<Market>(name).unwrap(), market);
        }
        assert_eq!(Market::default(), Market::OnDemand);
    }

    #[test]
    fn only_on_demand_never_asks_for_spot() {
        assert!(!Market::OnDemand.may_be_spot());
        assert!(Market::Spot.may_be_spot() && Market::SpotThenOnDemand.may_be_spot());
    }
}
