//! Path patterns, by which a request finds its cache behavior.

/// A path pattern: `*` stands for any characters, `?` for exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathPattern(String);

impl PathPattern {
    /// Returns a pattern, whose leading slash may be absent.
    pub(super) fn new(pattern: &str) -> Self {
        Self(match pattern.starts_with('/') {
            true => pattern.to_owned(),
            false => format!("/{pattern}"),
        })
    }

    /// Returns true if the pattern stands for a path. Upper and lower case differ.
    pub(super) fn matches(&self, path: &str) -> bool {
        let (pattern, path) = (self.0.as_bytes(), path.as_bytes());
        let (mut at, mut seen) = (0, 0);
        // The last `*`, and how much of the path it stood for: one character more at each attempt.
        let mut star: Option<(usize, usize)> = None;
        while let Some(byte) = path.get(seen) {
            match (pattern.get(at), star) {
                (Some(b'*'), _) => {
                    star = Some((at, seen));
                    at += 1;
                }
                (Some(other), _) if *other == b'?' || other == byte => {
                    at += 1;
                    seen += 1;
                }
                (_, Some((position, taken))) => {
                    star = Some((position, taken + 1));
                    at = position + 1;
                    seen = taken + 1;
                }
                (_, None) => return false,
            }
        }
        pattern
            .get(at..)
            .is_none_or(|rest| rest.iter().all(|byte| *byte == b'*'))
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
