//! Numbers of bytes as Docker writes them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::scalar::Scalar;
use crate::spec::error::SpecError;

const FORMS: &str = r#"a number of bytes, or one with a unit, as in "512m" or "8g""#;

/// A number of bytes from 1 up, in Docker's format: `8g`, `512m`, `64k`, or bytes alone.
///
/// Each unit is 1024 times the one before it. Capital letters and a `b` after the unit mean the same.
///
/// ```
/// use geusemaker_core::spec::ByteSize;
///
/// let size: ByteSize = "8GB".parse()?;
/// assert_eq!(size.bytes(), 8 * 1024 * 1024 * 1024);
/// assert_eq!(size.to_string(), "8g");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

/// The units with their bytes, the largest first.
const UNITS: [(char, u64); 4] = [('g', 1 << 30), ('m', 1 << 20), ('k', 1 << 10), ('b', 1)];

impl ByteSize {
    /// Returns the number of bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        read(text)
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(|| SpecError::new(format!("{text:?} is not {FORMS}")))
    }
}

/// Returns the bytes that a text stands for, if it stands for any number of them.
fn read(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit = match &lower[digits.len()..] {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return None,
    };
    // Digits only: the parser of numbers alone would accept a sign.
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

impl fmt::Display for ByteSize {
    /// Writes the number with the largest unit that leaves it whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS
            .iter()
            .find(|(_, bytes)| self.0.is_multiple_of(*bytes));
        match whole {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            // Every number of bytes is a multiple of one.
            None => self.0.fmt(f),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Scalar(text) = Scalar::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_have_formats_of_docker() {
        for (text, bytes) in [
            ("8g", 8 << 30),
            ("8gb", 8 << 30),
            ("64M", 64 << 20),
            ("300kb", 300 << 10),
            ("1024b", 1024),
            ("7", 7),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap().bytes(), bytes, "{text}");
        }
        let read = |json| serde_json::from_str::<ByteSize>(json).map(|size| size.to_string());
        assert_eq!(read("2048").unwrap(), "2k");
        assert_eq!(read("\"1025\"").unwrap(), "1025b");
        for text in [
            "",
            "0",
            "0g",
            "g",
            "-1",
            "+1g",
            "1.5g",
            "8 g",
            "8gg",
            "8bb",
            "8t",
            "é",
            "99999999999g",
        ] {
            let error = text.parse::<ByteSize>().unwrap_err().to_string();
            assert!(
                error.contains("is not a number of bytes, or one with a unit"),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn written_size_is_read_back(bytes in 1..=u64::MAX) {
            let size = ByteSize(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        #[test]
        fn reader_never_panics(text: String) {
            let _ = text.parse::<ByteSize>();
        }
    }
}
