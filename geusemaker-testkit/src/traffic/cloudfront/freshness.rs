//! Freshness: the time for which an edge keeps a response. Amazon CloudFront Developer Guide: Manage how long content
//! stays in the cache.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The times to live that a policy or a behavior sets, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) min: u64,
    pub(super) default: u64,
    pub(super) max: u64,
}

impl Limits {
    /// The limits of behaviors that do not cache.
    pub(super) const NONE: Self = Self {
        min: 0,
        default: 0,
        max: 0,
    };

    /// Returns true if nothing but errors is ever cached.
    pub(super) fn is_disabled(&self) -> bool {
        self.max == 0
    }
}

/// The directives of a response's `Cache-Control` header that CloudFront knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directives {
    /// True for `no-cache`, `no-store` and `private`.
    pub(super) forbids: bool,
    /// True for `no-cache="Set-Cookie"`: the response is kept without its cookies.
    pub(super) forbids_cookies: bool,
    pub(super) max_age: Option<u64>,
    pub(super) shared_max_age: Option<u64>,
    pub(super) stale_while_revalidate: Option<u64>,
    pub(super) stale_if_error: Option<u64>,
}

impl Directives {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut directives = Self::default();
        for value in headers.get_all(header::CACHE_CONTROL) {
            let text = String::from_utf8_lossy(value.as_bytes());
            for part in split(&text) {
                directives.read(part);
            }
        }
        directives
    }

    fn read(&mut self, directive: &str) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let value = value.trim().trim_matches('"');
        // A number that is too large is a long time; RFC 9111, section 1.2.2.
        let seconds = || match value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty()
        {
            true => Some(value.parse().unwrap_or(u64::MAX)),
            false => None,
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "no-cache" if value.eq_ignore_ascii_case("set-cookie") => self.forbids_cookies = true,
            "no-cache" | "no-store" | "private" => self.forbids = true,
            "max-age" => self.max_age = seconds(),
            "s-maxage" => self.shared_max_age = seconds(),
            "stale-while-revalidate" => self.stale_while_revalidate = seconds(),
            "stale-if-error" => self.stale_if_error = seconds(),
            _ => {}
        }
    }

    /// Returns the age that the origin allows.
    pub(super) fn age(&self) -> Option<u64> {
        self.shared_max_age.or(self.max_age)
    }
}

/// Splits a header at its commas, except for those between quotation marks.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |c| {
        if c == '"' {
            is_quoted = !is_quoted;
        }
        c == ',' && !is_quoted
    })
}

/// Returns the time for which a response that is no error stays in the cache; `None` if it is not cached.
pub(super) fn time_to_live(
    limits: Limits,
    directives: &Directives,
    headers: &HeaderMap,
    now: Timestamp,
) -> Option<Duration> {
    let varies_by_anything = headers
        .get_all(header::VARY)
        .iter()
        .any(|value| value.as_bytes().trim_ascii() == b"*");
    let seconds = if directives.forbids || (varies_by_anything && limits.min == 0) {
        limits.min
    } else {
        let allowed = directives.age().or_else(|| expiry(headers, now));
        match allowed {
            Some(allowed) => allowed.min(limits.max).max(limits.min),
            None => limits.default.max(limits.min),
        }
    };
    (seconds > 0 && !limits.is_disabled()).then(|| Duration::from_secs(seconds))
}

/// Returns the time for which an error stays in the cache, whatever the policy says; `None` if it is not cached.
/// Amazon CloudFront Developer Guide: Control how long CloudFront caches errors.
pub(super) fn error_time_to_live(
    status: StatusCode,
    least: Duration,
    directives: &Directives,
) -> Option<Duration> {
    let allowed = directives.age().map(Duration::from_secs);
    let time = match status.as_u16() {
        404 | 414 | 500..=504 => least.max(allowed.unwrap_or_default()),
        400 | 403 | 405 | 412 | 415 => least.max(allowed?),
        _ => return None,
    };
    (!time.is_zero()).then_some(time)
}

/// Returns the seconds until the `Expires` header's time. One that is no date is in the past.
fn expiry(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let expires = headers.get(header::EXPIRES)?;
    let date = expires.to_str().ok();
    let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
    let left = date.map(|date| date.as_second().saturating_sub(now.as_second()));
    Some(
        left.and_then(|left| u64::try_from(left).ok())
            .unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue, StatusCode, header};
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{Directives, Limits, error_time_to_live, time_to_live};

    fn headers(cache_control: &str) -> HeaderMap {
        let value = HeaderValue::from_str(cache_control).unwrap();
        HeaderMap::from_iter([(header::CACHE_CONTROL, value)])
    }

    fn seconds(limits: Limits, cache_control: &str) -> Option<u64> {
        let headers = headers(cache_control);
        let directives = Directives::of(&headers);
        let time = time_to_live(limits, &directives, &headers, Timestamp::UNIX_EPOCH);
        time.map(|time| time.as_secs())
    }

    const LIMITS: Limits = Limits {
        min: 0,
        default: 60,
        max: 600,
    };

    #[test]
    fn shared_age_wins_and_is_limited() {
        assert_eq!(seconds(LIMITS, "max-age=30"), Some(30));
        assert_eq!(seconds(LIMITS, "max-age=30, s-maxage=90"), Some(90));
        assert_eq!(seconds(LIMITS, "max-age=9000"), Some(600));
        assert_eq!(seconds(LIMITS, "public"), Some(60));
        assert_eq!(seconds(LIMITS, "max-age=\"30\""), Some(30));
        assert_eq!(seconds(LIMITS, "max-age=0"), None);
    }

    #[test]
    fn minimum_outweighs_no_store() {
        let at_least = Limits { min: 5, ..LIMITS };
        for forbidding in ["no-store", "no-cache", "private", "max-age=9, private"] {
            assert_eq!(seconds(LIMITS, forbidding), None, "{forbidding}");
            assert_eq!(seconds(at_least, forbidding), Some(5), "{forbidding}");
        }
        assert_eq!(seconds(at_least, "max-age=1"), Some(5));
    }

    #[test]
    fn cookies_alone_can_be_forbidden() {
        let directives = Directives::of(&headers("max-age=5, no-cache=\"Set-Cookie\""));
        assert!(directives.forbids_cookies && !directives.forbids);
    }

    #[test]
    fn expiry_counts_without_age() {
        let mut headers = headers("public");
        let date = HeaderValue::from_static("Thu, 01 Jan 1970 00:00:45 GMT");
        headers.insert(header::EXPIRES, date);
        let directives = Directives::of(&headers);
        let at = |now| {
            time_to_live(
                LIMITS,
                &directives,
                &headers,
                Timestamp::from_second(now).unwrap(),
            )
        };
        assert_eq!(at(0), Some(Duration::from_secs(45)));
        assert_eq!(at(50), None);
        headers.insert(header::EXPIRES, HeaderValue::from_static("0"));
        let directives = Directives::of(&headers);
        assert_eq!(
            time_to_live(LIMITS, &directives, &headers, Timestamp::UNIX_EPOCH),
            None
        );
    }

    #[test]
    fn errors_have_times_of_their_own() {
        let ten = Duration::from_secs(10);
        let at = |status: u16, text: &str| {
            let directives = Directives::of(&headers(text));
            error_time_to_live(StatusCode::from_u16(status).unwrap(), ten, &directives)
        };
        assert_eq!(at(404, ""), Some(ten));
        assert_eq!(at(502, "max-age=60"), Some(Duration::from_secs(60)));
        assert_eq!(at(403, ""), None);
        assert_eq!(at(403, "max-age=1"), Some(ten));
        assert_eq!(at(401, "max-age=1"), None);
    }

    proptest! {
        #[test]
        fn time_is_within_limits(
            (min, default, max) in (0..100_u64, 0..100_u64, 0..100_u64),
            text in "((max-age|s-maxage)=[0-9]{1,20}|private|public|no-store|, ){0,6}",
        ) {
            let mut sorted = [min, default, max];
            sorted.sort_unstable();
            let [min, default, max] = sorted;
            let time = seconds(Limits { min, default, max }, &text);
            let range = min.max(1)..=max;
            prop_assert!(time.map_or(min == 0 || max == 0, |time| range.contains(&time)));
        }

        #[test]
        fn arbitrary_directives_are_read(bytes in prop::collection::vec(32..=255_u8, 0..60)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                Directives::of(&HeaderMap::from_iter([(header::CACHE_CONTROL, value)]));
            }
        }
    }
}
