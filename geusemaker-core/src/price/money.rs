//! Amounts of money.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The decimals of a US dollar that an amount can have.
const DECIMALS: usize = 6;

/// The fewest decimals in which an amount is written: whole cents.
const CENTS: usize = 2;

/// An amount of US dollars, exact to the millionth. It is written, and serialized, as a decimal number.
///
/// ```
/// use geusemaker_core::Money;
///
/// let hour: Money = "1.006".parse()?;
/// assert_eq!(hour.microdollars(), 1_006_000);
/// assert_eq!(hour.times(730).to_string(), "734.38");
/// assert_eq!((hour + hour).rounded(1).to_string(), "2.00");
/// assert!("1,5".parse::<Money>().is_err());
/// # Ok::<(), geusemaker_core::InvalidMoney>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u64);

/// Error returned when a text is not an amount of US dollars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not an amount of US dollars: expected a number such as \"1.5\", with at most six decimals"
)]
pub struct InvalidMoney {
    text: String,
}

impl Money {
    /// Creates an amount from millionths of a US dollar.
    #[must_use]
    pub const fn from_microdollars(microdollars: u64) -> Self {
        Self(microdollars)
    }

    /// Returns the amount in millionths of a US dollar.
    #[must_use]
    pub const fn microdollars(self) -> u64 {
        self.0
    }

    /// Returns the amount for so many.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// Returns the amount for one of so many, rounded to the millionth. The number must not be 0.
    pub(crate) const fn divided_by(self, count: u64) -> Self {
        Self(self.0.saturating_add(count / 2) / count)
    }

    /// Returns the amount rounded to so many decimals.
    #[must_use]
    pub const fn rounded(self, decimals: u32) -> Self {
        let Some(dropped) = (DECIMALS as u32).checked_sub(decimals) else {
            return self;
        };
        let unit = 10u64.pow(dropped);
        Self(self.0.saturating_add(unit / 2) / unit * unit)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

impl FromStr for Money {
    type Err = InvalidMoney;

    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction:0<DECIMALS$}");
        let is_number = !whole.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let amount = (is_number && fraction.len() <= DECIMALS).then(|| digits.parse().ok());
        amount.flatten().map(Self).ok_or_else(|| InvalidMoney {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10u64.pow(DECIMALS as u32);
        let fraction = format!("{:0DECIMALS$}", self.0 % unit);
        let (cents, rest) = fraction.split_at(CENTS);
        write!(f, "{}.{cents}{}", self.0 / unit, rest.trim_end_matches('0'))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            let amount: Money = text.parse().unwrap();
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
            "99999999999999999999",
        ] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    #[test]
    fn rounding_is_to_the_nearest() {
        let rounded = |text: &str, decimals| {
            let amount: Money = text.parse().unwrap();
            amount.rounded(decimals).to_string()
        };
        assert_eq!(rounded("1.0654", 3), "1.065");
        assert_eq!(rounded("1.0655", 3), "1.066");
        assert_eq!(rounded("0.9999", 2), "1.00");
        assert_eq!(rounded("1.234567", 6), "1.234567");
        assert_eq!(rounded("1.234567", 9), "1.234567");
    }

    proptest! {
        #[test]
        fn written_amount_is_read_back(micros: u64) {
            let amount = Money(micros);
            prop_assert_eq!(amount.to_string().parse::<Money>().unwrap(), amount);
        }

        #[test]
        fn parts_add_up_to_amount(micros in 0..1_000_000_000u64, count in 1..1_000u64) {
            let part = Money(micros);
            let sum: Money = (0..count).map(|_| part).sum();
            prop_assert_eq!(sum, part.times(count));
            prop_assert_eq!(sum.divided_by(count), part);
        }
    }
}
