//! The content of a request, independent of its host, its headers and the order of its parts.

use std::fmt;

use super::body::{Body, json_leaves, pairs};
use super::har::{self, header, split_url, url_path};
use crate::wire::operation::is_read;

/// One call of an AWS operation, as a cassette compares it: the service, the operation and the parameters.
///
/// The service is the name that requests are signed for (`ec2`, `elasticfilesystem`). The operation is the query
/// protocol's `Action`, the one that `x-amz-target` names, or, for the REST protocols, the method and the path with
/// `{}` in place of identifiers. Parameters come from the form, JSON or XML body, the query string, the identifiers in
/// the path, and the headers with a meaning for the call (`If-Match`, and those that begin with `x-amz-`).
///
/// Host, port and scheme are not compared. A bucket that is named by the host of an S3 request is therefore not
/// compared either: record such a program with path-style addressing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    service: String,
    operation: String,
    parameters: Vec<(String, String)>,
}

impl Call {
    /// Returns the service's signing name, or `unknown`.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns the operation: `DescribeInstances`, or `GET /2015-02-01/file-systems/{}`.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// Returns the parameters as (name, value), sorted.
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// Returns true if the operation changes nothing, so that it may be answered any number of times.
    pub fn is_read(&self) -> bool {
        is_read(&self.operation)
    }

    pub(crate) fn read(service: &str, request: &har::Request) -> Self {
        let (before_query, query) = split_url(&request.url);
        let mut parameters: Vec<_> = pairs(query)
            .into_iter()
            .map(|(name, value)| (format!("?{name}"), value))
            .collect();
        parameters.extend(header_parameters(request));
        let mut action = header(&request.headers, "x-amz-target")
            .map(|target| target.rsplit('.').next().unwrap_or(target).to_owned());
        if let Some(content) = &request.post_data {
            match Body::read(content) {
                Body::Empty => {}
                Body::Form(fields) => {
                    for (name, value) in fields {
                        if name == "Action" {
                            action = Some(value);
                        } else {
                            parameters.push((name, value));
                        }
                    }
                }
                Body::Json(value) => parameters.extend(json_leaves(&value)),
                Body::Xml(document) => parameters.extend(document.leaves()),
                Body::Binary | Body::Text(_) | Body::Unreadable => {
                    parameters.push(("body".to_owned(), content.text.clone()));
                }
            }
        }
        let operation = action.unwrap_or_else(|| {
            let (template, identifiers) = path_template(url_path(before_query));
            parameters.extend(identifiers);
            format!("{} {template}", request.method)
        });
        parameters.sort();
        Self {
            service: service.to_owned(),
            operation,
            parameters,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service, self.operation)?;
        for (name, value) in &self.parameters {
            write!(f, "\n    {name} = {value}")?;
        }
        Ok(())
    }
}

/// Replaces the identifiers in a path: AWS's identifiers have digits in them, and the words of its paths do not.
///
/// A wrong guess only makes the diff harder to read, because the identifiers are parameters.
fn path_template(path: &str) -> (String, Vec<(String, String)>) {
    let mut identifiers = Vec::new();
    let segments: Vec<&str> = path
        .split('/')
        .enumerate()
        .map(|(index, segment)| {
            let has_digit = segment.bytes().any(|byte| byte.is_ascii_digit());
            if has_digit && !is_version(segment) {
                identifiers.push((format!("path segment {index}"), segment.to_owned()));
                "{}"
            } else {
                segment
            }
        })
        .collect();
    (segments.join("/"), identifiers)
}

/// Returns true for a version of an API, such as `2015-02-01` or `v2`.
fn is_version(segment: &str) -> bool {
    let is_date = segment.len() == 10
        && segment
            .bytes()
            .enumerate()
            .all(|(index, byte)| match index {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
    let is_number = segment
        .strip_prefix('v')
        .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    is_date || is_number
}

/// Returns the headers that are parameters of the call. Redaction has already dropped the headers that differ in every
/// run, and the `transport` headers say nothing about the request.
fn header_parameters(request: &har::Request) -> impl Iterator<Item = (String, String)> {
    request.headers.iter().filter_map(|header| {
        let name = header.name.to_ascii_lowercase();
        let conditional = matches!(name.as_str(), "if-match" | "if-none-match" | "range");
        let transport = matches!(
            name.as_str(),
            "x-amz-decoded-content-length"
                | "x-amz-sdk-checksum-algorithm"
                | "x-amz-target"
                | "x-amz-trailer"
        );
        (conditional || (name.starts_with("x-amz-") && !transport))
            .then(|| (format!("header {name}"), header.value.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::har::{Content, NameValue};

    fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> har::Request {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| NameValue::new(*name, *value))
            .collect();
        let mime_type = header(&headers, "content-type")
            .unwrap_or_default()
            .to_owned();
        har::Request::new(
            method,
            url,
            headers,
            Content::from_bytes(&mime_type, body.as_bytes()),
        )
    }

    fn form(url: &str, body: &str) -> Call {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        Call::read("ec2", &request("POST", url, &headers, body))
    }

    #[test]
    fn form_call_ignores_order_and_host() {
        let one = form(
            "https://ec2.us-east-1.amazonaws.com/",
            "Action=DescribeVpcs&VpcId.1=vpc-1&Version=2016-11-15",
        );
        let other = form(
            "http://127.0.0.1:4566/",
            "Version=2016-11-15&VpcId.1=vpc-1&Action=DescribeVpcs",
        );
        assert_eq!(one, other);
        assert_eq!(one.operation(), "DescribeVpcs");
        assert!(one.is_read());
        assert!(!form("http://h/", "Action=RunInstances").is_read());
    }

    /// Of XML and JSON bodies.
    #[test]
    fn body_call_ignores_white_space() {
        let put = |mime_type: &str, body: &str| {
            Call::read(
                "s",
                &request("PUT", "http://h/x", &[("Content-Type", mime_type)], body),
            )
        };
        assert_eq!(
            put("application/xml", "<a><b>1</b></a>"),
            put("application/xml", "<a>\n <b>1</b>\n</a>")
        );
        assert_eq!(
            put("application/json", r#"{"a":1,"b":"x"}"#),
            put("application/json", r#"{ "b": "x", "a": 1 }"#)
        );
        assert_ne!(
            put("application/json", r#"{"a":1}"#),
            put("application/json", r#"{"a":2}"#)
        );
    }

    #[test]
    fn path_identifier_is_parameter() {
        let call = Call::read(
            "elasticfilesystem",
            &request(
                "DELETE",
                "https://h/2015-02-01/file-systems/fs-12?a=b",
                &[],
                "",
            ),
        );
        assert_eq!(call.operation(), "DELETE /2015-02-01/file-systems/{}");
        assert_eq!(
            call.parameters(),
            [
                ("?a".to_owned(), "b".to_owned()),
                ("path segment 3".to_owned(), "fs-12".to_owned())
            ]
        );
    }

    #[test]
    fn expected_version_is_parameter() {
        let update = |etag: &str| {
            Call::read(
                "cloudfront",
                &request("PUT", "http://h/x", &[("If-Match", etag)], ""),
            )
        };
        assert_ne!(update("E1"), update("E2"));
    }

    #[test]
    fn json_operation_comes_from_header() {
        let headers = [
            ("x-amz-target", "DynamoDB_20120810.DescribeTable"),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        let call = Call::read(
            "dynamodb",
            &request("POST", "http://h/", &headers, r#"{"TableName":"t"}"#),
        );
        assert_eq!((call.operation(), call.is_read()), ("DescribeTable", true));
    }
}
