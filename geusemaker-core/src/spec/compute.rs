//! The GPU instances.

use bon::Builder;
use serde::{Deserialize, Serialize};

use super::bounded::Bounded;
use super::error::SpecError;
use super::gpu_instance_type::GpuInstanceType;
use super::market::Market;
use super::text::validated_text;
use crate::id::AmiId;

/// The settings of the GPU instances of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Builder, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Compute {
    /// The instance type to request first.
    instance_type: GpuInstanceType,
    /// The number of instances: 1 to 20, 1 by default.
    #[serde(default)]
    #[builder(default, with = |instances: u32| -> Result<_, SpecError> {
        Bounded::new(instances).map_err(|error| error.at("compute.count"))
    })]
    count: Bounded<1, 20, 1>,
    /// The instance types to request, in this order, if the first one has no capacity. All must have the same processor
    /// architecture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[builder(default)]
    fallback: Vec<GpuInstanceType>,
    /// The market on which the instances are bought; on-demand by default.
    #[serde(default)]
    #[builder(default)]
    market: Market,
    /// The image to launch, instead of the newest Deep Learning AMI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ami: Option<AmiId>,
    /// The size of the root volume in GiB: 100 to 16384, 200 by default.
    ///
    /// A Deep Learning AMI needs 75 GiB for itself; 16384 GiB is the largest gp3 volume.
    #[serde(default)]
    #[builder(default, with = |gibibytes: u32| -> Result<_, SpecError> {
        Bounded::new(gibibytes).map_err(|error| error.at("compute.root_volume_gib"))
    })]
    root_volume_gib: Bounded<100, 16384, 200>,
    /// The EC2 key pair for logging in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_pair: Option<KeyPairName>,
    /// If true (the default), each instance must report the GPUs of its type before it counts as ready.
    #[serde(default = "checked")]
    #[builder(default = true)]
    gpu_check: bool,
}

impl Compute {
    /// Returns the instance type to request first.
    pub fn instance_type(&self) -> GpuInstanceType {
        self.instance_type
    }

    /// Returns the number of instances.
    pub fn count(&self) -> u32 {
        self.count.value()
    }

    /// Returns the instance types to request if the first one has no capacity, in order.
    pub fn fallback(&self) -> &[GpuInstanceType] {
        &self.fallback
    }

    /// Returns every instance type that may be launched, in the order of the requests.
    pub fn instance_types(&self) -> impl Iterator<Item = GpuInstanceType> {
        std::iter::once(self.instance_type).chain(self.fallback.iter().copied())
    }

    /// Returns the market on which the instances are bought.
    pub fn market(&self) -> Market {
        self.market
    }

    /// Returns the image to launch, if the spec names one. Otherwise it is the newest Deep Learning AMI.
    pub fn ami(&self) -> Option<&AmiId> {
        self.ami.as_ref()
    }

    /// Returns the size of the root volume in GiB.
    pub fn root_volume_gib(&self) -> u32 {
        self.root_volume_gib.value()
    }

    /// Returns the EC2 key pair for logging in, if any.
    pub fn key_pair(&self) -> Option<&KeyPairName> {
        self.key_pair.as_ref()
    }

    /// Returns true if each instance must report the GPUs of its type before it counts as ready.
    pub fn gpu_check(&self) -> bool {
        self.gpu_check
    }
}

validated_text! {
    /// The name of an EC2 key pair: 1 to 255 printable ASCII characters, no space at either end.
    ///
    /// Source: EC2 API, `CreateKeyPair`, parameter `KeyName`.
    KeyPairName, check_key_pair_name
}

fn check_key_pair_name(text: &str) -> Result<(), String> {
    let printable = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if (1..=255).contains(&text.len()) && printable && text.trim() == text {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not the name of a key pair: expected 1 to 255 ASCII characters, without a space at either end"
        ))
    }
}

/// Returns the default of `gpu_check`.
fn checked() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builder_and_table_share_defaults() {
        let built = Compute::builder()
            .instance_type("g5.xlarge".parse().unwrap())
            .build();
        assert_eq!(
            built,
            serde_json::from_str(r#"{"instance_type":"g5.xlarge"}"#).unwrap()
        );
        assert_eq!((built.count(), built.root_volume_gib()), (1, 200));
        assert_eq!(built.market(), Market::OnDemand);
        assert!(built.gpu_check());
        assert!(built.ami().is_none() && built.key_pair().is_none() && built.fallback().is_empty());
    }

    #[test]
    fn builder_names_field_out_of_bounds() {
        let error = Compute::builder().count(21).err().unwrap();
        assert_eq!(
            error.to_string(),
            "compute.count: must be from 1 to 20, not 21"
        );
        let error = Compute::builder().root_volume_gib(99).err().unwrap();
        assert_eq!(
            error.to_string(),
            "compute.root_volume_gib: must be from 100 to 16384, not 99"
        );
    }

    #[test]
    fn instance_types_keep_given_order() {
        let [first, second, third] =
            ["g5.xlarge", "g6.xlarge", "g4dn.xlarge"].map(|name| name.parse().unwrap());
        let compute = Compute::builder()
            .instance_type(first)
            .fallback(vec![second, third])
            .build();
        assert_eq!(
            compute.instance_types().collect::<Vec<_>>(),
            [first, second, third]
        );
    }

    #[test]
    fn key_pair_name_follows_ec2_rules() {
        for text in ["me", "me@laptop (2026)", &"k".repeat(255)] {
            assert!(text.parse::<KeyPairName>().is_ok(), "{text}");
        }
        for text in ["", " me", "me ", "me\n", "clé", &"k".repeat(256)] {
            assert!(text.parse::<KeyPairName>().is_err(), "{text}");
        }
    }
}
