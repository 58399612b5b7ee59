//! Domain names as Route 53 writes them: in lower case, with a dot at the end, and other characters as octal codes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A domain name: `llm.example.com.`, or `\052.example.com.` for an asterisk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Name(String);

impl Name {
    /// Parses a name, with or without the dot at its end.
    ///
    /// # Errors
    /// Returns the problem in AWS's words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let problem = |what: &str| format!("FATAL problem: {what} encountered with '{text}'");
        let bare = text.strip_suffix('.').unwrap_or(text);
        let mut labels = Vec::new();
        for label in bare.split('.') {
            let bytes = bytes(label).ok_or_else(|| {
                problem("UnsupportedCharacter (Value contains unsupported characters)")
            })?;
            if bytes.is_empty() {
                return Err(problem("DomainLabelEmpty (Domain label is empty)"));
            }
            if bytes.len() > 63 {
                return Err(problem("DomainLabelTooLong (Domain label is too long)"));
            }
            labels.push(escaped(&bytes));
        }
        if bare.len() > 253 {
            return Err(problem("DomainNameTooLong (Domain name is too long)"));
        }
        Ok(Self(format!("{}.", labels.join("."))))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the labels in reverse, which is the order of lists: `com.example.llm.`.
    pub(super) fn reversed(&self) -> String {
        let labels = self.0.trim_end_matches('.').rsplit('.');
        labels.fold(String::new(), |all, label| all + label + ".")
    }

    /// Returns true if the name is that of the zone or below it.
    pub(super) fn is_in(&self, zone: &Self) -> bool {
        let before = self.0.strip_suffix(&zone.0);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    }

    /// Returns the name without the dot at its end, and with an asterisk as such.
    pub(super) fn plain(&self) -> String {
        self.0.trim_end_matches('.').replace("\\052", "*")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the bytes of a label, in which a character may stand as a backslash and three octal digits.
fn bytes(label: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = label.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'\\' {
            let digits = std::str::from_utf8(tail.get(..3)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 8).ok()?);
            rest = tail.get(3..)?;
        } else {
            if !first.is_ascii_graphic() {
                return None;
            }
            bytes.push(first);
            rest = tail;
        }
    }
    Some(bytes)
}

fn escaped(bytes: &[u8]) -> String {
    let mut label = String::new();
    for byte in bytes {
        match byte.to_ascii_lowercase() {
            plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => label.push(char::from(plain)),
            other => label.push_str(&format!("\\{other:03o}")),
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Name;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    proptest! {
        #[test]
        fn arbitrary_name_is_read_or_refused(text in ".{0,40}") {
            if let Ok(name) = Name::parse(&text) {
                prop_assert_eq!(Name::parse(name.as_str()), Ok(name));
            }
        }

        #[test]
        fn names_below_zone_are_in_it(label in "[a-z0-9]{1,8}", other in "[a-z0-9]{1,8}") {
            let zone = name("example.com");
            let below = format!("{}.example.com", label);
            prop_assert!(name(&below).is_in(&zone));
            let beside = format!("{}example.com", other);
            prop_assert!(!name(&beside).is_in(&zone));
        }
    }

    #[test]
    fn name_is_written_as_route_53_does() {
        assert_eq!(name("*.Example.COM").as_str(), "\\052.example.com.");
        assert_eq!(name("\\052.example.com."), name("*.example.com"));
        assert_eq!(name("*.example.com").plain(), "*.example.com");
        assert_eq!(name("llm.example.com").reversed(), "com.example.llm.");
        for wrong in ["", ".", "a..b", "a b.com", "a.\\9", "é.com"] {
            assert!(Name::parse(wrong).is_err(), "{wrong}");
        }
        assert!(
            Name::parse(&"a".repeat(64))
                .unwrap_err()
                .contains("DomainLabelTooLong")
        );
    }
}
