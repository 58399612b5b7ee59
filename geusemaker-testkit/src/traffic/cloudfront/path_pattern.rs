//! Path patterns, by which a request finds its cache behavior.

use regex::Regex;

use crate::traffic::pattern::wildcard;

/// A path pattern: `*` stands for any characters, `?` for exactly one.
#[derive(Clone, Debug)]
pub(super) struct PathPattern(Option<Regex>);

impl PathPattern {
    /// Returns a pattern, whose leading slash may be absent.
    pub(super) fn new(pattern: &str) -> Self {
        Self(match pattern.starts_with('/') {
            true => wildcard(pattern, false, false),
            false => wildcard(&format!("/{pattern}"), false, false),
        })
    }

    /// Returns true if the pattern stands for a path. Upper and lower case differ.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(path))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::PathPattern;

    #[test]
    fn wildcards_cross_slashes() {
        for (pattern, path, expected) in [
            ("/api/*", "/api/a/b", true),
            ("api/*", "/api/", true),
            ("/api/*", "/api", false),
            ("*.jpg", "/images/a.jpg", true),
            ("*.jpg", "/images/a.jpg/b", false),
            ("/a?c", "/abc", true),
            ("/a?c", "/ac", false),
            ("/API/*", "/api/a", false),
            ("*", "/", true),
            ("/a*b*c", "/aXbXbc", true),
            ("/a*b*c", "/aXbXb", false),
        ] {
            assert_eq!(
                PathPattern::new(pattern).matches(path),
                expected,
                "{pattern} {path}"
            );
        }
    }

    proptest! {
        #[test]
        fn pattern_agrees_with_regex(pattern in "[ab*?/]{0,8}", path in "/[ab/]{0,8}") {
            let full = match pattern.starts_with('/') {
                true => pattern.clone(),
                false => format!("/{pattern}"),
            };
            let expression = full.replace('*', ".*").replace('?', ".");
            let expression = regex::Regex::new(&format!("^{expression}$")).unwrap();
            prop_assert_eq!(PathPattern::new(&pattern).matches(&path), expression.is_match(&path));
        }
    }
}
