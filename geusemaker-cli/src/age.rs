//! Ages as people say them: `12m`, `3h12m`, `5d4h`.

use jiff::Timestamp;

/// Returns the time from one moment to another in its two largest units.
pub(crate) fn between(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, _) => two((hours, "h"), (minutes % 60, "m")),
        (days, _, _) => two((days, "d"), (hours % 24, "h")),
    }
}

fn two((most, unit): (i64, &str), (rest, smaller): (i64, &str)) -> String {
    match rest {
        0 => format!("{most}{unit}"),
        _ => format!("{most}{unit}{rest}{smaller}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::between;

    #[test]
    fn age_has_two_units_at_most() {
        for (seconds, text) in [
            (-5, "0s"),
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3599, "59m"),
            (3600, "1h"),
            (3 * 3600 + 12 * 60, "3h12m"),
            (86400, "1d"),
            (25 * 86400 + 3600 * 4, "25d4h"),
        ] {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
            assert_eq!(between(Timestamp::UNIX_EPOCH, now), text);
        }
    }
}
