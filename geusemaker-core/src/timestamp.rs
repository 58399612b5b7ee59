//! The one form in which points in time are serialized: RFC 3339 with milliseconds, `2026-11-27T08:00:00.250Z`.

use jiff::Timestamp;
use serde::Serializer;

pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

pub(crate) fn serialize_option<S: Serializer>(
    at: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde::Serialize;

    #[derive(Serialize)]
    struct Times {
        #[serde(serialize_with = "super::serialize")]
        at: Timestamp,
        #[serde(serialize_with = "super::serialize_option")]
        since: Option<Timestamp>,
    }

    #[test]
    fn times_have_milliseconds() {
        let at: Timestamp = "2026-11-27T08:00:00.123456789Z".parse().unwrap();
        let whole = "2026-11-27T08:00:00Z".parse().unwrap();
        for (at, since, json) in [
            (
                at,
                Some(whole),
                r#"{"at":"2026-11-27T08:00:00.123Z","since":"2026-11-27T08:00:00.000Z"}"#,
            ),
            (
                whole,
                None,
                r#"{"at":"2026-11-27T08:00:00.000Z","since":null}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&Times { at, since }).unwrap(), json);
        }
    }
}
