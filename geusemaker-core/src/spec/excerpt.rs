//! The line of a file in which a problem is.

use std::ops::Range;

/// The line of a spec that has a problem, with the part that it is about. Lines that may have a secret are never
/// repeated.
///
/// ```
/// use geusemaker_core::spec::DeploymentSpec;
///
/// let spec = "name = 'llm'\ntier = 4 # or 3\ncompute.instance_type = 'g5.xlarge'";
/// let error = DeploymentSpec::from_toml(spec).unwrap_err();
/// let excerpt = error.excerpt().expect("no secret is near");
/// assert_eq!(excerpt.line(), "tier = 4 # or 3");
/// assert_eq!(&excerpt.line()[excerpt.marked()], "4");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    line: String,
    marked: Range<usize>,
}

impl Excerpt {
    /// Takes the line at an offset of a text, and marks what is in this range of the text, as far as it is on that line.
    pub(super) fn of(text: &str, marked: Range<usize>) -> Option<Self> {
        let before = text.get(..marked.start)?;
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        let line = text.get(begin..)?.lines().next().unwrap_or_default();
        let within = |offset: usize| offset.saturating_sub(begin).min(line.len());
        let marked = within(marked.start)..within(marked.end);
        // A range that ends within a character marks nothing.
        line.get(marked.clone())?;
        Some(Self {
            line: line.to_owned(),
            marked,
        })
    }

    /// Returns the whole line, without its end.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Returns the bytes of the line that the problem is about. The range may be empty.
    pub fn marked(&self) -> Range<usize> {
        self.marked.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mark_ends_with_line() {
        let excerpt = Excerpt::of("a\nbc = [\n1]", 7..11).unwrap();
        assert_eq!((excerpt.line(), excerpt.marked()), ("bc = [", 5..6));
        assert_eq!(Excerpt::of("", 0..0).unwrap().line(), "");
    }

    proptest! {
        #[test]
        fn mark_is_within_line(text: String, start in 0..40_usize, length in 0..40_usize) {
            if let Some(excerpt) = Excerpt::of(&text, start..start + length) {
                prop_assert!(excerpt.line().get(excerpt.marked()).is_some());
                prop_assert!(!excerpt.line().contains('\n'));
            }
        }
    }
}
