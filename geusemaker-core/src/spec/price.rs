//! The list prices of instance types.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, date};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::SpecError;
use super::region::Region;

/// The day of the price list from which the catalog was written.
const AS_OF: Date = date(2026, 7, 20);

/// An estimate of the price of an instance type, from
/// [`GpuInstanceType::on_demand_price`](super::GpuInstanceType::on_demand_price).
///
/// It is the list price for an hour of on-demand Linux in `us-east-1`. Source: AWS list prices, us-east-1, 2026-07-20.
/// Prices change, differ between Regions, and are lower for spot capacity or with a savings plan. The root volume, the
/// file system, the load balancer and data transfer are billed on their own.
///
/// ```
/// use geusemaker_core::spec::GpuInstanceType;
///
/// let instance_type: GpuInstanceType = "g5.xlarge".parse()?;
/// let price = instance_type.on_demand_price().ok_or("the catalog has no price")?;
/// assert_eq!(price.microdollars_per_hour(), 1_006_000);
/// assert_eq!(
///     price.to_string(),
///     "about $1.006 per hour (us-east-1, on-demand Linux, list price of 2026-07-20)"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PriceEstimate {
    per_hour: UsDollars,
}

impl PriceEstimate {
    pub(super) fn per_hour(per_hour: UsDollars) -> Self {
        Self { per_hour }
    }

    /// Returns the exact list price of an hour in millionths of a US dollar.
    pub fn microdollars_per_hour(&self) -> u64 {
        self.per_hour.0
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
        AS_OF
    }
}

impl fmt::Display for PriceEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "about ${} per hour ({}, on-demand Linux, list price of {AS_OF})",
            self.per_hour,
            self.region()
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
pub struct MaxPrice(UsDollars);

impl MaxPrice {
    /// Returns the price of an hour in millionths of a US dollar.
    pub fn microdollars_per_hour(&self) -> u64 {
        self.0.0
    }
}

impl FromStr for MaxPrice {
    type Err = SpecError;

    /// EC2 refuses a price of 0.001 or less.
    fn from_str(text: &str) -> Result<Self, SpecError> {
        match UsDollars::read(text) {
            Some(price) if price.0 > 1_000 => Ok(Self(price)),
            _ => Err(SpecError::new(format!(
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

/// An amount in millionths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct UsDollars(u64);

const DECIMALS: usize = 6;

/// The fewest decimals in which an amount is written: whole cents.
const CENTS: usize = 2;

impl UsDollars {
    /// Returns the amount, if the text is a decimal number of at most six decimals.
    fn read(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction:0<DECIMALS$}");
        let is_number = !whole.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if is_number && fraction.len() <= DECIMALS {
            digits.parse().ok().map(Self)
        } else {
            None
        }
    }
}

impl fmt::Display for UsDollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10u64.pow(DECIMALS as u32);
        let fraction = format!("{:0DECIMALS$}", self.0 % unit);
        let (cents, rest) = fraction.split_at(CENTS);
        write!(f, "{}.{cents}{}", self.0 / unit, rest.trim_end_matches('0'))
    }
}

impl<'de> Deserialize<'de> for UsDollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not an amount of US dollars")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amount_is_read_and_written_exactly() {
        for (text, micros, written) in [
            ("0.526", 526_000, "0.526"),
            ("21.957642", 21_957_642, "21.957642"),
            ("0.95", 950_000, "0.95"),
            ("0.4", 400_000, "0.40"),
            ("0.05", 50_000, "0.05"),
            ("0.000001", 1, "0.000001"),
            ("3", 3_000_000, "3.00"),
        ] {
            let amount = UsDollars::read(text).unwrap();
            assert_eq!(amount.0, micros, "{text}");
            assert_eq!(amount.to_string(), written);
        }
    }

    #[test]
    fn other_amounts_are_refused() {
        for text in [
            "",
            ".5",
            "1.0000001",
            "-1",
            "+1",
            "1e3",
            "1.5.0",
            "$1",
            "1,5",
            "1 ",
        ] {
            assert_eq!(UsDollars::read(text), None, "{text}");
        }
    }
}
