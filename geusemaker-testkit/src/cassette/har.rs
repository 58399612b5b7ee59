//! HAR 1.2 as it is on disk: only the fields that a cassette uses.
//!
//! The format is described at <http://www.softwareishard.com/blog/har-12-spec/>. Fields that begin with an underscore
//! are the format's own extension mechanism, so every HAR viewer opens a cassette.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

/// The version of the meaning of the `_geusemaker` fields.
pub(crate) const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Har {
    pub(crate) log: Log,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Log {
    pub(crate) version: String,
    pub(crate) creator: Creator,
    /// `None` in a HAR that another program wrote.
    #[serde(rename = "_geusemaker", skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<Format>,
    pub(crate) entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Creator {
    pub(crate) name: String,
    pub(crate) version: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Format {
    pub(crate) format: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    #[serde(default)]
    pub(crate) started_date_time: String,
    #[serde(skip_deserializing)]
    pub(crate) time: u32,
    pub(crate) request: Request,
    pub(crate) response: Response,
    #[serde(skip_deserializing)]
    pub(crate) cache: Cache,
    #[serde(skip_deserializing)]
    pub(crate) timings: Timings,
    /// `None` in a HAR that another program wrote.
    #[serde(rename = "_geusemaker", skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<CallName>,
}

/// The call that an entry records. The service is stored because the header that names it is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CallName {
    pub(crate) service: String,
    /// For readers of the file. Matching uses the request.
    #[serde(default)]
    pub(crate) operation: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Cache {}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Timings {
    send: u32,
    wait: u32,
    receive: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    #[serde(default = "http_1_1")]
    pub(crate) http_version: String,
    #[serde(skip_deserializing)]
    pub(crate) cookies: Vec<NameValue>,
    #[serde(default)]
    pub(crate) headers: Vec<NameValue>,
    /// For HAR viewers. Reading uses the URL.
    #[serde(default)]
    pub(crate) query_string: Vec<NameValue>,
    #[serde(default, with = "post_data", skip_serializing_if = "Option::is_none")]
    pub(crate) post_data: Option<Content>,
    #[serde(default = "unknown_size")]
    pub(crate) headers_size: i64,
    #[serde(default = "unknown_size")]
    pub(crate) body_size: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) status_text: String,
    #[serde(default = "http_1_1")]
    pub(crate) http_version: String,
    #[serde(skip_deserializing)]
    pub(crate) cookies: Vec<NameValue>,
    #[serde(default)]
    pub(crate) headers: Vec<NameValue>,
    pub(crate) content: Content,
    #[serde(rename = "redirectURL", default)]
    pub(crate) redirect_url: String,
    #[serde(default = "unknown_size")]
    pub(crate) headers_size: i64,
    #[serde(default = "unknown_size")]
    pub(crate) body_size: i64,
}

/// A body, as the `content` of a HAR response. [`post_data`] writes a request's `postData`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Content {
    #[serde(default)]
    pub(crate) size: i64,
    #[serde(default)]
    pub(crate) mime_type: String,
    #[serde(default)]
    pub(crate) text: String,
    /// `base64` if the body is not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encoding: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NameValue {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Har {
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        Self {
            log: Log {
                version: "1.2".to_owned(),
                creator: Creator {
                    name: "geusemaker-testkit".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                },
                format: Some(Format { format: FORMAT }),
                entries,
            },
        }
    }
}

impl Entry {
    pub(crate) fn new(request: Request, response: Response) -> Self {
        Self {
            started_date_time: started(0),
            time: 0,
            request,
            response,
            cache: Cache {},
            timings: Timings::default(),
            call: None,
        }
    }
}

impl Request {
    pub(crate) fn new(method: &str, url: &str, headers: Vec<NameValue>, content: Content) -> Self {
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            http_version: http_1_1(),
            cookies: Vec::new(),
            headers,
            query_string: Vec::new(),
            post_data: (!content.text.is_empty()).then_some(content),
            headers_size: unknown_size(),
            body_size: unknown_size(),
        }
    }
}

impl Response {
    pub(crate) fn new(status: u16, headers: Vec<NameValue>, content: Content) -> Self {
        let reason = http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default();
        Self {
            status,
            status_text: reason.to_owned(),
            http_version: http_1_1(),
            cookies: Vec::new(),
            headers,
            content,
            redirect_url: String::new(),
            headers_size: unknown_size(),
            body_size: unknown_size(),
        }
    }
}

impl Content {
    pub(crate) fn from_bytes(mime_type: &str, bytes: &[u8]) -> Self {
        let (text, encoding) = match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (BASE64_STANDARD.encode(bytes), Some("base64".to_owned())),
        };
        Self {
            size: i64::try_from(bytes.len()).unwrap_or(-1),
            mime_type: mime_type.to_owned(),
            text,
            encoding,
        }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, base64::DecodeError> {
        if self.is_base64() {
            BASE64_STANDARD.decode(&self.text)
        } else {
            Ok(self.text.clone().into_bytes())
        }
    }

    pub(crate) fn is_base64(&self) -> bool {
        self.encoding.as_deref() == Some("base64")
    }

    pub(crate) fn replace_text(&mut self, text: String) {
        self.size = i64::try_from(text.len()).unwrap_or(-1);
        self.text = text;
    }
}

impl NameValue {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// Returns the value of a header. The case of its name does not matter.
pub(crate) fn header<'a>(headers: &'a [NameValue], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

/// Splits a URL into the part before its query string and the query string without its question mark.
pub(crate) fn split_url(url: &str) -> (&str, &str) {
    url.split_once('?').unwrap_or((url, ""))
}

/// Returns the path of a URL without its query string.
pub(crate) fn url_path(before_query: &str) -> &str {
    let after_scheme = before_query
        .split_once("://")
        .map_or(before_query, |(_, rest)| rest);
    after_scheme
        .find('/')
        .map_or("/", |start| &after_scheme[start..])
}

/// Returns the date of an entry: the same constant day for every cassette, one second per entry.
///
/// HAR demands a date, and a real one would make every recording differ from the last.
pub(crate) fn started(index: usize) -> String {
    let (hours, minutes, seconds) = (index / 3600 % 24, index / 60 % 60, index % 60);
    format!("2000-01-01T{hours:02}:{minutes:02}:{seconds:02}.000Z")
}

fn http_1_1() -> String {
    "HTTP/1.1".to_owned()
}

fn unknown_size() -> i64 {
    -1
}

/// The body of a request. HAR has no size and no encoding for it, so the encoding needs the underscore of a custom
/// field.
mod post_data {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Content;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct PostData {
        #[serde(default)]
        mime_type: String,
        #[serde(default)]
        text: String,
        #[serde(rename = "_encoding", default, skip_serializing_if = "Option::is_none")]
        encoding: Option<String>,
    }

    pub(super) fn serialize<S: Serializer>(
        content: &Option<Content>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let post_data = content.clone().map(|content| PostData {
            mime_type: content.mime_type,
            text: content.text,
            encoding: content.encoding,
        });
        post_data.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Content>, D::Error> {
        let post_data = Option::<PostData>::deserialize(deserializer)?;
        Ok(post_data.map(|post_data| Content {
            size: i64::try_from(post_data.text.len()).unwrap_or(-1),
            mime_type: post_data.mime_type,
            text: post_data.text,
            encoding: post_data.encoding,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_body_survives_as_base64() {
        let content = Content::from_bytes("application/cbor", &[0xff, 0x00, 0xfe]);
        assert!(content.is_base64());
        assert_eq!(content.to_bytes().unwrap(), [0xff, 0x00, 0xfe]);
    }

    /// Both a text and a binary body.
    #[test]
    fn request_body_survives_round_trip() {
        for body in [&b"a=b"[..], &[0xff, 0x00]] {
            let content = Content::from_bytes("x/y", body);
            let request = Request::new("POST", "http://h/", Vec::new(), content);
            let read: Request =
                serde_json::from_value(serde_json::to_value(&request).unwrap()).unwrap();
            assert_eq!(read.post_data.unwrap().to_bytes().unwrap(), body);
        }
    }

    /// The fields that a cassette does not use are ignored.
    #[test]
    fn foreign_har_is_read() {
        let har: Har = serde_json::from_str(
            r#"{"log": {"version": "1.2", "creator": {"name": "proxy", "version": "9"}, "pages": [], "entries": [{
                "startedDateTime": "2024-01-01T00:00:00Z", "time": 12.5, "cache": {"x": 1}, "serverIPAddress": "::1",
                "timings": {"send": 0.1, "wait": 1.5, "receive": 0.5},
                "request": {"method": "GET", "url": "https://ec2.amazonaws.com/", "httpVersion": "HTTP/2",
                    "cookies": [{"name": "a", "value": "b", "httpOnly": true}], "headers": [], "queryString": [],
                    "headersSize": 10, "bodySize": 0},
                "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/2", "cookies": [], "headers": [],
                    "content": {"size": 2, "mimeType": "text/plain", "text": "hi", "compression": 0},
                    "redirectURL": "", "headersSize": 10, "bodySize": 2}}]}}"#,
        )
        .unwrap();
        assert_eq!(har.log.format, None);
        assert_eq!(har.log.entries[0].response.content.text, "hi");
    }

    #[test]
    fn dates_follow_entry_order() {
        assert_eq!(started(0), "2000-01-01T00:00:00.000Z");
        assert_eq!(started(3_725), "2000-01-01T01:02:05.000Z");
    }
}
