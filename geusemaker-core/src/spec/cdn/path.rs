//! The paths that a cache behavior is about.

use crate::spec::text::validated_text;

validated_text! {
    /// A pattern of the paths of a cache behavior: `*` stands for any text, `?` for one character. Capital letters are
    /// different letters.
    ///
    /// Source: Amazon CloudFront Developer Guide, "Path pattern": at most 255 characters of a fixed set.
    ///
    /// ```
    /// use geusemaker_core::spec::CdnPath;
    ///
    /// assert!("/static/*".parse::<CdnPath>().is_ok());
    /// assert!("*.jpg".parse::<CdnPath>().is_ok());
    /// let error = "static/*".parse::<CdnPath>().unwrap_err();
    /// assert!(error.message().contains("expected it to start with"));
    /// ```
    CdnPath, check
}

const LONGEST: usize = 255;

fn check(text: &str) -> Result<(), String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.*$/~\"'@:+&?".contains(c);
    if !text.starts_with(['/', '*']) {
        return Err(format!(
            "{text:?} is not a path pattern: expected it to start with \"/\" or \"*\", as in \"/static/*\" or \"*.jpg\""
        ));
    }
    if let Some(stranger) = text.chars().find(|c| !is_allowed(*c)) {
        return Err(format!(
            "{text:?} is not a path pattern: {stranger:?} is not allowed; expected letters, digits and _-.*$/~\"'@:+&?"
        ));
    }
    if text.len() > LONGEST {
        return Err(format!(
            "a path pattern has at most {LONGEST} characters, and this one has {}",
            text.len()
        ));
    }
    Ok(())
}

impl CdnPath {
    /// Returns true if every path that the other pattern matches is matched by this one. It may miss a case in which
    /// only the wildcards of both together say so.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let (wide, narrow) = (self.as_str().as_bytes(), other.as_str().as_bytes());
        // The classic search with one place to go back to. A wildcard of the narrow pattern is a character of its own,
        // which a literal never matches.
        let (mut w, mut n) = (0, 0);
        let mut back = None;
        while n < narrow.len() {
            match wide.get(w) {
                Some(b'*') => {
                    back = Some((w, n));
                    w += 1;
                }
                Some(b'?') if narrow[n] != b'*' => (w, n) = (w + 1, n + 1),
                Some(literal) if *literal == narrow[n] => (w, n) = (w + 1, n + 1),
                Some(_) | None => match back {
                    Some((star, from)) => {
                        (w, n) = (star + 1, from + 1);
                        back = Some((star, from + 1));
                    }
                    None => return false,
                },
            }
        }
        wide[w..].iter().all(|b| *b == b'*')
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> CdnPath {
        text.parse().unwrap()
    }

    #[test]
    fn path_has_form_of_cloudfront() {
        for text in ["/", "/*", "*", "*.jpg", "/a?b/*.png", "/~user/$1:@+&'\""] {
            assert!(text.parse::<CdnPath>().is_ok(), "{text}");
        }
        let error = |text: &str| text.parse::<CdnPath>().unwrap_err().to_string();
        assert!(error("").contains("expected it to start with"));
        assert!(error("a/*").contains("expected it to start with"));
        assert!(error("/a b").contains("' ' is not allowed"));
        assert!(error("/é").contains("'é' is not allowed"));
        let long = format!("/{}", "a".repeat(255));
        assert_eq!(
            error(&long),
            "a path pattern has at most 255 characters, and this one has 256"
        );
    }

    #[test]
    fn wider_pattern_covers_narrower_one() {
        for (wide, narrow) in [
            ("*", "/a"),
            ("/*", "/static/*"),
            ("/static/*", "/static/*.js"),
            ("/static/*", "/static/"),
            ("*.js", "/static/*.js"),
            ("/a?", "/ab"),
            ("/a?", "/a?"),
            ("/*/b", "/a/*/b"),
        ] {
            assert!(path(wide).covers(&path(narrow)), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("/static/*", "/*"),
            ("/static/*", "/static"),
            ("/a?", "/a*"),
            ("/a?", "/a"),
            ("*.js", "/static/*"),
            ("/A", "/a"),
        ] {
            assert!(!path(wide).covers(&path(narrow)), "{wide} {narrow}");
        }
    }

    /// Returns true if the pattern matches the text, by a definition that is slow and short.
    fn matches(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some(b'*'), _) => {
                matches(&pattern[1..], text) || (!text.is_empty() && matches(pattern, &text[1..]))
            }
            (Some(b'?'), Some(_)) => matches(&pattern[1..], &text[1..]),
            (Some(p), Some(t)) if p == t => matches(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        /// A pattern that covers another one leaves it nothing.
        #[test]
        fn covered_pattern_matches_nothing_more(
            wide in "[/*][ab/*?]{0,5}", narrow in "[/*][ab/*?]{0,5}", text in "/[ab/]{0,6}",
        ) {
            let (wide, narrow) = (path(&wide), path(&narrow));
            prop_assert!(wide.covers(&wide));
            if wide.covers(&narrow) && matches(narrow.as_str().as_bytes(), text.as_bytes()) {
                prop_assert!(matches(wide.as_str().as_bytes(), text.as_bytes()), "{wide} {narrow} {text}");
            }
        }
    }
}
