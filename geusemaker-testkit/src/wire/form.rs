//! Forms, `a=1&b=2`, in bodies and query strings. They are read strictly, because a guess could be wrong.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::ServiceError;
use super::error_code::Code;
use crate::xml::is_character;

/// Far more than any call needs, and few enough to be searched repeatedly.
const MAX_PARAMETERS: usize = 10_000;

/// Error returned when a form cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormError {
    #[error("a percent sign is not followed by two hexadecimal digits")]
    Escape,
    #[error("a character is not allowed")]
    Character,
    #[error("the text is not UTF-8")]
    Encoding,
    #[error("the parameter {0} comes twice")]
    Repeated(String),
    #[error("there are more than {MAX_PARAMETERS} parameters")]
    TooMany,
}

impl FormError {
    /// Returns the answer to such a form, with the service's code for a malformed request.
    pub(super) fn refusal(self, code: Code) -> ServiceError {
        match self {
            Self::Escape | Self::Character | Self::Encoding => {
                let message = format!("The request has a syntax error: {self}.");
                ServiceError::new(code, message)
            }
            Self::Repeated(_) | Self::TooMany => {
                ServiceError::unsupported(format_args!("what AWS does when {self}"))
            }
        }
    }
}

/// Returns the parameters of a request's query string, without those of a presigned request's signature.
pub(super) fn query_string(
    request: &http::Request<Bytes>,
) -> Result<Vec<(String, String)>, FormError> {
    let mut pairs = parse(request.uri().query().unwrap_or_default().as_bytes())?;
    pairs.retain(|(name, _)| !is_of_signature(name));
    Ok(pairs)
}

/// Returns the parameters of a form, in their order.
pub(super) fn parse(form: &[u8]) -> Result<Vec<(String, String)>, FormError> {
    let form = std::str::from_utf8(form).map_err(|_| FormError::Encoding)?;
    let mut pairs = Vec::new();
    for pair in form.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == MAX_PARAMETERS {
            return Err(FormError::TooMany);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((
            decoded(&name.replace('+', " "))?,
            decoded(&value.replace('+', " "))?,
        ));
    }
    Ok(pairs)
}

/// Returns the parameters by name. Two parameters with one name are refused, because it is not known which one AWS
/// takes.
pub(super) fn by_name(
    pairs: impl IntoIterator<Item = (String, String)>,
) -> Result<BTreeMap<String, String>, FormError> {
    let mut by_name = BTreeMap::new();
    for (name, value) in pairs {
        if by_name.contains_key(&name) {
            return Err(FormError::Repeated(name));
        }
        by_name.insert(name, value);
    }
    Ok(by_name)
}

/// Decodes a text, with `%41` as `A`.
pub(super) fn decoded(text: &str) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let [high, low, after @ ..] = rest else {
            return Err(FormError::Escape);
        };
        rest = after;
        bytes.push(digit(*high)? * 16 + digit(*low)?);
    }
    let text = String::from_utf8(bytes).map_err(|_| FormError::Encoding)?;
    // The text may be repeated in an answer in XML, which cannot express other characters.
    if text.chars().all(is_character) {
        Ok(text)
    } else {
        Err(FormError::Character)
    }
}

/// Returns true if the parameter belongs to a presigned request's signature and not to the operation.
fn is_of_signature(name: &str) -> bool {
    matches!(
        name,
        "X-Amz-Algorithm"
            | "X-Amz-Credential"
            | "X-Amz-Date"
            | "X-Amz-Expires"
            | "X-Amz-Security-Token"
            | "X-Amz-Signature"
            | "X-Amz-SignedHeaders"
    )
}

fn digit(byte: u8) -> Result<u8, FormError> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(FormError::Escape),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FormError, MAX_PARAMETERS, by_name, parse};

    proptest! {
        #[test]
        fn form_survives_round_trip(pairs in prop::collection::vec(("[ -~äß\u{1F980}]{1,9}", "[ -~äß\u{1F980}]{0,9}"), 0..9)) {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            prop_assert_eq!(parse(form.as_bytes()).unwrap(), pairs);
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }

    #[test]
    fn malformed_form_is_refused() {
        assert_eq!(parse(b"a=%4"), Err(FormError::Escape));
        assert_eq!(parse(b"a=%zz"), Err(FormError::Escape));
        assert_eq!(parse(b"a=%+1"), Err(FormError::Escape));
        assert_eq!(parse(b"a=%ff"), Err(FormError::Encoding));
        assert_eq!(parse(b"a=\xff"), Err(FormError::Encoding));
        assert_eq!(parse(b"a=%00"), Err(FormError::Character));
        assert_eq!(
            parse("a&".repeat(MAX_PARAMETERS + 1).as_bytes()),
            Err(FormError::TooMany)
        );
        assert_eq!(
            by_name(parse(b"a=1&a=2").unwrap()),
            Err(FormError::Repeated("a".to_owned()))
        );
    }
}
