//! Patterns of rules and of cache behaviors: with wildcards, or regular expressions.

use regex::{Regex, RegexBuilder};

/// Compiles a pattern in which `*` stands for any characters and `?` for one. If it takes escapes, a backslash before
/// one of them or before another backslash makes it stand for itself.
pub(crate) fn wildcard(pattern: &str, ignores_case: bool, takes_escapes: bool) -> Option<Regex> {
    let mut expression = String::from("^");
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped =
            characters.next_if(|next| takes_escapes && character == '\\' && "*?\\".contains(*next));
        match (escaped, character) {
            (Some(literal), _) => push_literal(&mut expression, literal),
            (None, '*') => expression.push_str(".*"),
            (None, '?') => expression.push('.'),
            (None, literal) => push_literal(&mut expression, literal),
        }
    }
    expression.push('$');
    compile(&expression, ignores_case)
}

fn push_literal(expression: &mut String, literal: char) {
    expression.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4])));
}

/// Compiles a regular expression, which matches anywhere in a text.
pub(crate) fn expression(pattern: &str, ignores_case: bool) -> Option<Regex> {
    compile(pattern, ignores_case)
}

fn compile(expression: &str, ignores_case: bool) -> Option<Regex> {
    RegexBuilder::new(expression)
        .case_insensitive(ignores_case)
        .dot_matches_new_line(true)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::wildcard;

    fn matches(pattern: &str, text: &str) -> bool {
        wildcard(pattern, false, true).unwrap().is_match(text)
    }

    #[test]
    fn wildcards_stand_for_characters() {
        assert!(matches("/img/*", "/img/a/b.png"));
        assert!(matches("/img/*", "/img/"));
        assert!(!matches("/img/*", "/img"));
        assert!(matches("/a?c", "/abc"));
        assert!(!matches("/a?c", "/ac"));
        assert!(!matches("/a.c", "/abc"));
        assert!(matches("\\*x", "*x"));
        assert!(!matches("\\*x", "ax"));
    }

    proptest! {
        #[test]
        fn text_matches_itself(text in "[ -~&&[^*?\\\\]]{0,20}") {
            prop_assert!(matches(&text, &text));
            let (around, longer) = (format!("*{text}*"), format!("{text}?"));
            prop_assert!(matches(&around, &text));
            prop_assert!(!matches(&longer, &text));
        }
    }
}
