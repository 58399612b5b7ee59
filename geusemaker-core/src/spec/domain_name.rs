//! The names of the internet under which a stack is reached.

use super::text::validated_text;

/// The most characters of a name, and of one of its labels.
///
/// Source: RFC 1035, section 2.3.4.
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

validated_text! {
    /// A full domain name in lower case: `llm.example.com`.
    ///
    /// ```
    /// use geusemaker_core::spec::DomainName;
    ///
    /// let name: DomainName = "llm.example.com".parse()?;
    /// assert!(name.is_in(&"example.com".parse()?));
    /// assert!(!name.is_in(&"ample.com".parse()?));
    /// let error = "https://llm.example.com/".parse::<DomainName>().unwrap_err();
    /// assert!(error.to_string().contains("the name alone"));
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    DomainName, check
}

impl DomainName {
    /// Returns true if this is the other name, or below it.
    pub fn is_in(&self, zone: &Self) -> bool {
        let rest = self.as_str().strip_suffix(zone.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Returns the name with one more label in front.
    pub(crate) fn below(&self, label: &str) -> Self {
        Self(format!("{label}.{self}"))
    }

    /// Returns true if a certificate for this pattern covers the name: `*` in its first label stands for one label.
    ///
    /// Source: AWS Certificate Manager User Guide, "AWS Certificate Manager public certificate characteristics".
    pub(crate) fn is_covered_by(&self, pattern: &str) -> bool {
        let pattern = pattern.to_ascii_lowercase();
        match pattern.strip_prefix("*.") {
            None => self.as_str() == pattern,
            Some(parent) => self
                .as_str()
                .split_once('.')
                .is_some_and(|(_, rest)| rest == parent),
        }
    }
}

fn check(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{text:?} is not a domain name: {why}"));
    if text.contains("://") || text.contains('/') {
        return wrong("write the name alone, such as llm.example.com");
    }
    if text.contains('*') {
        return wrong(
            "a wildcard cannot be reached; write the name itself, such as llm.example.com",
        );
    }
    if text.ends_with('.') {
        return wrong("leave out the dot at its end");
    }
    if text.len() > NAME_MAX {
        return wrong("it has more than 253 characters");
    }
    let labels: Vec<_> = text.split('.').collect();
    if labels.len() < 2 {
        return wrong("expected a full name, such as llm.example.com");
    }
    for label in &labels {
        if label.is_empty() || label.len() > LABEL_MAX {
            return wrong("expected 1 to 63 characters between two dots");
        }
        if label.bytes().any(|b| b.is_ascii_uppercase()) {
            return wrong("write it in lower case");
        }
        if !label.is_ascii() {
            return wrong("write letters beyond ASCII in their xn-- form");
        }
        let is_label = label
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !is_label || label.starts_with('-') || label.ends_with('-') {
            return wrong("expected lower-case letters, digits, hyphens and dots");
        }
    }
    if labels
        .iter()
        .all(|label| label.bytes().all(|b| b.is_ascii_digit()))
    {
        return wrong("it is an address; expected a name, such as llm.example.com");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_name_is_refused_with_reason() {
        for (text, why) in [
            ("", "full name"),
            ("localhost", "full name"),
            ("llm.example.com.", "the dot at its end"),
            ("LLM.example.com", "lower case"),
            ("*.example.com", "wildcard"),
            ("llm_1.example.com", "expected lower-case letters"),
            ("-llm.example.com", "expected lower-case letters"),
            ("llm..example.com", "between two dots"),
            ("127.0.0.1", "address"),
            ("bücher.example.com", "xn--"),
            ("llm.example.com/path", "the name alone"),
        ] {
            let error = text.parse::<DomainName>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        assert!(longest.parse::<DomainName>().is_ok());
        assert!(format!("{longest}b").parse::<DomainName>().is_err());
    }

    #[test]
    fn wildcard_covers_one_label() {
        let name: DomainName = "llm.example.com".parse().unwrap();
        for covering in ["llm.example.com", "*.example.com", "LLM.Example.com"] {
            assert!(name.is_covered_by(covering), "{covering}");
        }
        for other in [
            "example.com",
            "*.llm.example.com",
            "*.com",
            "*",
            "lm.example.com",
        ] {
            assert!(!name.is_covered_by(other), "{other}");
        }
    }
}
