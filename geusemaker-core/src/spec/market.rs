//! The market on which instances are bought.

use serde::{Deserialize, Serialize};

/// The market on which instances are bought.
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Market, Tier};
///
/// let compute = Compute::builder("g5.xlarge".parse()?).market(Market::SpotThenOnDemand);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute).build()?;
/// assert!(spec.compute().market().may_be_spot());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Market {
    /// On-demand capacity at the full price, which AWS never takes back. The default.
    #[default]
    OnDemand,
    /// Spare capacity at a lower price. AWS may take it back with two minutes' notice.
    Spot,
    /// Spot if there is capacity, otherwise on-demand.
    SpotThenOnDemand,
    /// A capacity block, bought for a time: [`Compute::capacity_reservation`](super::Compute::capacity_reservation)
    /// names it.
    CapacityBlock,
}

impl Market {
    /// Returns true if an instance may be requested as a spot instance.
    pub fn may_be_spot(self) -> bool {
        match self {
            Self::OnDemand | Self::CapacityBlock => false,
            Self::Spot | Self::SpotThenOnDemand => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_spec_file() {
        let names: [(Market, &str); 4] = [
            (Market::OnDemand, r#""on-demand""#),
            (Market::Spot, r#""spot""#),
            (Market::SpotThenOnDemand, r#""spot-then-on-demand""#),
            (Market::CapacityBlock, r#""capacity-block""#),
        ];
        for (market, name) in names {
            assert_eq!(serde_json::to_string(&market).unwrap(), name);
            assert_eq!(serde_json::from_str::<Market>(name).unwrap(), market);
        }
        assert_eq!(Market::default(), Market::OnDemand);
    }

    #[test]
    fn on_demand_alone_never_asks_for_spot() {
        assert!(!Market::OnDemand.may_be_spot());
        assert!(Market::Spot.may_be_spot() && Market::SpotThenOnDemand.may_be_spot());
    }
}
