//! The error of an invalid spec, with the place of the problem.

use std::fmt;
use std::path::{Path, PathBuf};

use super::excerpt::Excerpt;
use crate::id::InvalidId;

/// The begin of the message about a field that is not there.
pub(super) const MISSING: &str = "is missing";

/// The begin of the message about a field that no table has.
pub(super) const UNKNOWN_KEY: &str = "unknown key";

/// Error returned when a value, a field or a whole file is not a valid spec.
///
/// The message gives the place as far as it is known, then the problem and what would be right:
///
/// ```
/// use geusemaker_core::spec::DeploymentSpec;
///
/// let error = DeploymentSpec::from_toml("name = \"Llm\"\ntier = 1\n").unwrap_err();
/// assert_eq!(error.line(), Some(1));
/// assert_eq!(error.field(), Some("name"));
/// assert!(error.to_string().starts_with("line 1: name: \"Llm\" is not a stack name"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    file: Option<PathBuf>,
    line: Option<usize>,
    column: Option<usize>,
    field: Option<String>,
    message: String,
    excerpt: Option<Box<Excerpt>>,
    others: Box<[Self]>,
}

impl SpecError {
    /// Returns the file, if the spec was read from one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Returns the line in the file, counted from one.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// Returns the column, counted in characters from one. It is known only if the text is not valid TOML.
    pub fn column(&self) -> Option<usize> {
        self.column
    }

    /// Returns the path of the field, as in `service[1].port`, or the path of a table if the problem concerns all of
    /// it.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Returns the problem and what would be right, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the line of the file, unless it may have a secret or is not known.
    pub fn excerpt(&self) -> Option<&Excerpt> {
        self.excerpt.as_deref()
    }

    /// Returns the other problems of the same file, if more than one was found, in the order of their lines.
    ///
    /// ```
    /// use geusemaker_core::spec::DeploymentSpec;
    ///
    /// let spec = "name = 'Llm'\ntier = 4\ncompute.instance_type = 'g5.xlarge'";
    /// let error = DeploymentSpec::from_toml(spec).unwrap_err();
    /// assert_eq!(error.line(), Some(1));
    /// assert_eq!(error.others().len(), 1);
    /// assert_eq!(error.others()[0].line(), Some(2));
    /// ```
    pub fn others(&self) -> &[Self] {
        &self.others
    }

    /// Returns one error for all of these, or `None` if there are none.
    pub(super) fn of_all(errors: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut all: Vec<Self> = Vec::new();
        for mut error in errors {
            let others = std::mem::take(&mut error.others);
            all.push(error);
            all.extend(others);
        }
        // Those without a line stay where they are: first.
        all.sort_by_key(|error| error.line);
        let mut all = all.into_iter();
        let mut first = all.next()?;
        first.others = all.collect();
        Some(first)
    }

    /// Returns an error with all that these checks have found.
    pub(super) fn check_all(
        checks: impl IntoIterator<Item = Result<(), Self>>,
    ) -> Result<(), Self> {
        match Self::of_all(checks.into_iter().filter_map(Result::err)) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Returns true if the field, or one in this table, is not in the file and has to be.
    pub(super) fn is_missing(&self) -> bool {
        self.message.contains(MISSING)
    }

    /// Returns true if the field itself is wrong, and not its value.
    pub(super) fn is_unknown_key(&self) -> bool {
        self.message.starts_with(UNKNOWN_KEY)
    }

    /// Changes this error and the others.
    pub(super) fn each(mut self, change: impl Fn(Self) -> Self) -> Self {
        let others = std::mem::take(&mut self.others);
        let all = std::iter::once(self).chain(others).map(change);
        // There is at least this one.
        Self::of_all(all).unwrap_or_else(|| Self::new(""))
    }

    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            file: None,
            line: None,
            column: None,
            field: None,
            message: message.into(),
            excerpt: None,
            others: Box::default(),
        }
    }

    pub(super) fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Puts the path of the table around the field in front of the field's own.
    pub(super) fn in_table(mut self, table: &str) -> Self {
        self.field = Some(match self.field {
            Some(field) => format!("{table}.{field}"),
            None => table.to_owned(),
        });
        self
    }

    pub(super) fn on_line(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }

    pub(super) fn on_column(mut self, column: Option<usize>) -> Self {
        self.column = column;
        self
    }

    pub(super) fn with_excerpt(mut self, excerpt: Option<Excerpt>) -> Self {
        self.excerpt = excerpt.map(Box::new);
        self
    }

    /// Changes the texts that may have a part of the file.
    pub(super) fn map_texts(mut self, change: impl Fn(&str) -> String) -> Self {
        self.field = self.field.map(|field| change(&field));
        self.message = change(&self.message);
        self
    }

    /// Names the file, unless the problem is known to be in another one.
    pub(super) fn in_file(self, file: &Path) -> Self {
        self.each(|mut error| {
            error.file.get_or_insert_with(|| file.to_owned());
            error
        })
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{}:{line}", file.display())?,
            (Some(file), None) => write!(f, "{}", file.display())?,
            (None, Some(line)) => write!(f, "line {line}")?,
            (None, None) => {}
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        if self.file.is_some() || self.line.is_some() {
            f.write_str(": ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for SpecError {}

impl From<InvalidId> for SpecError {
    /// Takes over the message, so that `?` works on an id that is parsed for a spec.
    fn from(error: InvalidId) -> Self {
        Self::new(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SubnetId;

    #[test]
    fn invalid_id_keeps_its_message() {
        fn parse(text: &str) -> Result<SubnetId, SpecError> {
            Ok(text.parse::<SubnetId>()?)
        }
        assert!(parse("subnet-0a").is_ok());
        assert_eq!(
            parse("subnet-x").unwrap_err().to_string(),
            "\"subnet-x\" is not a subnet id: expected subnet- followed by hexadecimal digits"
        );
    }

    #[test]
    fn place_is_shown_as_far_as_known() {
        let error = SpecError::new("wrong");
        assert_eq!(error.to_string(), "wrong");
        let error = error.at("compute.count");
        assert_eq!(error.to_string(), "compute.count: wrong");
        let error = error.on_line(Some(12));
        assert_eq!(error.to_string(), "line 12: compute.count: wrong");
        let error = error.in_file(Path::new("gm.toml"));
        assert_eq!(error.to_string(), "gm.toml:12: compute.count: wrong");
        let error = SpecError::new("wrong")
            .on_line(Some(2))
            .on_column(Some(7))
            .in_file(Path::new("gm.toml"));
        assert_eq!(error.to_string(), "gm.toml:2:7: wrong");
    }
}
