//! The redaction of recorded traffic, before it is kept anywhere.

#[cfg(test)]
mod tests;

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
