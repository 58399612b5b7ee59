//! The instances.

use serde::{Deserialize, Serialize};

use super::bounded::Bounded;
use super::error::SpecError;
use super::image_source::ImageSource;
use super::market::Market;
use super::operating_system::OperatingSystem;
use super::price::MaxPrice;
use super::requested_type::RequestedType;
use super::text::validated_text;
use crate::id::CapacityReservationId;

/// The settings of the instances of a deployment.
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Market, Tier};
///
/// let compute = Compute::builder("g5.xlarge".parse()?)
///     .count(2)
///     .fallback(["g6.xlarge".parse()?])
///     .market(Market::Spot);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute).build()?;
/// assert_eq!(spec.compute().count(), 2);
/// assert_eq!(spec.compute().root_volume_gib(), 200);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Compute {
    instance_type: RequestedType,
    #[serde(default)]
    count: Count,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fallback: Vec<RequestedType>,
    #[serde(default)]
    market: Market,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_price: Option<MaxPrice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capacity_reservation: Option<CapacityReservationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    os: Option<OperatingSystem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ami: Option<ImageSource>,
    #[serde(default)]
    root_volume_gib: RootVolumeGib,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_pair: Option<KeyPairName>,
    #[serde(default = "checked")]
    gpu_check: bool,
}

type Count = Bounded<1, 20, 1>;

/// A Deep Learning AMI needs 75 GiB for itself; 16384 GiB is the largest gp3 volume.
type RootVolumeGib = Bounded<100, 16384, 200>;

impl Compute {
    /// Starts the settings, with the instance type to request first.
    pub fn builder(instance_type: RequestedType) -> ComputeBuilder {
        ComputeBuilder {
            instance_type,
            count: Count::default().value(),
            fallback: Vec::new(),
            market: Market::default(),
            max_price: None,
            capacity_reservation: None,
            os: None,
            ami: None,
            root_volume_gib: RootVolumeGib::default().value(),
            key_pair: None,
            gpu_check: checked(),
        }
    }

    /// Returns a builder that starts from these settings.
    pub fn to_builder(&self) -> ComputeBuilder {
        self.clone().into()
    }

    /// Returns the instance type to request first.
    pub fn instance_type(&self) -> &RequestedType {
        &self.instance_type
    }

    /// Returns the number of instances.
    pub fn count(&self) -> u32 {
        self.count.value()
    }

    /// Returns the instance types to request if the first one has no capacity, in order.
    pub fn fallback(&self) -> &[RequestedType] {
        &self.fallback
    }

    /// Returns every instance type that may be launched, in the order of the requests.
    pub fn instance_types(&self) -> impl Iterator<Item = &RequestedType> {
        std::iter::once(&self.instance_type).chain(&self.fallback)
    }

    /// Returns the name of the field that has the instance type with this place in
    /// [`instance_types`](Self::instance_types).
    pub(crate) fn field_of_type(place: usize) -> String {
        match place.checked_sub(1) {
            None => "compute.instance_type".to_owned(),
            Some(index) => format!("compute.fallback[{index}]"),
        }
    }

    /// Returns the market on which the instances are bought.
    pub fn market(&self) -> Market {
        self.market
    }

    /// Returns the highest price of a spot instance, if the spec has one. Otherwise it is the on-demand price.
    pub fn max_price(&self) -> Option<MaxPrice> {
        self.max_price
    }

    /// Returns the capacity reservation or the capacity block in which the instances are launched, if any.
    pub fn capacity_reservation(&self) -> Option<&CapacityReservationId> {
        self.capacity_reservation.as_ref()
    }

    /// Returns the operating system of AWS's image: the one that the spec names, or the usual one of the instance type.
    pub fn os(&self) -> OperatingSystem {
        self.os.unwrap_or_else(|| match &self.instance_type {
            RequestedType::Listed(gpu) => gpu.operating_systems()[0],
            RequestedType::Unlisted(_) => OperatingSystem::Ubuntu2404,
        })
    }

    /// Returns the operating system that the spec names.
    pub(super) fn named_os(&self) -> Option<OperatingSystem> {
        self.os
    }

    /// Returns the image to launch, if the spec names one. Otherwise it is the newest Deep Learning AMI, or for a type
    /// without GPUs the newest image of the operating system.
    pub fn ami(&self) -> Option<&ImageSource> {
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

    /// Returns true if each instance must report the GPUs of its type, if that has any, before it counts as ready.
    pub fn gpu_check(&self) -> bool {
        self.gpu_check
    }
}

/// A builder of the [`Compute`] of a spec: from [`Compute::builder`], for
/// [`DeploymentSpec::builder`](super::DeploymentSpec::builder).
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Tier};
///
/// let compute = Compute::builder("p5.48xlarge".parse()?)
///     .ami("ami-0123456789abcdef0".parse()?)
///     .root_volume_gib(50);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute);
/// let error = spec.build().unwrap_err();
/// assert_eq!(error.to_string(), "compute.root_volume_gib: must be 100 to 16384, not 50");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`instance_type`](Self::instance_type) | required | if it is listed, and `market`, `ami` or `gpu_check` does not suit it |
/// | [`count`](Self::count) | 1 | outside of 1 to 20 |
/// | [`fallback`](Self::fallback) | none | if a type is repeated, of another architecture, or unsuited as above |
/// | [`market`](Self::market) | on-demand | capacity-block without a `capacity_reservation` |
/// | [`max_price`](Self::max_price) | the on-demand price | unless `market` has spot |
/// | [`capacity_reservation`](Self::capacity_reservation) | none | if `market` has spot, or with a `fallback` |
/// | [`os`](Self::os) | the usual one of the type | with an `ami`, or if no image of it has the driver |
/// | [`ami`](Self::ami) | the newest Deep Learning AMI, or that of the system without GPUs | never |
/// | [`root_volume_gib`](Self::root_volume_gib) | 200 | outside of 100 to 16384 |
/// | [`key_pair`](Self::key_pair) | none | never |
/// | [`gpu_check`](Self::gpu_check) | true | never |
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct ComputeBuilder {
    instance_type: RequestedType,
    count: u32,
    fallback: Vec<RequestedType>,
    market: Market,
    max_price: Option<MaxPrice>,
    capacity_reservation: Option<CapacityReservationId>,
    os: Option<OperatingSystem>,
    ami: Option<ImageSource>,
    root_volume_gib: u32,
    key_pair: Option<KeyPairName>,
    gpu_check: bool,
}

impl ComputeBuilder {
    /// Sets the instance type to request first.
    ///
    /// A type whose driver no Deep Learning AMI has needs an [`ami`](Self::ami), one without NVIDIA GPUs needs
    /// [`gpu_check(false)`](Self::gpu_check), and one that is not sold as spot needs the on-demand market. A type that
    /// is not in the catalog is checked when the stack is planned.
    pub fn instance_type(mut self, instance_type: RequestedType) -> Self {
        self.instance_type = instance_type;
        self
    }

    /// Sets the number of instances: 1 to 20, 1 by default.
    pub fn count(mut self, instances: u32) -> Self {
        self.count = instances;
        self
    }

    /// Sets the instance types to request, in this order, if the first one has no capacity; none by default.
    ///
    /// All must have the same processor architecture, either all or none must have GPUs, and each may be named once.
    pub fn fallback(mut self, instance_types: impl IntoIterator<Item = RequestedType>) -> Self {
        self.fallback = instance_types.into_iter().collect();
        self
    }

    /// Sets the market on which the instances are bought; on-demand by default.
    pub fn market(mut self, market: Market) -> Self {
        self.market = market;
        self
    }

    /// Sets the highest price of a spot instance in US dollars per hour; the on-demand price by default.
    pub fn max_price(mut self, price: MaxPrice) -> Self {
        self.max_price = Some(price);
        self
    }

    /// Sets the capacity reservation in which the instances are launched, or, on the market
    /// [`CapacityBlock`](Market::CapacityBlock), the block; none by default.
    pub fn capacity_reservation(mut self, id: CapacityReservationId) -> Self {
        self.capacity_reservation = Some(id);
        self
    }

    /// Sets the operating system of AWS's image; Ubuntu 24.04 by default, and Amazon Linux 2023 for fractional GPUs.
    pub fn os(mut self, os: OperatingSystem) -> Self {
        self.os = Some(os);
        self
    }

    /// Sets the image to launch, instead of AWS's newest one.
    pub fn ami(mut self, ami: ImageSource) -> Self {
        self.ami = Some(ami);
        self
    }

    /// Sets the size of the root volume in GiB: 100 to 16384, 200 by default.
    ///
    /// A Deep Learning AMI needs 75 GiB for itself.
    pub fn root_volume_gib(mut self, gibibytes: u32) -> Self {
        self.root_volume_gib = gibibytes;
        self
    }

    /// Sets the EC2 key pair for logging in; none by default.
    pub fn key_pair(mut self, name: KeyPairName) -> Self {
        self.key_pair = Some(name);
        self
    }

    /// Sets if each instance must report the GPUs of its type before it counts as ready; true by default. It means
    /// nothing for a type without GPUs.
    pub fn gpu_check(mut self, check: bool) -> Self {
        self.gpu_check = check;
        self
    }

    /// Checks the values that have bounds.
    pub(super) fn checked(self) -> Result<Compute, SpecError> {
        Ok(Compute {
            instance_type: self.instance_type,
            count: Bounded::new(self.count).map_err(|error| error.at("count"))?,
            fallback: self.fallback,
            market: self.market,
            max_price: self.max_price,
            capacity_reservation: self.capacity_reservation,
            os: self.os,
            ami: self.ami,
            root_volume_gib: Bounded::new(self.root_volume_gib)
                .map_err(|error| error.at("root_volume_gib"))?,
            key_pair: self.key_pair,
            gpu_check: self.gpu_check,
        })
    }
}

impl From<Compute> for ComputeBuilder {
    fn from(compute: Compute) -> Self {
        Self {
            instance_type: compute.instance_type,
            count: compute.count.value(),
            fallback: compute.fallback,
            market: compute.market,
            max_price: compute.max_price,
            capacity_reservation: compute.capacity_reservation,
            os: compute.os,
            ami: compute.ami,
            root_volume_gib: compute.root_volume_gib.value(),
            key_pair: compute.key_pair,
            gpu_check: compute.gpu_check,
        }
    }
}

validated_text! {
    /// The name of an EC2 key pair: 1 to 255 printable ASCII characters, no space at either end.
    ///
    /// Source: EC2 API, `CreateKeyPair`, parameter `KeyName`.
    ///
    /// ```
    /// use geusemaker_core::spec::KeyPairName;
    ///
    /// let key_pair: KeyPairName = "me@laptop (2026)".parse()?;
    /// assert_eq!(key_pair.as_str(), "me@laptop (2026)");
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
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
        let built = Compute::builder("g5.xlarge".parse().unwrap())
            .checked()
            .unwrap();
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
    fn instance_types_keep_given_order() {
        let [first, second, third] =
            ["g5.xlarge", "g99.xlarge", "g4dn.xlarge"].map(|name| name.parse().unwrap());
        let compute = Compute::builder(first)
            .fallback([second, third])
            .checked()
            .unwrap();
        let names: Vec<_> = compute.instance_types().map(|it| it.name()).collect();
        assert_eq!(names, ["g5.xlarge", "g99.xlarge", "g4dn.xlarge"]);
        let fields: Vec<_> = (0..2).map(Compute::field_of_type).collect();
        assert_eq!(fields, ["compute.instance_type", "compute.fallback[0]"]);
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
