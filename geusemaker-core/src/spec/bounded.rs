//! Whole numbers with checked bounds.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::error::SpecError;

/// A whole number from `MIN` to `MAX`; `DEFAULT` if none is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Bounded<const MIN: u32, const MAX: u32, const DEFAULT: u32>(u32);

impl<const MIN: u32, const MAX: u32, const DEFAULT: u32> Bounded<MIN, MAX, DEFAULT> {
    pub(super) fn new(number: u32) -> Result<Self, SpecError> {
        Self::within(number.into())
    }

    pub(super) fn value(self) -> u32 {
        self.0
    }

    fn within(number: i128) -> Result<Self, SpecError> {
        match u32::try_from(number) {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(SpecError::new(format!(
                "must be {MIN} to {MAX}, not {number}"
            ))),
        }
    }
}

impl<const MIN: u32, const MAX: u32, const DEFAULT: u32> Default for Bounded<MIN, MAX, DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<'de, const MIN: u32, const MAX: u32, const DEFAULT: u32> Deserialize<'de>
    for Bounded<MIN, MAX, DEFAULT>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WholeNumber(number) = WholeNumber::deserialize(deserializer)?;
        Self::within(number).map_err(D::Error::custom)
    }
}

/// Any whole number that a file can hold. The code that reads it checks the bounds and explains them.
pub(super) struct WholeNumber(pub(super) i128);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyInteger;

        impl Visitor<'_> for AnyInteger {
            type Value = WholeNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E>(self, number: i64) -> Result<WholeNumber, E> {
                Ok(WholeNumber(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<WholeNumber, E> {
                Ok(WholeNumber(number.into()))
            }
        }

        deserializer.deserialize_i64(AnyInteger)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type OneToTwenty = Bounded<1, 20, 3>;

    #[test]
    fn wrong_type_names_whole_number() {
        let error = serde_json::from_str::<OneToTwenty>(r#""2""#).unwrap_err();
        assert!(
            error.to_string().contains("expected a whole number"),
            "{error}"
        );
        assert!(serde_json::from_str::<OneToTwenty>("1.5").is_err());
        assert_eq!(OneToTwenty::default().value(), 3);
    }

    proptest! {
        #[test]
        fn numbers_out_of_bounds_are_refused(number in prop_oneof![any::<i64>(), -5..30i64]) {
            match serde_json::from_str::<OneToTwenty>(&number.to_string()) {
                Ok(read) => {
                    prop_assert_eq!(i64::from(read.value()), number);
                    prop_assert!((1..=20).contains(&number));
                }
                Err(error) => {
                    prop_assert!(!(1..=20).contains(&number));
                    let wanted = format!("must be 1 to 20, not {number}");
                    prop_assert!(error.to_string().contains(&wanted), "{}", error);
                }
            }
        }
    }
}
