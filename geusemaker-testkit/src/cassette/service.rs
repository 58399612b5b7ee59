//! The service of a request.

use super::har::{self, header, split_url, url_path};
use crate::wire::signed_service;

/// Returns the service that a request is signed for. Call this before redaction, which drops the signature.
pub(crate) fn service(request: &har::Request) -> String {
    let (before_query, query) = split_url(&request.url);
    signed_service(header(&request.headers, "authorization"), query)
        .or_else(|| host_service(before_query))
        .or_else(|| path_service(url_path(before_query)))
        .unwrap_or_else(|| "unknown".to_owned())
}

fn host_service(before_query: &str) -> Option<String> {
    let (_, rest) = before_query.split_once("://")?;
    let host = rest.split(['/', ':']).next()?;
    [
        ".amazonaws.com",
        ".amazonaws.com.cn",
        ".amazonaws.eu",
        ".api.aws",
    ]
    .iter()
    .any(|suffix| host.ends_with(suffix))
    .then(|| host.split('.').next().map(str::to_owned))?
}

/// Returns the service of a path. REST services put the version of their API first in the path.
fn path_service(path: &str) -> Option<String> {
    match path.split('/').nth(1)? {
        "2015-02-01" => Some("elasticfilesystem".to_owned()),
        "2013-04-01" => Some("route53".to_owned()),
        "2020-05-31" => Some("cloudfront".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::service;
    use crate::cassette::har::{Content, NameValue, Request};

    fn request(url: &str, authorization: &str) -> Request {
        let headers = vec![NameValue::new("Authorization", authorization)];
        Request::new("GET", url, headers, Content::from_bytes("", b""))
    }

    /// Without a signature it comes from the host or from the path.
    #[test]
    fn service_comes_from_signature() {
        let signed = "AWS4-HMAC-SHA256 Credential=AKID/20240101/us-east-1/elasticloadbalancing/aws4_request, SignedHeaders=host, Signature=0";
        for (url, authorization, expected) in [
            (
                "http://127.0.0.1:1/2015-02-01/file-systems",
                signed,
                "elasticloadbalancing",
            ),
            ("https://ec2.eu-west-1.amazonaws.com/", "", "ec2"),
            ("https://iam.cn-north-1.amazonaws.com.cn/", "", "iam"),
            ("https://iam.us-gov.amazonaws.com/", "", "iam"),
            (
                "http://127.0.0.1:1/2015-02-01/file-systems",
                "",
                "elasticfilesystem",
            ),
            (
                "http://127.0.0.1:1/2020-05-31/distribution",
                "",
                "cloudfront",
            ),
            ("http://127.0.0.1:1/2013-04-01/hostedzone", "", "route53"),
            (
                "http://127.0.0.1:1/?X-Amz-Credential=AKID%2F20240101%2Fus-east-1%2Fs3%2Faws4_request",
                "",
                "s3",
            ),
            ("http://127.0.0.1:1/", "", "unknown"),
        ] {
            assert_eq!(service(&request(url, authorization)), expected, "{url}");
        }
    }
}
