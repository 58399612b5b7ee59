//! The limits of the processes of a service.

use serde::{Deserialize, Deserializer};

use crate::spec::bounded::WholeNumber;
use crate::spec::text::validated_text;

/// The names that Docker accepts.
///
/// Source: docker/go-units, `ulimit.go`.
const NAMES: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

validated_text! {
    /// The name of a limit of a process, as Docker has it: `memlock`, `nofile`, `stack` and others.
    ///
    /// ```
    /// use geusemaker_core::spec::UlimitName;
    ///
    /// assert!("memlock".parse::<UlimitName>().is_ok());
    /// let error = "memory".parse::<UlimitName>().unwrap_err();
    /// assert!(error.message().contains("expected one of core, cpu, data, "));
    /// ```
    UlimitName, check_name
}

fn check_name(text: &str) -> Result<(), String> {
    if NAMES.contains(&text) {
        Ok(())
    } else {
        let names = NAMES.join(", ");
        Err(format!(
            "{text:?} is not the name of a limit: expected one of {names}"
        ))
    }
}

/// A limit of a file: a number from 0 up, or -1 for no limit.
pub(super) struct Limit(pub(super) i64);

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WholeNumber(number) = WholeNumber::deserialize(deserializer)?;
        let limit = i64::try_from(number).ok().filter(|limit| is_limit(*limit));
        limit
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(refusal(number)))
    }
}

/// Returns true for a number that can be a limit.
pub(super) fn is_limit(number: i64) -> bool {
    number >= -1
}

/// Returns the message that refuses a number.
pub(super) fn refusal(number: impl std::fmt::Display) -> String {
    format!("must be 0 up, or -1 for no limit, not {number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_is_number_or_minus_one() {
        for number in [-1, 0, 65536, i64::MAX] {
            let limit: Limit = serde_json::from_str(&number.to_string()).unwrap();
            assert_eq!(limit.0, number);
        }
        let error = serde_json::from_str::<Limit>("-2").err().unwrap();
        assert!(
            error
                .to_string()
                .starts_with("must be 0 up, or -1 for no limit, not -2")
        );
        for text in ["", "MEMLOCK", "as", "memlock "] {
            assert!(text.parse::<UlimitName>().is_err(), "{text}");
        }
    }
}
