//! Counts and durations as people write them, for every text of this crate and of programs around it.

use std::time::Duration;

/// Returns a number with its noun, in the plural unless there is exactly one: `1 resource`, `3 resources`.
///
/// ```
/// use geusemaker_core::words::count;
///
/// assert_eq!(count(1, "resource"), "1 resource");
/// assert_eq!(count(0, "resource"), "0 resources");
/// ```
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// Formats a duration with its two largest units: `41s`, `6m40s`, `1h05m`, `25d 1h`.
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::words::duration;
///
/// assert_eq!(duration(Duration::from_secs(400)), "6m40s");
/// assert_eq!(duration(Duration::from_secs(3600 * 601 + 60 * 48)), "25d 1h");
/// ```
#[must_use]
pub fn duration(duration: Duration) -> String {
    let total = duration.as_secs();
    let (days, hours) = (total / 86_400, total / 3600 % 24);
    let (minutes, seconds) = (total / 60 % 60, total % 60);
    match (days, hours, minutes, seconds) {
        (0, 0, 0, seconds) => format!("{seconds}s"),
        (0, 0, minutes, 0) => format!("{minutes}m"),
        (0, 0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (0, hours, 0, _) => format!("{hours}h"),
        (0, hours, minutes, _) => format!("{hours}h{minutes:02}m"),
        (days, 0, _, _) => format!("{days}d"),
        (days, hours, _, _) => format!("{days}d {hours}h"),
    }
}

/// Joins the zones of one region and writes only the first one out.
///
/// ```
/// use geusemaker_core::words::zones;
///
/// assert_eq!(zones("us-east-1", ["us-east-1a", "us-east-1b", "us-east-1f"]), "us-east-1a, b, f");
/// ```
#[must_use]
pub fn zones<'a>(region: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for name in names {
        let short = match name.strip_prefix(region) {
            // A Local Zone, such as us-west-2-lax-1a, keeps its whole name.
            Some(letter) if letter.len() == 1 && !joined.is_empty() => letter,
            _ => name,
        };
        if !joined.is_empty() {
            joined.push_str(", ");
        }
        joined.push_str(short);
    }
    joined
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{duration, zones};

    #[test]
    fn duration_has_two_largest_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (61, "1m01s"),
            (3599, "59m59s"),
            (3600, "1h"),
            (3661, "1h01m"),
            (86_399, "23h59m"),
            (86_400, "1d"),
            (90_061, "1d 1h"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
    }

    /// The first zone and each Local Zone are written out; of the others, only the letter.
    #[test]
    fn zones_are_abbreviated() {
        let names = ["us-west-2a", "us-west-2b", "us-west-2-lax-1a"];
        assert_eq!(
            zones("us-west-2", names.into_iter()),
            "us-west-2a, b, us-west-2-lax-1a"
        );
        assert_eq!(zones("us-west-2", std::iter::empty()), "");
    }
}
