//! The secret fields of AWS's requests and answers, by their names, and the secret texts, by their form.

use std::sync::LazyLock;

use regex::Regex;

/// The replacement of a secret.
pub(crate) const REDACTED: &str = "REDACTED";
/// The replacement of every account id: the one that AWS's own examples use.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The replacement of an idempotency token.
pub(crate) const TOKEN: &str = "REDACTED-TOKEN";
/// The replacement of user data and console output: "redacted" in base64, since programs decode these fields.
pub(crate) const BASE64: &str = "cmVkYWN0ZWQ=";
/// The replacement of a body that is declared as JSON or XML and is not, so that its content is unknown.
pub(crate) const UNREADABLE: &str = "REDACTED: a body that could not be read";

/// The reason why a field is sensitive, which decides its placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sensitive {
    /// The console output of an instance, in base64.
    ConsoleOutput,
    /// A random token that makes a call idempotent: not a secret, but different in every run.
    IdempotencyToken,
    Secret,
    /// The program that an instance starts with, in base64.
    UserData,
}

impl Sensitive {
    /// Returns the sensitivity of a value, given the names on the path from the root of the body to the value.
    pub(crate) fn of(path: &[&str]) -> Option<Self> {
        // `Output` is an ordinary name elsewhere.
        if path.first() == Some(&"GetConsoleOutputResponse") && path.last() == Some(&"output") {
            return Some(Self::ConsoleOutput);
        }
        // A load balancer that accepts only its CDN compares a secret header. Form names have `Values.member.1`.
        if let Some(at) = path.iter().position(|name| *name == "HttpHeaderConfig")
            && path.get(at + 1) == Some(&"Values")
        {
            return Some(Self::Secret);
        }
        // Parameters of Systems Manager, in PutParameter's request and in the answers. `Value` is an ordinary name in tags
        // and filters, which are deeper in a body.
        let is_parameter = |first: &&str| ["Parameter", "Parameters"].contains(first);
        if path == ["Value"]
            || (path.first().is_some_and(is_parameter) && path.last() == Some(&"Value"))
        {
            return Some(Self::Secret);
        }
        path.iter().find_map(|name| Self::named(name))
    }

    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "userdata" => Some(Self::UserData),
            "callerreference" | "clientrequesttoken" | "clienttoken" | "creationtoken"
            | "idempotencytoken" => Some(Self::IdempotencyToken),
            // `HeaderValue` is the custom header that CloudFront sends to an origin.
            "accesstoken"
            | "authtoken"
            | "clientsecret"
            | "headervalue"
            | "idtoken"
            | "keymaterial"
            | "masteruserpassword"
            | "password"
            | "passworddata"
            | "privatekey"
            | "refreshtoken"
            | "samlassertion"
            | "secretaccesskey"
            | "secretbinary"
            | "secretstring"
            | "sessiontoken"
            | "standarderrorcontent"
            | "standardoutputcontent"
            | "tokenvalue"
            | "webidentitytoken" => Some(Self::Secret),
            _ => None,
        }
    }
}

/// Returns true for headers that are secret, that differ in every run, or that no longer hold once a body is redacted.
pub(crate) fn is_dropped_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "amz-sdk-invocation-id"
            | "amz-sdk-request"
            | "authorization"
            | "connection"
            | "content-length"
            | "content-md5"
            | "cookie"
            | "date"
            | "proxy-authorization"
            | "set-cookie"
            | "transfer-encoding"
            | "user-agent"
            | "x-amz-content-sha256"
            | "x-amz-crc32"
            | "x-amz-date"
            | "x-amz-security-token"
            | "x-amz-user-agent"
    ) || name.starts_with("x-amz-checksum-")
}

/// Returns true for parameters that carry the signature of a presigned URL.
pub(crate) fn is_dropped_query(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "x-amz-algorithm"
            | "x-amz-credential"
            | "x-amz-date"
            | "x-amz-expires"
            | "x-amz-security-token"
            | "x-amz-signature"
            | "x-amz-signedheaders"
    )
}

/// Returns true if the whole value is an account id.
pub(crate) fn is_account(value: &str) -> bool {
    value.len() == ACCOUNT.len() && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Replaces secrets that are recognized by their form, anywhere in a text.
pub(crate) fn redact_shapes(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, replacement) in SHAPES.iter() {
        if pattern.is_match(&text) {
            text = pattern.replace_all(&text, *replacement).into_owned();
        }
    }
    text
}

/// The patterns, each with its replacement. A replacement must not match any other pattern.
static SHAPES: LazyLock<[(Regex, &str); 6]> = LazyLock::new(|| {
    [
        // The account id in an ARN, whose colons are escaped when it is part of a path.
        (
            pattern(
                r"(arn(?::|%3[Aa])aws[a-z-]*(?::|%3[Aa])[A-Za-z0-9-]*(?::|%3[Aa])[a-z0-9-]*(?::|%3[Aa]))[0-9]{12}\b",
            ),
            "${1}123456789012",
        ),
        (pattern(r"(?:AKIA|ASIA)[A-Z0-9]{12,}"), REDACTED),
        (
            pattern(
                r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
            ),
            REDACTED,
        ),
        (
            pattern(r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*"),
            REDACTED,
        ),
        // In presigned URLs and `Authorization` values. AWS echoes both in its answer to a wrong signature.
        (
            pattern(r#"(?i)\b((?:Signature|Credential)=)[^&,\s"'<>]+"#),
            "${1}REDACTED",
        ),
        (
            pattern(r#"(?i)\b(x-amz-security-token[ \t]*[:=][ \t]*)[^&,\s"'<>]+"#),
            "${1}REDACTED",
        ),
    ]
});

#[expect(
    clippy::expect_used,
    reason = "every caller gives a constant, and the tests compile each of them"
)]
pub(crate) fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern")
}
