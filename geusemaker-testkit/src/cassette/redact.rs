//! The redaction of recorded traffic, before it is kept anywhere.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use regex::{NoExpand, Regex};
use serde_json::Value;

use super::body::{Body, pairs};
use super::error::PatternError;
use super::har::{self, Content, Entry, NameValue};
use super::sensitive::{
    ACCOUNT, BASE64, REDACTED, Sensitive, TOKEN, UNREADABLE, is_account, is_dropped_header,
    is_dropped_query, redact_shapes,
};

/// Replaces secrets, and values that differ in every run, with constants.
///
/// The default rules are always on:
///
/// - Headers that sign, identify or date a request are dropped, as are those that describe the body's bytes.
/// - User data, console output, key material, passwords, session credentials and the values of CloudFront's origin
///   headers become a placeholder, in form, JSON and XML bodies and in query strings alike.
/// - Idempotency tokens (`ClientToken`, `CreationToken`, `CallerReference`) become one constant, so that a program that
///   draws a new one in every run still matches its recording.
/// - The account id in an ARN, and any value that is an account id, becomes `123456789012`. Any text of exactly twelve
///   digits counts as an account id: a number that happens to have twelve is changed too if XML or a form carries it.
/// - Access key ids, private keys, JSON web tokens and signatures are replaced wherever they stand in a text.
///
/// Use [`with_pattern`](Self::with_pattern) for text that is private or random in one program only. Redacting twice is
/// the same as redacting once, and a redacted XML or JSON body is still XML or JSON. A body that is declared as one of
/// them and cannot be read is replaced as a whole; a body that is not text is kept as it is.
///
/// ```
/// use geusemaker_testkit::cassette::Redactor;
///
/// let redactor = Redactor::new()
///     .with_pattern("deployment-[0-9a-f]{8}", "deployment-00000000")?
///     .keeping_console_lines("^READY ")?;
/// # let _ = redactor;
/// # Ok::<(), geusemaker_testkit::cassette::PatternError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    patterns: Vec<(Regex, String)>,
    kept_console_lines: Vec<Regex>,
}

impl Redactor {
    /// Creates a redactor with the default rules only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule that replaces every match of `pattern` in a value, a header or a URL with `replacement`, taken
    /// literally.
    ///
    /// # Errors
    ///
    /// Returns an error if the pattern is not a regular expression, or if it would replace a part of its own
    /// replacement with something else: a cassette would then change each time it is redacted.
    pub fn with_pattern(
        mut self,
        pattern: &str,
        replacement: impl Into<String>,
    ) -> Result<Self, PatternError> {
        let replacement = replacement.into();
        let regex = compile(pattern)?;
        if regex.replace_all(&replacement, NoExpand(&replacement)) != replacement {
            return Err(PatternError::NotStable {
                pattern: pattern.to_owned(),
                replacement,
            });
        }
        self.patterns.push((regex, replacement));
        Ok(self)
    }

    /// Keeps the lines of EC2 console output that contain a match of `pattern`, for a program that reads them.
    ///
    /// The lines themselves are redacted first.
    ///
    /// # Errors
    ///
    /// Returns an error if the pattern is not a regular expression.
    pub fn keeping_console_lines(mut self, pattern: &str) -> Result<Self, PatternError> {
        self.kept_console_lines.push(compile(pattern)?);
        Ok(self)
    }

    pub(crate) fn entry(&self, entry: &mut Entry) {
        self.request(&mut entry.request);
        let response = &mut entry.response;
        self.headers(&mut response.headers);
        self.content(&mut response.content);
        response.redirect_url = self.text(&response.redirect_url);
    }

    pub(crate) fn request(&self, request: &mut har::Request) {
        request.url = self.url(&request.url);
        let query = har::split_url(&request.url).1;
        request.query_string = pairs(query)
            .into_iter()
            .map(|(name, value)| NameValue::new(name, value))
            .collect();
        self.headers(&mut request.headers);
        if let Some(content) = &mut request.post_data {
            self.content(content);
        }
    }

    /// Returns the matches of the program's own patterns in a request that is not redacted yet: each replacement, and
    /// the first value that it stands for.
    pub(crate) fn replaced(&self, request: &har::Request) -> Vec<(String, String)> {
        let body = request
            .post_data
            .as_ref()
            .map_or("", |content| &content.text);
        self.patterns
            .iter()
            .filter_map(|(pattern, replacement)| {
                let found = pattern.find(&request.url).or_else(|| pattern.find(body))?;
                let value = found.as_str();
                (value != replacement).then(|| (replacement.clone(), value.to_owned()))
            })
            .collect()
    }

    fn headers(&self, headers: &mut Vec<NameValue>) {
        headers.retain(|header| !is_dropped_header(&header.name));
        for header in headers {
            header.value = self.text(&header.value);
        }
    }

    fn url(&self, url: &str) -> String {
        let (path, query) = har::split_url(url);
        let segments: Vec<String> = path
            .split('/')
            .map(|segment| self.value(&[], segment))
            .collect();
        let mut redacted = segments.join("/");
        if !query.is_empty() {
            let before = pairs(query);
            let after: Vec<_> = before
                .iter()
                .filter(|(name, _)| !is_dropped_query(name))
                .map(|(name, value)| (name.clone(), self.field(name, value)))
                .collect();
            if after == before {
                redacted = format!("{redacted}?{query}");
            } else if !after.is_empty() {
                redacted = format!("{redacted}?{}", form(&after));
            }
        }
        redacted
    }

    /// Redacts a body. A body with nothing to redact keeps its exact text.
    fn content(&self, content: &mut Content) {
        match Body::read(content) {
            Body::Binary | Body::Empty => {}
            Body::Form(before) => {
                let after: Vec<_> = before
                    .iter()
                    .map(|(name, value)| (name.clone(), self.field(name, value)))
                    .collect();
                if after != before {
                    content.replace_text(form(&after));
                }
            }
            Body::Json(before) => {
                let mut after = before.clone();
                self.json(&mut after, &mut Vec::new());
                if after != before {
                    content.replace_text(after.to_string());
                }
            }
            Body::Text(text) => content.replace_text(self.text(&text)),
            Body::Unreadable => content.replace_text(UNREADABLE.to_owned()),
            Body::Xml(mut document) => {
                if document.edit(&mut |path, value| self.value(path, value)) {
                    content.replace_text(document.write());
                }
            }
        }
    }

    fn json(&self, value: &mut Value, path: &mut Vec<String>) {
        match value {
            Value::String(text) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                *text = self.value(&names, text);
            }
            Value::Array(items) => {
                for item in items {
                    self.json(item, path);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    path.push(name.clone());
                    self.json(field, path);
                    path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Redacts a value of a form or a query string. Its name is a path.
    fn field(&self, name: &str, value: &str) -> String {
        self.value(&name.split('.').collect::<Vec<_>>(), value)
    }

    fn value(&self, path: &[&str], value: &str) -> String {
        // The white space between the elements of a sensitive XML structure is not secret.
        if value.trim().is_empty() {
            return value.to_owned();
        }
        match Sensitive::of(path) {
            Some(Sensitive::ConsoleOutput) => self.console_output(value),
            Some(Sensitive::IdempotencyToken) => TOKEN.to_owned(),
            Some(Sensitive::Secret) => REDACTED.to_owned(),
            Some(Sensitive::UserData) => BASE64.to_owned(),
            None if is_account(value.trim()) => ACCOUNT.to_owned(),
            None => self.text(value),
        }
    }

    fn console_output(&self, encoded: &str) -> String {
        let encoded: String = encoded.split_whitespace().collect();
        let decoded = BASE64_STANDARD.decode(encoded).unwrap_or_default();
        let kept: Vec<String> = String::from_utf8_lossy(&decoded)
            .lines()
            .map(|line| self.text(line))
            .filter(|line| {
                self.kept_console_lines
                    .iter()
                    .any(|kept| kept.is_match(line))
            })
            .collect();
        if kept.is_empty() {
            BASE64.to_owned()
        } else {
            BASE64_STANDARD.encode(kept.join("\n"))
        }
    }

    fn text(&self, text: &str) -> String {
        let mut text = redact_shapes(text);
        for (pattern, replacement) in &self.patterns {
            if pattern.is_match(&text) {
                text = pattern
                    .replace_all(&text, NoExpand(replacement))
                    .into_owned();
            }
        }
        text
    }
}

fn compile(pattern: &str) -> Result<Regex, PatternError> {
    Regex::new(pattern).map_err(|source| PatternError::NotARegex {
        pattern: pattern.to_owned(),
        reason: source.to_string(),
    })
}

fn form(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redact(mime_type: &str, text: &str) -> String {
        redact_with(&Redactor::new(), mime_type, text)
    }

    fn redact_with(redactor: &Redactor, mime_type: &str, text: &str) -> String {
        let mut content = Content::from_bytes(mime_type, text.as_bytes());
        redactor.content(&mut content);
        content.text
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    /// The names of the fields stay.
    #[test]
    fn form_secrets_are_redacted() {
        let form = "Action=RunInstances&UserData=IyEvYmlu&ClientToken=5f2c&Owner.1=111122223333\
                    &LaunchTemplateData.UserData=IyEvYmlu&ImageId=ami-1";
        assert_eq!(
            redact(FORM, form),
            "Action=RunInstances&UserData=cmVkYWN0ZWQ%3D&ClientToken=REDACTED-TOKEN&Owner.1=123456789012\
             &LaunchTemplateData.UserData=cmVkYWN0ZWQ%3D&ImageId=ami-1"
        );
    }

    /// In CloudFront's requests and in the load balancer's.
    #[test]
    fn origin_secret_header_is_redacted() {
        let rule = "Conditions.member.1.HttpHeaderConfig.HttpHeaderName=X-Origin\
                    &Conditions.member.1.HttpHeaderConfig.Values.member.1=hunter2";
        assert!(redact(FORM, rule).ends_with(
            "HttpHeaderName=X-Origin&Conditions.member.1.HttpHeaderConfig.Values.member.1=REDACTED"
        ));
        let described =
            "<HttpHeaderConfig><Values><member>hunter2</member></Values></HttpHeaderConfig>";
        assert!(redact("text/xml", described).contains("<member>REDACTED</member>"));
        let origin =
            "<Origin><HeaderName>X-Origin</HeaderName><HeaderValue>hunter2</HeaderValue></Origin>";
        assert_eq!(
            redact("application/xml", origin),
            "<Origin><HeaderName>X-Origin</HeaderName><HeaderValue>REDACTED</HeaderValue></Origin>"
        );
    }

    /// In ARNs, and where they are the whole value.
    #[test]
    fn account_ids_are_redacted() {
        let text = r#"{"OwnerId":"111122223333","FileSystemArn":"arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1","Size":111122223333}"#;
        assert_eq!(
            serde_json::from_str::<Value>(&redact("application/json", text)).unwrap(),
            serde_json::json!({
                "OwnerId": "123456789012",
                "FileSystemArn": "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1",
                "Size": 111_122_223_333_u64,
            })
        );
        let url = "https://elasticfilesystem.us-east-1.amazonaws.com/2015-02-01/tags/arn%3Aaws%3Aefs%3Aus-east-1%3A111122223333%3Afs";
        assert!(
            Redactor::new()
                .url(url)
                .ends_with("arn%3Aaws%3Aefs%3Aus-east-1%3A123456789012%3Afs")
        );
    }

    #[test]
    fn console_output_keeps_only_chosen_lines() {
        let output = BASE64_STANDARD
            .encode("booting\nREADY arn:aws:iam::111122223333:role/x\npassword: hunter2\n");
        let body = format!(
            "<GetConsoleOutputResponse><output>{output}</output></GetConsoleOutputResponse>"
        );
        assert!(redact("text/xml", &body).contains("<output>cmVkYWN0ZWQ=</output>"));
        let redactor = Redactor::new().keeping_console_lines("^READY ").unwrap();
        let kept = BASE64_STANDARD.encode("READY arn:aws:iam::123456789012:role/x");
        assert!(
            redact_with(&redactor, "text/xml", &body).contains(&format!("<output>{kept}</output>"))
        );
    }

    #[test]
    fn body_without_secrets_is_unchanged() {
        for (mime_type, text) in [
            (
                "text/xml",
                "<?xml version=\"1.0\"?>\n<a  b='1'>\n <!-- c --> </a>",
            ),
            ("application/json", "{ \"b\": 1.50, \"a\": [] }"),
            (FORM, "a=%7e&b"),
        ] {
            assert_eq!(redact(mime_type, text), text);
        }
    }

    #[test]
    fn unreadable_body_is_replaced() {
        assert_eq!(redact("text/xml", "<a><UserData>c2VjcmV0"), UNREADABLE);
        assert_eq!(
            redact("application/json", "{\"UserData\": \"c2Vj"),
            UNREADABLE
        );
    }

    #[test]
    fn presigned_url_loses_signature() {
        let url = "https://b.s3.amazonaws.com/k?versionId=1&X-Amz-Credential=AKIA%2Fx&X-Amz-Signature=00ff";
        assert_eq!(
            Redactor::new().url(url),
            "https://b.s3.amazonaws.com/k?versionId=1"
        );
    }

    #[test]
    fn pattern_applies_to_values_and_urls() {
        let redactor = Redactor::new()
            .with_pattern("[0-9a-f]{8}-run", "00000000-run")
            .unwrap();
        assert_eq!(
            redactor.url("https://h/x/1a2b3c4d-run?q=1a2b3c4d-run"),
            "https://h/x/00000000-run?q=00000000-run"
        );
        assert_eq!(
            redact_with(&redactor, FORM, "Tag.1.Value=1a2b3c4d-run"),
            "Tag.1.Value=00000000-run"
        );
    }

    /// A pattern that would change its own replacement, or is not a regular expression.
    #[test]
    fn unstable_pattern_is_refused() {
        assert!(matches!(
            Redactor::new().with_pattern("a", "aa"),
            Err(PatternError::NotStable { .. })
        ));
        assert!(matches!(
            Redactor::new().with_pattern("(", ""),
            Err(PatternError::NotARegex { .. })
        ));
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("UserData".to_owned()),
            Just("OwnerId".to_owned()),
            Just("ClientToken".to_owned()),
            Just("HeaderValue".to_owned()),
            Just("HttpHeaderConfig".to_owned()),
            Just("Values".to_owned()),
            Just("output".to_owned()),
            "[A-Za-z]{1,8}",
        ]
    }

    fn secret() -> impl Strategy<Value = String> {
        prop_oneof![
            "arn:aws:ec2:us-east-1:[1-9]{12}:instance/i-[0-9a-f]{4}",
            "(AKIA|ASIA)[A-Z0-9]{16}",
            "X-Amz-Signature=[0-9a-f]{8}",
            "x-amz-security-token: ?[A-Za-z0-9/+]{9}",
            "eyJ[A-Za-z0-9_-]{8,12}\\.[A-Za-z0-9_-]{8,12}\\.[A-Za-z]{6}",
            "-----BEGIN (RSA )?PRIVATE KEY-----\n[A-Za-z0-9]{20}\n-----END (RSA )?PRIVATE KEY-----",
        ]
    }

    fn text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[0-9]{12}",
            "arn:aws:ec2:us-east-1:[0-9]{12}:instance/i-[0-9a-f]{4}",
            "(AKIA|ASIA)[A-Z0-9]{16}",
            "(X-Amz-Signature|Credential)=[0-9a-f&,]{1,8}",
            "x-amz-security-token: ?[A-Za-z0-9/+=]{0,8}",
            "eyJ[A-Za-z0-9_-]{8,12}\\.[A-Za-z0-9_-]{8,12}\\.",
            Just("-----BEGIN RSA PRIVATE KEY-----".to_owned()),
            "REDACTED",
            "[ -~\\n]{0,12}",
            "\\PC{0,6}",
        ];
        prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            text().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name(), inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    fn xml_element() -> impl Strategy<Value = String> {
        let leaf = text().prop_map(|text| quick_xml::escape::escape(text).into_owned());
        let inner = leaf.prop_recursive(3, 16, 4, |inner| {
            prop::collection::vec((name(), inner), 1..4).prop_map(|children| {
                children
                    .iter()
                    .map(|(name, child)| format!("\n<{name}>{child}</{name}>"))
                    .collect()
            })
        });
        (name(), inner).prop_map(|(name, inner)| format!("<{name}>{inner}</{name}>"))
    }

    fn body() -> impl Strategy<Value = (&'static str, String)> {
        prop_oneof![
            json_value().prop_map(|value| ("application/json", value.to_string())),
            xml_element().prop_map(|element| ("text/xml", element)),
            prop::collection::vec((name(), text()), 0..5)
                .prop_map(|pairs| (FORM, super::form(&pairs))),
            text().prop_map(|text| ("text/plain", text)),
            text().prop_map(|text| ("", text)),
        ]
    }

    proptest! {
        #[test]
        fn body_redaction_is_idempotent((mime_type, text) in body()) {
            let once = redact(mime_type, &text);
            prop_assert_eq!(&redact(mime_type, &once), &once);
        }

        #[test]
        fn redacted_body_keeps_its_format((mime_type, text) in body()) {
            let kind = |text: &str| std::mem::discriminant(&Body::read(&Content::from_bytes(mime_type, text.as_bytes())));
            prop_assert_eq!(kind(&redact(mime_type, &text)), kind(&text));
        }

        #[test]
        fn secrets_do_not_survive_redaction(
            names in prop::collection::vec(name(), 4),
            secrets in prop::collection::vec(secret(), 4),
            before in "[ -%'-~]{0,6}[ =:]",
        ) {
            let pairs: Vec<_> = names.into_iter().zip(secrets.iter().map(|secret| format!("{before}{secret} x"))).collect();
            let json = Value::Object(pairs.iter().map(|(name, text)| (name.clone(), Value::from(text.clone()))).collect());
            let xml: String = pairs.iter().map(|(name, text)| format!("<{name}>{}</{name}>", quick_xml::escape::escape(text))).collect();
            for (mime_type, body) in [
                (FORM, super::form(&pairs)),
                ("application/json", json.to_string()),
                ("text/xml", format!("<r>{xml}</r>")),
                ("text/plain", pairs[0].1.clone()),
            ] {
                let redacted = redact(mime_type, &body);
                let found = crate::cassette::scan::findings_in(&Value::from(redacted.clone()));
                prop_assert_eq!(found, vec![], "{}", redacted);
                for secret in &secrets {
                    prop_assert!(!redacted.contains(secret), "{}", redacted);
                }
            }
        }

        #[test]
        fn url_redaction_is_idempotent(pairs in prop::collection::vec((name(), text()), 0..5), id in "[0-9]{10,13}") {
            let url = format!("https://host/{id}/x?{}", super::form(&pairs));
            let once = Redactor::new().url(&url);
            prop_assert_eq!(Redactor::new().url(&once), once);
        }
    }
}
