//! Answers from the cache: whole, in part, or only that nothing has changed.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::answer::{Answer, Outcome};
use super::asked::{Asked, names};
use super::entry::Entry;
use crate::traffic::body;

/// Returns the answer from an object in the cache.
pub(super) fn answer(entry: &Entry, asked: &Asked, now: Timestamp, outcome: Outcome) -> Answer {
    let mut answer = Answer {
        status: entry.status,
        headers: entry.headers.clone(),
        body: body::empty(),
        outcome: match entry.status.as_u16() {
            400.. => Outcome::Error,
            _ => outcome,
        },
        age: Some(entry.age(now)),
        closes: false,
    };
    if entry.status == StatusCode::OK && is_unchanged(&entry.headers, &asked.headers) {
        answer.status = StatusCode::NOT_MODIFIED;
        answer.headers.remove(header::CONTENT_LENGTH);
        return answer;
    }
    if asked.method == Method::HEAD {
        return answer;
    }
    match part(entry, asked) {
        Part::Whole => answer.body = body::full(entry.body.clone()),
        Part::Bytes { first, last } => {
            answer.status = StatusCode::PARTIAL_CONTENT;
            let part = entry.body.slice(first..=last);
            set_range(
                &mut answer.headers,
                &format!("bytes {first}-{last}/{}", entry.body.len()),
            );
            answer
                .headers
                .insert(header::CONTENT_LENGTH, HeaderValue::from(part.len()));
            answer.body = body::full(part);
        }
        Part::Outside => {
            answer.status = StatusCode::RANGE_NOT_SATISFIABLE;
            answer.outcome = Outcome::Error;
            set_range(
                &mut answer.headers,
                &format!("bytes */{}", entry.body.len()),
            );
            answer
                .headers
                .insert(header::CONTENT_LENGTH, HeaderValue::from(0));
        }
    }
    answer
}

fn set_range(headers: &mut HeaderMap, range: &str) {
    if let Ok(range) = HeaderValue::from_str(range) {
        headers.insert(header::CONTENT_RANGE, range);
    }
}

/// Returns true if the viewer has the object already; RFC 9110, section 13.
fn is_unchanged(object: &HeaderMap, request: &HeaderMap) -> bool {
    let text = |headers: &HeaderMap, name| -> Option<String> {
        Some(headers.get(name)?.to_str().ok()?.to_owned())
    };
    if let Some(known) = text(request, header::IF_NONE_MATCH) {
        let etag = text(object, header::ETAG).unwrap_or_default();
        let same = |one: &str| strong(one) == strong(&etag) && !etag.is_empty();
        return known.trim() == "*" || names(&known).any(same);
    }
    let date = |text: Option<String>| DateTimeParser::new().parse_timestamp(text?).ok();
    let since = date(text(request, header::IF_MODIFIED_SINCE));
    let modified = date(text(object, header::LAST_MODIFIED));
    since
        .zip(modified)
        .is_some_and(|(since, modified)| modified <= since)
}

/// Returns an ETag without the mark of a weak one.
fn strong(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

/// The part of an object that a viewer asks for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Bytes {
        first: usize,
        last: usize,
    },
    /// The object is shorter.
    Outside,
    Whole,
}

/// Returns the part that the `Range` header asks for. Several parts get the whole.
fn part(entry: &Entry, asked: &Asked) -> Part {
    let Some(range) = asked.header(&header::RANGE) else {
        return Part::Whole;
    };
    let condition = asked.headers.get(header::IF_RANGE);
    let is_other = condition.is_some_and(|condition| {
        let known = [header::ETAG, header::LAST_MODIFIED];
        !known
            .iter()
            .any(|name| entry.headers.get(name) == Some(condition))
    });
    if entry.status != StatusCode::OK || is_other {
        return Part::Whole;
    }
    bytes(range, entry.body.len())
}

fn bytes(range: &str, length: usize) -> Part {
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Part::Whole;
    };
    let number = |text: &str| text.parse::<usize>().ok();
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => (first, last),
        (Some(first), None) if last.is_empty() => (first, usize::MAX),
        // The last bytes.
        (None, Some(0)) if first.is_empty() => return Part::Outside,
        (None, Some(count)) if first.is_empty() => (length.saturating_sub(count), usize::MAX),
        _ => return Part::Whole,
    };
    let Some(end) = length.checked_sub(1) else {
        return Part::Outside;
    };
    match range {
        (first, _) if first > end => Part::Outside,
        (first, last) => Part::Bytes {
            first,
            last: last.min(end),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Part, bytes};

    #[test]
    fn range_is_within_object() {
        let part = |first, last| Part::Bytes { first, last };
        for (range, expected) in [
            ("bytes=0-3", part(0, 3)),
            ("bytes=4-", part(4, 9)),
            ("bytes=-2", part(8, 9)),
            ("bytes=-20", part(0, 9)),
            ("bytes=8-20", part(8, 9)),
            ("bytes=10-", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=3-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("lines=0-1", Part::Whole),
        ] {
            assert_eq!(bytes(range, 10), expected, "{range}");
        }
        assert_eq!(bytes("bytes=0-", 0), Part::Outside);
    }

    proptest! {
        #[test]
        fn arbitrary_range_is_within_object(range in "bytes=[0-9]{0,21}-[0-9]{0,21}", length in 0..9_usize) {
            if let Part::Bytes { first, last } = bytes(&range, length) {
                prop_assert!(first <= last && last < length);
            }
        }
    }
}
