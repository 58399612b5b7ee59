//! Durations as a spec writes them: `300s`, `30m`, `1h`, `1m30s`.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::SpecError;

const FORMS: &str = r#"a duration such as "300s", "30m", "1h" or "1m30s""#;

/// Whole seconds from `MIN` to `MAX`; `DEFAULT` if nothing is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BoundedDuration<const MIN: u64, const MAX: u64, const DEFAULT: u64>(u64);

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> BoundedDuration<MIN, MAX, DEFAULT> {
    pub(super) fn new(duration: Duration) -> Result<Self, SpecError> {
        if duration.subsec_nanos() != 0 {
            return Err(SpecError::new(format!(
                "must be whole seconds, not {duration:?}"
            )));
        }
        Self::from_seconds(duration.as_secs())
    }

    pub(super) fn value(self) -> Duration {
        Duration::from_secs(self.0)
    }

    fn from_seconds(seconds: u64) -> Result<Self, SpecError> {
        if (MIN..=MAX).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            let [min, max, given] = [MIN, MAX, seconds].map(write);
            Err(SpecError::new(format!(
                "must be {min} to {max}, not {given}"
            )))
        }
    }
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> Default
    for BoundedDuration<MIN, MAX, DEFAULT>
{
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> Serialize
    for BoundedDuration<MIN, MAX, DEFAULT>
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&write(self.0))
    }
}

impl<'de, const MIN: u64, const MAX: u64, const DEFAULT: u64> Deserialize<'de>
    for BoundedDuration<MIN, MAX, DEFAULT>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DurationText;

        impl Visitor<'_> for DurationText {
            type Value = u64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(FORMS)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
                read(text).ok_or_else(|| E::custom(format!("{text:?} is not {FORMS}")))
            }
        }

        let seconds = deserializer.deserialize_str(DurationText)?;
        Self::from_seconds(seconds).map_err(D::Error::custom)
    }
}

/// Returns the seconds of a duration, if the text is one: each unit at most once, the largest first.
fn read(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut seconds = 0u64;
    for (unit, length) in [('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            // Digits only: `u64::from_str` alone would accept a sign.
            if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let part = number.parse::<u64>().ok()?.checked_mul(length)?;
            seconds = seconds.checked_add(part)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(seconds)
}

/// Formats the seconds in one unit: the largest that gives a whole number.
fn write(seconds: u64) -> String {
    match seconds {
        1.. if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        1.. if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        0.. => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documented_forms_are_read() {
        let read_as = [
            ("300s", 300),
            ("30m", 1800),
            ("1h", 3600),
            ("1m30s", 90),
            ("1h30m", 5400),
            ("0s", 0),
        ];
        for (text, seconds) in read_as {
            assert_eq!(read(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "300",
            "s",
            "5 m",
            "30s1m",
            "1m1m",
            "-5s",
            "+5s",
            "1.5h",
            "5d",
            "5M",
            "99999999999999999999s",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&format!("{}h", u64::MAX)), None);
    }

    #[test]
    fn errors_name_forms_and_bounds() {
        type Wait = BoundedDuration<10, 3600, 300>;
        let error = |json: &str| serde_json::from_str::<Wait>(json).unwrap_err().to_string();
        assert!(
            error(r#""soon""#)
                .contains(r#""soon" is not a duration such as "300s", "30m", "1h" or "1m30s""#)
        );
        assert!(error("300").contains("expected a duration such as"));
        assert!(error(r#""5s""#).contains("must be 10s to 1h, not 5s"));
        assert!(error(r#""2h""#).contains("must be 10s to 1h, not 2h"));
        let error = Wait::new(Duration::from_millis(10_500)).unwrap_err();
        assert_eq!(error.to_string(), "must be whole seconds, not 10.5s");
    }

    proptest! {
        #[test]
        fn written_value_is_read_back(seconds: u64) {
            prop_assert_eq!(read(&write(seconds)), Some(seconds));
        }

        #[test]
        fn reader_never_panics(text: String) {
            let _ = read(&text);
        }
    }
}
