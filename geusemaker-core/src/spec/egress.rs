//! The way out of instances without public addresses.

use serde::{Deserialize, Serialize};

/// The way in which instances without public addresses reach what is outside of their network.
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Egress, Network, Tier};
///
/// let network = Network::builder().create(true).private(true);
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute)
///     .network(network)
///     .build()?;
/// assert_eq!(spec.network().egress(), Some(Egress::Nat));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Egress {
    /// A NAT gateway, through which they reach the whole internet. The default.
    #[default]
    Nat,
    /// Endpoints of AWS in the network. The instances reach Systems Manager, Secrets Manager, CloudWatch Logs, ECR and
    /// S3, and nothing else: images come from ECR.
    Endpoints,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_spec_file() {
        let names = [
            (Egress::Nat, r#""nat""#),
            (Egress::Endpoints, r#""endpoints""#),
        ];
        for (egress, name) in names {
            assert_eq!(serde_json::to_string(&egress).unwrap(), name);
            assert_eq!(serde_json::from_str::<Egress>(name).unwrap(), egress);
        }
    }
}
