//! The comment of the distribution.

use crate::spec::text::validated_text;

/// CloudFront takes 128 characters, of which gm needs the last ones: there is the reference by which it finds the
/// distribution again.
const LONGEST: usize = 80;

validated_text! {
    /// The beginning of the comment of the distribution, which the console shows: at most 80 characters.
    ///
    /// ```
    /// use geusemaker_core::spec::CdnComment;
    ///
    /// assert!("the chat of the support team".parse::<CdnComment>().is_ok());
    /// assert!("two\nlines".parse::<CdnComment>().is_err());
    /// ```
    CdnComment, check
}

fn check(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    let is_plain = text.trim() == text && !text.chars().any(char::is_control);
    if (1..=LONGEST).contains(&length) && is_plain {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not a comment: expected 1 to {LONGEST} characters in one line, without blanks at the ends"
        ))
    }
}
