//! The GPUs that a service may use.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::error::SpecError;

const FORMS: &str = r#""all", "none" or a number of GPUs"#;

/// The GPUs of the instance that a container sees. Containers share them: none has a GPU to itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gpus {
    /// All GPUs of the instance.
    #[default]
    All,
    /// This many GPUs, at least one and at most as many as the instance type has.
    Count(u32),
    /// No GPU.
    None,
}

impl Gpus {
    /// Checks the number by itself.
    pub(super) fn checked(self) -> Result<Self, SpecError> {
        match self {
            Self::Count(0) => Err(SpecError::new(
                "must be 1 up, not 0: write \"none\" for a service without a GPU",
            )),
            Self::All | Self::Count(_) | Self::None => Ok(self),
        }
    }
}

impl fmt::Display for Gpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Count(number) => number.fmt(f),
            Self::None => f.write_str("none"),
        }
    }
}

impl Serialize for Gpus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(number) => serializer.serialize_u32(*number),
            Self::All | Self::None => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Gpus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrWord;

        impl Visitor<'_> for NumberOrWord {
            type Value = Gpus;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(FORMS)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Gpus, E> {
                let count = u32::try_from(number).map(Gpus::Count).map_err(|_| {
                    E::custom(format!(
                        "{number} is not a number of GPUs: expected {FORMS}"
                    ))
                })?;
                count.checked().map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Gpus, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Gpus, E> {
                match text {
                    "all" => Ok(Gpus::All),
                    "none" => Ok(Gpus::None),
                    _ => Err(E::custom(format!("{text:?} is not {FORMS}"))),
                }
            }
        }

        deserializer.deserialize_any(NumberOrWord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_number_or_word() {
        for (json, gpus) in [
            ("\"all\"", Gpus::All),
            ("\"none\"", Gpus::None),
            ("2", Gpus::Count(2)),
        ] {
            assert_eq!(serde_json::from_str::<Gpus>(json).unwrap(), gpus);
            assert_eq!(serde_json::to_string(&gpus).unwrap(), json);
        }
        for (json, wanted) in [
            ("0", "must be 1 up, not 0: write \"none\""),
            (
                "-1",
                "-1 is not a number of GPUs: expected \"all\", \"none\" or",
            ),
            ("4294967296", "4294967296 is not a number of GPUs"),
            (
                "\"two\"",
                "\"two\" is not \"all\", \"none\" or a number of GPUs",
            ),
            ("true", "expected \"all\", \"none\" or a number of GPUs"),
        ] {
            let error = serde_json::from_str::<Gpus>(json).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
