//! The ids of policies.

use crate::spec::text::validated_text;

validated_text! {
    /// The id of a policy of CloudFront: hexadecimal digits in groups of 8, 4, 4, 4 and 12.
    ///
    /// ```
    /// use geusemaker_core::spec::PolicyId;
    ///
    /// assert!("658327ea-f89d-4fab-a63d-7e88639e58f6".parse::<PolicyId>().is_ok());
    /// assert!("Managed-CachingOptimized".parse::<PolicyId>().is_err());
    /// ```
    PolicyId, check
}

fn check(text: &str) -> Result<(), String> {
    if is_uuid(text) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not the id of a policy: expected the form \"658327ea-f89d-4fab-a63d-7e88639e58f6\""
        ))
    }
}

/// Returns true if the text has the form of a UUID in lower case.
pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12]
        && text
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}
