//! A second check of recorded traffic, for anything that looks like a secret.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use regex::Regex;
use serde_json::Value;

use super::error::CassetteError;
use super::sensitive::{ACCOUNT, REDACTED, pattern};

/// Something in a cassette that looks like a secret.
///
/// Neither the finding nor its text holds the secret, so that it can be printed where others read it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The place: `log.entries[3].request.headers[2].value`.
    pub place: String,
    /// The kind of the suspected secret.
    pub kind: FindingKind,
}

/// A kind of secret that a finding looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// An access key id, which begins with `AKIA` or `ASIA`.
    AccessKeyId,
    /// An account id other than the placeholder `123456789012`.
    AccountId,
    /// A header that authorizes or identifies the caller.
    CredentialHeader,
    /// A JSON web token.
    JsonWebToken,
    /// A private key.
    PrivateKey,
    /// Forty characters of base64 with a secret's name, in the form of a secret access key.
    SecretAccessKey,
    /// A session token.
    SecurityToken,
    /// A request's signature.
    Signature,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessKeyId => "an access key id",
            Self::AccountId => "an account id that is not the placeholder 123456789012",
            Self::CredentialHeader => "a header that holds credentials",
            Self::JsonWebToken => "a JSON web token",
            Self::PrivateKey => "a private key",
            Self::SecretAccessKey => "a secret access key",
            Self::SecurityToken => "a session token",
            Self::Signature => "a signature",
        })
    }
}

/// Searches a file for secrets, including the HAR fields that a [`Cassette`](super::Cassette) does not keep.
///
/// # Errors
///
/// Returns an error if the file cannot be read or is not JSON.
pub fn secrets_in_file(path: impl AsRef<Path>) -> Result<Vec<Finding>, CassetteError> {
    let path = path.as_ref();
    let text = fs::read_to_string(path).map_err(|source| CassetteError::Read {
        path: path.to_owned(),
        source,
    })?;
    let har = serde_json::from_str(&text).map_err(CassetteError::NotHar)?;
    Ok(findings_in(&har))
}

pub(crate) fn findings_in(har: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(har, "", &mut findings);
    findings
}

fn walk(value: &Value, place: &str, findings: &mut Vec<Finding>) {
    let mut find = |kinds: Vec<FindingKind>, place: &str| {
        findings.extend(kinds.into_iter().map(|kind| Finding {
            place: place.to_owned(),
            kind,
        }));
    };
    match value {
        Value::String(text) => find(kinds_in(text), place),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{place}[{index}]"), findings);
            }
        }
        Value::Object(fields) => {
            if let (Some(Value::String(name)), Some(Value::String(value))) =
                (fields.get("name"), fields.get("value"))
            {
                // HAR's headers, cookies and parameters are all pairs whose name tells the meaning of the value.
                if is_credential_header(name) && value != REDACTED {
                    find(vec![FindingKind::CredentialHeader], place);
                }
                find(shapes_in(&format!("{name}={value}")), place);
            }
            for (name, field) in fields {
                let place = if place.is_empty() {
                    name.clone()
                } else {
                    format!("{place}.{name}")
                };
                walk(field, &place, findings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns the kinds of secrets in a text, and in any base64 of text in it, such as user data.
fn kinds_in(text: &str) -> Vec<FindingKind> {
    static ENCODED: LazyLock<Regex> = LazyLock::new(|| pattern("[A-Za-z0-9+/]{16,}={0,2}"));
    let mut kinds = shapes_in(text);
    for encoded in ENCODED.find_iter(text) {
        if let Ok(decoded) = BASE64_STANDARD.decode(encoded.as_str()) {
            kinds.extend(shapes_in(&String::from_utf8_lossy(&decoded)));
        }
    }
    kinds.sort();
    kinds.dedup();
    kinds
}

fn shapes_in(text: &str) -> Vec<FindingKind> {
    SHAPES
        .iter()
        .filter(|(kind, pattern)| {
            pattern.captures_iter(text).any(|found| {
                let Some(secret) = found.get(1) else {
                    return true;
                };
                let placeholder = match kind {
                    FindingKind::AccountId => ACCOUNT,
                    _ => REDACTED,
                };
                secret.as_str() != placeholder
            })
        })
        .map(|(kind, _)| *kind)
        .collect()
}

fn is_credential_header(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "authorization"
            | "cookie"
            | "proxy-authorization"
            | "set-cookie"
            | "x-amz-credential"
            | "x-amz-security-token"
            | "x-amz-signature"
    )
}

/// If a pattern has a group, the group is the secret, and a placeholder there does not count.
///
/// The patterns are separate from the rules of redaction, and wider, so that they reveal gaps in those rules.
static SHAPES: LazyLock<[(FindingKind, Regex); 8]> = LazyLock::new(|| {
    [
        (
            FindingKind::AccessKeyId,
            pattern(r"(?:AKIA|ASIA)[A-Z0-9]{12,}"),
        ),
        (
            FindingKind::AccountId,
            pattern(
                r"arn(?::|%3[Aa])aws[a-z-]*(?:(?::|%3[Aa])[A-Za-z0-9-]*?){2}(?::|%3[Aa])([0-9]{12})(?:[^0-9]|\z)",
            ),
        ),
        (
            FindingKind::AccountId,
            pattern(r#"(?i)(?:owner|account)(?:-?id)?[\\">=: ]{1,6}([0-9]{12})(?:[^0-9]|\z)"#),
        ),
        (
            FindingKind::JsonWebToken,
            pattern(r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\."),
        ),
        (
            FindingKind::PrivateKey,
            pattern(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
        ),
        (
            FindingKind::SecretAccessKey,
            pattern(r"(?i)secret.{0,40}?[^A-Za-z0-9/+]([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|\z)"),
        ),
        (
            FindingKind::SecurityToken,
            pattern(r#"(?i)(?:x-amz-security-token|sessiontoken)[">=:\s]{1,5}([^\s&"'<>,]+)"#),
        ),
        (
            FindingKind::Signature,
            pattern(r#"(?i)\bSignature=([^\s&"'<>,]+)"#),
        ),
    ]
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_kinds_are_all_found() {
        let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        for (text, kind) in [
            (
                "id AKIAIOSFODNN7EXAMPLE".to_owned(),
                FindingKind::AccessKeyId,
            ),
            (
                "arn:aws:iam::111122223333:role/x".to_owned(),
                FindingKind::AccountId,
            ),
            (
                "arn%3Aaws%3Aefs%3Aus-east-1%3A111122223333%3Afs".to_owned(),
                FindingKind::AccountId,
            ),
            (
                "<ownerId>111122223333</ownerId>".to_owned(),
                FindingKind::AccountId,
            ),
            (
                r#"{"OwnerId": "111122223333"}"#.to_owned(),
                FindingKind::AccountId,
            ),
            (
                "eyJhbGciOi.eyJzdWIiOi.c2ln".to_owned(),
                FindingKind::JsonWebToken,
            ),
            (
                "-----BEGIN RSA PRIVATE KEY-----".to_owned(),
                FindingKind::PrivateKey,
            ),
            (
                format!("<SecretAccessKey>{key}</SecretAccessKey>"),
                FindingKind::SecretAccessKey,
            ),
            (
                format!("aws_secret_access_key = {key}"),
                FindingKind::SecretAccessKey,
            ),
            (
                "<SessionToken>IQoJb3Jp</SessionToken>".to_owned(),
                FindingKind::SecurityToken,
            ),
            (
                "x-amz-security-token:IQoJb3Jp".to_owned(),
                FindingKind::SecurityToken,
            ),
            ("?X-Amz-Signature=00ff".to_owned(), FindingKind::Signature),
        ] {
            assert_eq!(kinds_in(&text), [kind], "{text}");
            let encoded = BASE64_STANDARD.encode(format!("#!/bin/sh\n{text}\n"));
            assert_eq!(kinds_in(&encoded), [kind], "{text}, in base64");
        }
    }

    #[test]
    fn placeholders_are_not_reported() {
        for text in [
            "arn:aws:iam::123456789012:role/x",
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "<ownerId>123456789012</ownerId>",
            "<SecretAccessKey>REDACTED</SecretAccessKey>",
            "<SessionToken>REDACTED</SessionToken>",
            "X-Amz-Signature=REDACTED&",
            "cmVkYWN0ZWQ=",
        ] {
            assert_eq!(kinds_in(text), [], "{text}");
        }
    }

    #[test]
    fn finding_shows_place_but_not_secret() {
        let har = serde_json::json!({"log": {"entries": [
            {"request": {"headers": [{"name": "Authorization", "value": "Bearer hunter2"}]}},
            {"comment": "AKIAIOSFODNN7EXAMPLE"},
        ]}});
        let found: Vec<_> = findings_in(&har).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "log.entries[0].request.headers[0]: a header that holds credentials",
                "log.entries[1].comment: an access key id",
            ]
        );
    }
}
