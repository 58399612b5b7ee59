//! The list prices of instance types.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::SpecError;
use super::region::Region;
use crate::price::{self, Money};

/// An estimate of the price of an instance type, from
/// [`GpuInstanceType::on_demand_price`](super::GpuInstanceType::on_demand_price).
///
/// It is the list price for an hour of on-demand Linux in `us-east-1`, of the day that [`as_of`](Self::as_of) returns.
/// Prices change, differ between Regions, and are lower for spot capacity or with a savings plan. The root volume, the
/// file system, the load balancer and data transfer are billed on their own.
///
/// ```
/// use geusemaker_core::spec::GpuInstanceType;
///
/// let instance_type: GpuInstanceType = "g5.xlarge".parse()?;
/// let price = instance_type.on_demand_price().ok_or("the list has no price")?;
/// assert_eq!(price.microdollars_per_hour(), 1_006_000);
/// assert_eq!(
///     price.to_string(),
///     "about $1.006 per hour (us-east-1, on-demand Linux, list price of 2026-07-20)"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PriceEstimate {
    per_hour: Money,
}

impl PriceEstimate {
    pub(super) fn per_hour(per_hour: Money) -> Self {
        Self { per_hour }
    }

    /// Returns the exact list price of an hour in millionths of a US dollar.
    pub fn microdollars_per_hour(&self) -> u64 {
        self.per_hour.microdollars()
    }

    /// Returns the exact list price of an hour.
    pub fn money_per_hour(&self) -> Money {
        self.per_hour
    }

    /// Returns the exact list price of an hour in US dollars, as a decimal number such as `1.006`.
    pub fn usd_per_hour(&self) -> String {
        self.per_hour.to_string()
    }

    /// Returns the Region of the price.
    pub fn region(&self) -> Region {
        Region::us_east_1()
    }

    /// Returns the day of the price list.
    pub fn as_of(&self) -> Date {
        price::as_of()
    }
}

impl fmt::Display for PriceEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "about ${} per hour ({}, on-demand Linux, list price of {})",
            self.per_hour,
            self.region(),
            self.as_of()
        )
    }
}

/// The highest price that a spot instance may have, in US dollars per hour.
///
/// ```
/// use geusemaker_core::spec::MaxPrice;
///
/// let price: MaxPrice = "0.45".parse()?;
/// assert_eq!(price.to_string(), "0.45");
/// let error = "0,45".parse::<MaxPrice>().unwrap_err();
/// assert!(error.to_string().starts_with("\"0,45\" is not a price"));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaxPrice(Money);

impl MaxPrice {
    /// Returns the price of an hour.
    pub fn money_per_hour(&self) -> Money {
        self.0
    }

    /// Returns the price of an hour in millionths of a US dollar.
    pub fn microdollars_per_hour(&self) -> u64 {
        self.0.microdollars()
    }
}

impl FromStr for MaxPrice {
    type Err = SpecError;

    /// EC2 refuses a price of 0.001 or less.
    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text.parse::<Money>() {
            Ok(price) if price.microdollars() > 1_000 => Ok(Self(price)),
            Ok(_) | Err(_) => Err(SpecError::new(format!(
                "{text:?} is not a price: expected US dollars per hour, more than 0.001, such as \"0.45\""
            ))),
        }
    }
}

impl fmt::Display for MaxPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for MaxPrice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MaxPrice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
