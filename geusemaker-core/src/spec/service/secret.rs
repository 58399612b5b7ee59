//! The places of secrets, whose values only the instances read.

use std::fmt;
use std::str::FromStr;

use serde::de::Unexpected;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::env::is_env_name;
use crate::spec::error::SpecError;
use crate::spec::text::{is_hyphenated_name, validated_text};

const FORMS: &str = "expected \"ssm:NAME\" for a parameter of Systems Manager, \"secretsmanager:NAME\" or \
                     \"secretsmanager:NAME#KEY\" for a secret of Secrets Manager, or \"generate\" or \"generate:NAME\" \
                     for one that the instances make";

/// The place of a secret: a reference, never the value.
///
/// The instances read the value with their role when they start the services, and give it to the container as an
/// environment variable. Line ends at the end of a value are left out, since editors and `echo` add them.
///
/// ```
/// use geusemaker_core::spec::SecretSource;
///
/// let token: SecretSource = "ssm:/llm/hf-token".parse()?;
/// assert_eq!(token, SecretSource::Parameter("/llm/hf-token".parse()?));
/// let password: SecretSource = "secretsmanager:llm/db#password".parse()?;
/// let SecretSource::SecretsManager { name, key: Some(key) } = &password else { unreachable!() };
/// assert_eq!((name.as_str(), key.as_str()), ("llm/db", "password"));
/// let shared: SecretSource = "generate:db".parse()?;
/// assert_eq!(shared.to_string(), "generate:db");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SecretSource {
    /// A parameter of Systems Manager, a `String` or a `SecureString`: `ssm:NAME`.
    Parameter(ParameterName),
    /// A secret of Secrets Manager, or the value of one key of it if it is a JSON object: `secretsmanager:NAME`,
    /// `secretsmanager:NAME#KEY`.
    SecretsManager {
        /// The name of the secret.
        name: SecretName,
        /// The key whose value is meant; none for the whole secret.
        key: Option<SecretKey>,
    },
    /// 32 random bytes as text, which the first instance makes: `generate`, `generate:NAME`. They are kept on the
    /// shared file system, in `/mnt/shared/.geusemaker/secrets`, for every later start, and for every stack that uses
    /// the file system.
    ///
    /// A secret with a name is the same wherever that name is used; one without is that of this variable of this
    /// service.
    Generated(Option<GeneratedSecretName>),
}

validated_text! {
    /// The name of a parameter of Systems Manager: letters, digits and `_`, `.`, `-`, in up to 15 levels that begin
    /// with `/`, at most 2048 characters.
    ///
    /// Source: Systems Manager API, `PutParameter`, parameter `Name`.
    ///
    /// ```
    /// use geusemaker_core::spec::ParameterName;
    ///
    /// assert!("hf-token".parse::<ParameterName>().is_ok());
    /// assert!("/llm/hf-token".parse::<ParameterName>().is_ok());
    /// let error = "llm/hf-token".parse::<ParameterName>().unwrap_err();
    /// assert!(error.message().ends_with("a name with levels begins with \"/\""));
    /// ```
    ParameterName, check_parameter_name
}

validated_text! {
    /// The name of a secret of Secrets Manager: letters, digits and `/_+=.@-`, at most 512 characters.
    ///
    /// Source: Secrets Manager API, `CreateSecret`, parameter `Name`.
    ///
    /// ```
    /// use geusemaker_core::spec::SecretName;
    ///
    /// assert!("llm/db".parse::<SecretName>().is_ok());
    /// assert!("arn:aws:secretsmanager:us-east-1:123456789012:secret:llm/db".parse::<SecretName>().is_err());
    /// ```
    SecretName, check_secret_name
}

validated_text! {
    /// A key of a secret that is a JSON object: at most 255 characters, with no control characters and no space at
    /// either end.
    ///
    /// ```
    /// use geusemaker_core::spec::SecretKey;
    ///
    /// assert!("password".parse::<SecretKey>().is_ok());
    /// assert!("".parse::<SecretKey>().is_err());
    /// ```
    SecretKey, check_secret_key
}

validated_text! {
    /// The name of a secret that the instances make: 1 to 64 lower-case letters, digits and single hyphens.
    ///
    /// ```
    /// use geusemaker_core::spec::GeneratedSecretName;
    ///
    /// assert!("db-password".parse::<GeneratedSecretName>().is_ok());
    /// assert!("../db".parse::<GeneratedSecretName>().is_err());
    /// ```
    GeneratedSecretName, check_generated_secret_name
}

validated_text! {
    /// The name of an environment variable, or of an option of a command, whose value only looks like a secret.
    ///
    /// ```
    /// use geusemaker_core::spec::NotSecretName;
    ///
    /// assert!("OPENAI_API_KEY".parse::<NotSecretName>().is_ok());
    /// assert!("--api-key".parse::<NotSecretName>().is_ok());
    /// assert!("--api-key=X".parse::<NotSecretName>().is_err());
    /// ```
    NotSecretName, check_not_secret_name
}

// No message repeats the text: it may be a secret that was written at the wrong place.

fn check_parameter_name(text: &str) -> Result<(), String> {
    let problem = |problem: &str| Err(format!("is not the name of a parameter: {problem}"));
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-/".contains(&b);
    if text.starts_with("arn:") {
        return problem("expected its name, not its ARN");
    }
    if text.is_empty() || text.len() > 2048 || !text.bytes().all(is_allowed) {
        return problem("expected 1 to 2048 letters, digits and _.-/, without a version");
    }
    let levels: Vec<_> = text.split('/').collect();
    let levels = match &levels[..] {
        [name] => std::slice::from_ref(name),
        ["", levels @ ..] => levels,
        _ => return problem("a name with levels begins with \"/\""),
    };
    let first = levels.first().unwrap_or(&"").to_ascii_lowercase();
    if levels.iter().any(|level| level.is_empty()) {
        problem("it has an empty level: write one \"/\" between two levels, and none at the end")
    } else if levels.len() > 15 {
        problem("it has more than 15 levels")
    } else if (first.starts_with("aws") || first.starts_with("ssm")) && !is_of_aws(text) {
        problem(
            "AWS keeps names that begin with aws or ssm for itself, and its own begin with /aws/service/ or /aws/reference/",
        )
    } else {
        Ok(())
    }
}

/// Returns true for the public parameters of AWS, and for those that stand for secrets of Secrets Manager.
fn is_of_aws(name: &str) -> bool {
    name.starts_with("/aws/service/") || name.starts_with("/aws/reference/")
}

fn check_secret_name(text: &str) -> Result<(), String> {
    let problem = |problem: &str| Err(format!("is not the name of a secret: {problem}"));
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b);
    if text.starts_with("arn:") {
        problem("expected its name, not its ARN")
    } else if text.is_empty() || text.len() > 512 || !text.bytes().all(is_allowed) {
        problem("expected 1 to 512 letters, digits and /_+=.@-")
    } else {
        Ok(())
    }
}

fn check_secret_key(text: &str) -> Result<(), String> {
    let is_trimmed = text.trim() == text;
    if text.is_empty() || text.len() > 255 || !is_trimmed || text.contains(char::is_control) {
        Err("is not the key of a secret: expected 1 to 255 characters after \"#\", without spaces at the ends".to_owned())
    } else {
        Ok(())
    }
}

fn check_generated_secret_name(text: &str) -> Result<(), String> {
    if is_hyphenated_name(text) && text.len() <= 64 {
        Ok(())
    } else {
        Err(
            "is not the name of a generated secret: expected at most 64 lower-case letters, digits and single \
             hyphens, starting with a letter and ending with a letter or digit"
                .to_owned(),
        )
    }
}

fn check_not_secret_name(text: &str) -> Result<(), String> {
    if is_env_name(text.trim_start_matches('-')) {
        Ok(())
    } else {
        Err(
            "is neither the name of a variable nor of an option: expected one as in \"OPENAI_API_KEY\" or \"--api-key\""
                .to_owned(),
        )
    }
}

impl FromStr for SecretSource {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let (kind, name) = match text.split_once(':') {
            Some((kind, name)) => (kind, Some(name)),
            None => (text, None),
        };
        match (kind, name) {
            ("ssm", Some(name)) => Ok(Self::Parameter(name.parse()?)),
            ("secretsmanager", Some(name)) => {
                let (name, key) = match name.split_once('#') {
                    Some((name, key)) => (name, Some(key.parse()?)),
                    None => (name, None),
                };
                let name = name.parse()?;
                Ok(Self::SecretsManager { name, key })
            }
            ("generate", None) => Ok(Self::Generated(None)),
            ("generate", Some(name)) => Ok(Self::Generated(Some(name.parse()?))),
            _ => Err(SpecError::new(format!(
                "is not the place of a secret: {FORMS}; the value itself is never written here"
            ))),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(name) => write!(f, "ssm:{name}"),
            Self::SecretsManager { name, key: None } => write!(f, "secretsmanager:{name}"),
            Self::SecretsManager {
                name,
                key: Some(key),
            } => write!(f, "secretsmanager:{name}#{key}"),
            Self::Generated(None) => f.write_str("generate"),
            Self::Generated(Some(name)) => write!(f, "generate:{name}"),
        }
    }
}

impl Serialize for SecretSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Place;

        impl serde::de::Visitor<'_> for Place {
            type Value = SecretSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the place of a secret, as in \"ssm:/llm/hf-token\" or \"generate\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SecretSource, E> {
                text.parse().map_err(E::custom)
            }

            // A number may be a secret too.
            fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<SecretSource, E> {
                Err(E::invalid_type(Unexpected::Other("a number"), &self))
            }

            fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<SecretSource, E> {
                Err(E::invalid_type(Unexpected::Other("a number"), &self))
            }

            fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<SecretSource, E> {
                Err(E::invalid_type(Unexpected::Other("a number"), &self))
            }
        }

        deserializer.deserialize_any(Place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_are_read_and_written() {
        let levels = "/a".repeat(15);
        let longest = "a".repeat(512);
        for text in [
            "ssm:hf-token",
            "ssm:/llm/hf-token",
            "ssm:/a/aws",
            "ssm:-A_b.c",
            &format!("ssm:{levels}"),
            "ssm:/aws/reference/secretsmanager/llm/db",
            "secretsmanager:llm/db",
            "secretsmanager:llm/db@1+2=3#the key #1",
            &format!("secretsmanager:{longest}"),
            "generate",
            "generate:db-1",
        ] {
            let source: SecretSource = text.parse().unwrap();
            assert_eq!(source.to_string(), text);
            let json = serde_json::to_string(&source).unwrap();
            assert_eq!(serde_json::from_str::<SecretSource>(&json).unwrap(), source);
        }
    }

    /// The text may be a secret itself, so that no message has it.
    #[test]
    fn wrong_places_are_not_repeated() {
        let levels = "/ab".repeat(16);
        for (text, wanted) in [
            ("", "is not the place of a secret: expected \"ssm:NAME\""),
            ("s3cr3t-value", "the value itself is never written here"),
            ("hf_abc:def", "is not the place of a secret"),
            ("SSM:name", "is not the place of a secret"),
            ("ssm:", "is not the name of a parameter: expected 1 to 2048"),
            ("ssm:/llm/t:3", "without a version"),
            ("ssm:arn:aws:ssm:x", "not its ARN"),
            ("ssm:llm/token", "a name with levels begins with \"/\""),
            ("ssm:/llm//token", "it has an empty level"),
            ("ssm:/llm/", "it has an empty level"),
            ("ssm:/", "it has an empty level"),
            (&format!("ssm:{levels}"), "more than 15 levels"),
            ("ssm:/AWS/token", "AWS keeps names"),
            ("ssm:ssm-token", "AWS keeps names"),
            ("secretsmanager:", "is not the name of a secret"),
            ("secretsmanager:a b", "is not the name of a secret"),
            ("secretsmanager:arn:aws:x", "not its ARN"),
            ("secretsmanager:llm#", "is not the key of a secret"),
            ("secretsmanager:llm# key", "is not the key of a secret"),
            ("generate:", "is not the name of a generated secret"),
            ("generate:../db", "is not the name of a generated secret"),
            ("generate:Db", "is not the name of a generated secret"),
        ] {
            let error = text.parse::<SecretSource>().unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
            let value = text.split_once(':').map_or(text, |(_, value)| value);
            assert!(value.len() < 5 || !error.contains(value), "{text}: {error}");
        }
        let error = serde_json::from_str::<SecretSource>("1").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("expected the place of a secret, as in")
        );
    }

    proptest! {
        #[test]
        fn readers_never_panic(text in "(ssm:|secretsmanager:|generate:|/|#|\\PC)*") {
            if let Ok(source) = text.parse::<SecretSource>() {
                prop_assert_eq!(source.to_string(), text.clone());
            }
            let _ = text.parse::<NotSecretName>();
        }
    }
}
