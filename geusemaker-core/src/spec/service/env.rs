//! The environment of a service.

use crate::spec::text::validated_text;

validated_text! {
    /// The name of an environment variable: letters, digits and `_`, `.`, `-`, not starting with a digit, at most 255
    /// characters.
    ///
    /// ```
    /// use geusemaker_core::spec::EnvName;
    ///
    /// assert!("VLLM_LOGGING_LEVEL".parse::<EnvName>().is_ok());
    /// assert!("discovery.type".parse::<EnvName>().is_ok());
    /// assert!("A=B".parse::<EnvName>().is_err());
    /// ```
    EnvName, check_env_name
}

/// Checks a name. The text after it may be its value, so that the error does not repeat it.
fn check_env_name(text: &str) -> Result<(), String> {
    if is_env_name(text) {
        return Ok(());
    }
    let name = leading_name(text);
    let after = &text[name.len()..];
    Err(match after.chars().next() {
        Some('=') if is_env_name(name) => {
            format!("{name} is followed by \"=\" within the name: write {name} = \"value\"")
        }
        Some(c) if !name.is_empty() => format!(
            "{name}, followed by {c:?}, is not the name of an environment variable: {EXPECTED}"
        ),
        Some(_) | None => format!("is not the name of an environment variable: {EXPECTED}"),
    })
}

const EXPECTED: &str = "expected letters, digits and _.-, not starting with a digit, at most 255 characters, as in \
                        \"LOG_LEVEL\"";

/// Returns the characters at the beginning of a text that a name can have.
pub(in crate::spec) fn leading_name(text: &str) -> &str {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    &text[..text.find(|c| !is_allowed(c)).unwrap_or(text.len())]
}

/// Returns true if a variable can have this name.
pub(super) fn is_env_name(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    starts_well && text.len() <= 255 && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_name_is_one_word() {
        for text in [
            "A",
            "_a",
            "LOG_LEVEL",
            "QDRANT__SERVICE__API_KEY",
            "xpack.security-1",
        ] {
            assert!(text.parse::<EnvName>().is_ok(), "{text}");
        }
        for text in ["", "1A", "A B", "A=", "A\n", "É", "$A", &"A".repeat(256)] {
            let error = text.parse::<EnvName>().unwrap_err().to_string();
            assert!(
                error.contains("is not the name of an environment variable")
                    || error == "A is followed by \"=\" within the name: write A = \"value\"",
                "{error}"
            );
        }
    }

    /// A value may stand in the place of a name, or after it.
    #[test]
    fn text_after_name_is_not_repeated() {
        for text in [
            "A=PLANTED",
            "A PLANTED",
            "A: PLANTED",
            "=PLANTED",
            "1=PLANTED",
        ] {
            let error = text.parse::<EnvName>().unwrap_err().to_string();
            assert!(!error.contains("PLANTED"), "{error}");
        }
    }
}
