//! Domain names of certificates, and the DNS record with which each is validated.

use serde::{Deserialize, Serialize};

use crate::sim::timings::Rng;

/// A name for which a certificate is valid: `example.com`, or `*.example.com` for the names one level below.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct DomainName(String);

/// The record that proves the control of a name: a CNAME of that name with that value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValidationRecord {
    pub(super) name: String,
    pub(super) value: String,
}

impl DomainName {
    /// Parses a name of the pattern that the model gives: at least two labels, the first of which may be an asterisk.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_prefix("*.").unwrap_or(text);
        let labels: Vec<&str> = bare.split('.').collect();
        let is_label = |label: &&str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let has_end = labels.last().is_some_and(|last| last.len() >= 2);
        let fits = (1..=253).contains(&text.len()) && labels.len() >= 2;
        (fits && has_end && labels.iter().all(is_label)).then(|| Self(text.to_ascii_lowercase()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if a certificate for this name is valid for another. An asterisk stands for one label.
    pub(super) fn covers(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        match self.0.strip_prefix("*.") {
            _ if self.0 == name => true,
            Some(parent) => name.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => false,
        }
    }

    /// Returns the record that validates the name. It is the same for every certificate of an account, and the same
    /// for `example.com` and `*.example.com`.
    pub(super) fn validation_record(&self, account_id: &str) -> ValidationRecord {
        let bare = self.0.strip_prefix("*.").unwrap_or(&self.0);
        let mut rng = Rng::of_text(&format!("{account_id} {bare}"));
        let (label, target) = (rng.hex(32), rng.hex(32));
        ValidationRecord {
            name: format!("_{label}.{bare}."),
            value: format!("_{target}.{}.acm-validations.aws.", rng.letters(10)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::DomainName;

    fn name(text: &str) -> DomainName {
        DomainName::parse(text).unwrap()
    }

    proptest! {
        #[test]
        fn arbitrary_name_is_read_or_refused(text in "[-*.a-zA-Z0-9_é]{0,80}") {
            if let Some(name) = DomainName::parse(&text) {
                prop_assert_eq!(name.as_str(), text.to_ascii_lowercase());
                prop_assert!(name.covers(&text));
            }
        }
    }

    #[test]
    fn wildcard_covers_one_level() {
        let wildcard = name("*.example.com");
        assert!(wildcard.covers("LLM.example.com") && wildcard.covers("*.example.com"));
        assert!(!wildcard.covers("example.com") && !wildcard.covers("a.b.example.com"));
        assert!(!name("example.com").covers("llm.example.com"));
    }

    #[test]
    fn record_is_shared_with_wildcard() {
        let of = |text: &str, account: &str| name(text).validation_record(account);
        assert_eq!(of("example.com", "1"), of("*.example.com", "1"));
        assert_ne!(of("example.com", "1"), of("example.com", "2"));
        assert_ne!(of("example.com", "1"), of("a.example.com", "1"));
    }
}
