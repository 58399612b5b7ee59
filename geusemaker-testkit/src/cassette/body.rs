//! The three formats in which the AWS protocols write a body, and their content.

use serde_json::Value;

use super::har::Content;
use crate::xml::Document;

/// A parsed body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// A body that is not text. It is kept as it is.
    Binary,
    Empty,
    Form(Vec<(String, String)>),
    Json(Value),
    Text(String),
    /// A body declared to be JSON or XML that is not.
    Unreadable,
    Xml(Document),
}

impl Body {
    pub(crate) fn read(content: &Content) -> Self {
        let (mime_type, text) = (content.mime_type.to_ascii_lowercase(), &content.text);
        if text.is_empty() {
            Self::Empty
        } else if content.is_base64() {
            Self::Binary
        } else if mime_type.contains("x-www-form-urlencoded") {
            Self::Form(pairs(text))
        } else if mime_type.contains("json") {
            json(text).unwrap_or(Self::Unreadable)
        } else if mime_type.contains("xml") {
            xml(text).unwrap_or(Self::Unreadable)
        } else if text.starts_with(['{', '[']) {
            json(text).unwrap_or_else(|| Self::Text(text.clone()))
        } else {
            xml(text).unwrap_or_else(|| Self::Text(text.clone()))
        }
    }
}

/// Returns the decoded name-value pairs of a form or a query string.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// Returns every leaf of a JSON value as (path, JSON text).
pub(crate) fn json_leaves(value: &Value) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    collect_leaves(value, String::new(), &mut leaves);
    leaves
}

fn collect_leaves(value: &Value, path: String, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let name = if name.contains(['.', '[', '"']) {
                    format!("{name:?}")
                } else {
                    name.clone()
                };
                let path = if path.is_empty() {
                    name
                } else {
                    format!("{path}.{name}")
                };
                collect_leaves(value, path, leaves);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                collect_leaves(item, format!("{path}[{index}]"), leaves);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => leaves.push((path, value.to_string())),
    }
}

fn json(text: &str) -> Option<Body> {
    serde_json::from_str(text).ok().map(Body::Json)
}

fn xml(text: &str) -> Option<Body> {
    // A recording is trusted to be of a sensible size.
    Document::parse(text, usize::MAX).ok().map(Body::Xml)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mime_type: &str, text: &str) -> Body {
        Body::read(&Content::from_bytes(mime_type, text.as_bytes()))
    }

    #[test]
    fn body_format_follows_content_type() {
        assert!(matches!(
            read("application/x-amz-json-1.1", "{}"),
            Body::Json(_)
        ));
        assert!(matches!(
            read("text/xml;charset=UTF-8", "<a/>"),
            Body::Xml(_)
        ));
        assert!(matches!(
            read("application/x-www-form-urlencoded", "a=b"),
            Body::Form(_)
        ));
        assert!(matches!(read("application/xml", "<a>"), Body::Unreadable));
        assert!(matches!(read("application/json", "{"), Body::Unreadable));
        assert!(matches!(read("application/json", ""), Body::Empty));
    }

    #[test]
    fn untyped_body_is_recognized_by_text() {
        assert!(matches!(read("", "{\"a\": 1}"), Body::Json(_)));
        assert!(matches!(read("", "<a/>"), Body::Xml(_)));
        assert!(matches!(read("text/html", "<p>sorry<br>"), Body::Text(_)));
    }

    #[test]
    fn distinct_json_has_distinct_leaves() {
        let leaves = |text: &str| json_leaves(&serde_json::from_str(text).unwrap());
        assert_eq!(
            leaves(r#"{"b": [1, "1"], "a": {}}"#),
            leaves(r#"{ "a":{}, "b":[1,"1"] }"#)
        );
        assert_ne!(leaves(r#"{"a": "1"}"#), leaves(r#"{"a": 1}"#));
        assert_ne!(leaves(r#"{"a.b": 1}"#), leaves(r#"{"a": {"b": 1}}"#));
        assert_ne!(leaves(r#"{"a": []}"#), leaves(r#"{"a": null}"#));
    }
}
