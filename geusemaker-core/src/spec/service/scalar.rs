//! Texts of a file that may be written as numbers or booleans.

use std::fmt;

use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A text, number or boolean of a file, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Scalar(pub(super) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyScalar;

        impl Visitor<'_> for AnyScalar {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number or a boolean")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                checked(text.to_owned()).map(Scalar).map_err(E::custom)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
                // The form for debugging keeps the point of a whole number: 1.0.
                Ok(Scalar(format!("{number:?}")))
            }
        }

        deserializer.deserialize_any(AnyScalar)
    }
}

/// Returns the text, if a program can be given it.
pub(super) fn checked(text: String) -> Result<String, &'static str> {
    if text.contains('\0') {
        Err("has a NUL character, which no program can be given: remove it")
    } else {
        Ok(text)
    }
}

/// The words of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Words(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOfWords;

        impl<'de> Visitor<'de> for ListOfWords {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of words, as in [\"--port\", \"8000\"]")
            }

            // A command may have a secret, which no message repeats.
            fn visit_str<E: Error>(self, _: &str) -> Result<Words, E> {
                Err(E::invalid_type(Unexpected::Other("a text"), &self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(Scalar(word)) = list.next_element()? {
                    words.push(word);
                }
                Ok(Words(words))
            }
        }

        deserializer.deserialize_any(ListOfWords)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_booleans_become_text() {
        for (toml, text) in [
            ("'a b'", "a b"),
            ("3", "3"),
            ("-1", "-1"),
            ("0.9", "0.9"),
            ("1.0", "1.0"),
            ("true", "true"),
        ] {
            let table: std::collections::BTreeMap<String, Scalar> =
                toml::from_str(&format!("key = {toml}")).unwrap();
            assert_eq!(table["key"], Scalar(text.to_owned()));
        }
        let error = serde_json::from_str::<Scalar>(r#""\u0000""#).unwrap_err();
        assert!(error.to_string().contains("has a NUL character"));
        let error = serde_json::from_str::<Scalar>("null").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("expected a text, a number or a boolean")
        );
    }

    #[test]
    fn command_is_list_of_words() {
        let read = serde_json::from_str::<Words>;
        assert_eq!(read(r#"["--port", 80]"#).unwrap().0, ["--port", "80"]);
        assert!(read("[]").unwrap().0.is_empty());
        let error = read(r#""--port 80""#).unwrap_err().to_string();
        assert!(error.contains("expected a list of words, as in"), "{error}");
    }
}
