//! The paths that CloudFront is to ask for anew.

use crate::spec::error::SpecError;
use crate::spec::text::validated_text;

/// The most paths that can be in progress at a time, and the most of them that end with `*`.
///
/// Source: Amazon CloudFront Developer Guide, "Quotas".
const MOST_PATHS: usize = 3000;
const MOST_WILDCARDS: usize = 15;

validated_text! {
    /// A path whose cached answers CloudFront drops. `*` at its end stands for any text.
    ///
    /// Source: Amazon CloudFront Developer Guide, "What you need to know when invalidating files".
    ///
    /// ```
    /// use geusemaker_core::spec::InvalidationPath;
    ///
    /// assert!("/static/*".parse::<InvalidationPath>().is_ok());
    /// let error = "/*.js".parse::<InvalidationPath>().unwrap_err();
    /// assert!(error.message().contains("\"*\" only at the end"));
    /// ```
    InvalidationPath, check
}

const LONGEST: usize = 4000;

fn check(text: &str) -> Result<(), String> {
    let body = text.strip_suffix('*').unwrap_or(text);
    let problem = if !text.starts_with('/') {
        format!("expected it to start with \"/\", as in \"/{text}\"")
    } else if body.contains('*') {
        "expected \"*\" only at the end, as in \"/static/*\"".to_owned()
    } else if !text.bytes().all(|b| b.is_ascii_graphic()) {
        "expected it as in an address, with blanks and other characters as %20".to_owned()
    } else if text.len() > LONGEST {
        format!("expected at most {LONGEST} characters")
    } else {
        return Ok(());
    };
    Err(format!("{text:?} is not a path to invalidate: {problem}"))
}

/// The paths of an invalidation: at least one, and no more than CloudFront takes at a time.
///
/// ```
/// use geusemaker_core::spec::{InvalidationPath, InvalidationPaths};
///
/// assert_eq!(InvalidationPaths::everything().as_slice()[0].as_str(), "/*");
/// let paths: Vec<InvalidationPath> = vec!["/index.html".parse()?, "/static/*".parse()?];
/// assert_eq!(InvalidationPaths::try_from(paths)?.as_slice().len(), 2);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct InvalidationPaths(Vec<InvalidationPath>);

impl InvalidationPaths {
    /// Returns the paths of everything that is cached: `/*`.
    pub fn everything() -> Self {
        Self(vec![InvalidationPath("/*".to_owned())])
    }

    /// Returns the paths.
    pub fn as_slice(&self) -> &[InvalidationPath] {
        &self.0
    }
}

impl TryFrom<Vec<InvalidationPath>> for InvalidationPaths {
    type Error = SpecError;

    fn try_from(mut paths: Vec<InvalidationPath>) -> Result<Self, SpecError> {
        paths.sort();
        paths.dedup();
        let wildcards = paths.iter().filter(|path| path.as_str().ends_with('*'));
        let wildcards = wildcards.count();
        if paths.is_empty() {
            return Err(SpecError::new(
                "no path to invalidate is given: expected one, such as \"/*\"",
            ));
        }
        if paths.len() > MOST_PATHS {
            return Err(SpecError::new(format!(
                "CloudFront takes {MOST_PATHS} paths at a time, and here are {}: use a pattern such as \"/static/*\"",
                paths.len()
            )));
        }
        if wildcards > MOST_WILDCARDS {
            return Err(SpecError::new(format!(
                "CloudFront takes {MOST_WILDCARDS} paths with \"*\" at a time, and here are {wildcards}: use wider ones"
            )));
        }
        Ok(Self(paths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_has_star_only_at_end() {
        for text in ["/", "/*", "/index.html", "/static/*", "/a?b=1", "/a*"] {
            assert!(text.parse::<InvalidationPath>().is_ok(), "{text}");
        }
        let long = format!("/{}", "a".repeat(4000));
        for (text, problem) in [
            (
                "index.html",
                "expected it to start with \"/\", as in \"/index.html\"",
            ),
            ("", "expected it to start with"),
            ("/a*b", "\"*\" only at the end"),
            ("/**", "\"*\" only at the end"),
            ("/a b", "as %20"),
            ("/ä", "as %20"),
            (&long, "at most 4000 characters"),
        ] {
            let error = text.parse::<InvalidationPath>().unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn paths_are_bounded_and_distinct() {
        let paths = |count: usize, end: &str| -> Result<InvalidationPaths, SpecError> {
            let all = (0..count).map(|n| format!("/{n}{end}").parse().unwrap());
            InvalidationPaths::try_from(all.collect::<Vec<InvalidationPath>>())
        };
        assert!(paths(3000, "").is_ok() && paths(15, "/*").is_ok());
        for (count, end, problem) in [
            (0, "", "no path"),
            (3001, "", "3000"),
            (16, "*", "15 paths"),
        ] {
            let error = paths(count, end).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
        let twice = vec!["/a".parse().unwrap(), "/a".parse().unwrap()];
        assert_eq!(
            InvalidationPaths::try_from(twice).unwrap().as_slice().len(),
            1
        );
    }
}
