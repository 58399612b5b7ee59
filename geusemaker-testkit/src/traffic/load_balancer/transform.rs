//! Transforms of rules, which rewrite the host or the URL that the target gets.

use http::Uri;
use http::uri::PathAndQuery;
use regex::Regex;

use crate::sim::elastic_load_balancing::transform;
use crate::traffic::pattern::expression;

/// A compiled transform.
#[derive(Debug)]
pub(super) struct Transform {
    kind: transform::Kind,
    regex: Regex,
    /// With `$1` for the first group.
    replacement: String,
}

/// A transform that matched, and whose result is unusable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unusable;

impl Transform {
    pub(super) fn compile(transform: &transform::Transform) -> Option<Self> {
        Some(Self {
            kind: transform.kind,
            regex: expression(&transform.regex, false)?,
            replacement: braced(&transform.replace),
        })
    }

    /// Returns the host for the target; it is the same if nothing matches.
    pub(super) fn host(&self, host: &str) -> Result<Option<String>, Unusable> {
        if self.kind != transform::Kind::HostHeaderRewrite || !self.regex.is_match(host) {
            return Ok(None);
        }
        let rewritten = self.regex.replace(host, self.replacement.as_str());
        let is_host = !rewritten.is_empty()
            && rewritten
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
        if is_host {
            Ok(Some(rewritten.into_owned()))
        } else {
            Err(Unusable)
        }
    }

    /// Returns the path and the query for the target; they are the same if nothing matches.
    pub(super) fn url(&self, uri: &Uri) -> Result<Option<PathAndQuery>, Unusable> {
        let url = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        if self.kind != transform::Kind::UrlRewrite || !self.regex.is_match(url) {
            return Ok(None);
        }
        let rewritten = self.regex.replace(url, self.replacement.as_str());
        if !rewritten.starts_with('/') {
            return Err(Unusable);
        }
        rewritten.parse().map(Some).map_err(|_| Unusable)
    }
}

/// Returns a replacement in which `$1` is `${1}`: the library would read `$1a` as the group of that name.
fn braced(replacement: &str) -> String {
    let mut braced = String::new();
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        braced.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count().min(1);
        if digits == 0 {
            braced.push_str("$$");
            rest = after;
        } else {
            braced.push_str(&format!("${{{}}}", &after[..digits]));
            rest = &after[digits..];
        }
    }
    braced.push_str(rest);
    braced
}
