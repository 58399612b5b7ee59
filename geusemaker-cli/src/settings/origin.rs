//! Where the value of a setting comes from.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    pub(crate) fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// Returns true if the value stands on the command line or in a `GM_` variable: somebody wants it for this command.
    pub(crate) fn is_asked_for(&self) -> bool {
        match self.origin {
            Origin::Flag(_) | Origin::Variable(_) => true,
            Origin::File { .. } | Origin::Default => false,
        }
    }

    /// Returns true if the value stands on the command line.
    pub(crate) fn is_of_flag(&self) -> bool {
        matches!(self.origin, Origin::Flag(_))
    }
}

/// The layer that a value comes from, the highest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An option of the command line.
    Flag(&'static str),
    /// A variable of the environment.
    Variable(&'static str),
    /// A line of a file with settings.
    File { file: Arc<Path>, line: usize },
    /// The default of this program.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File { file, line } => write!(f, "{}:{line}", Shown(file)),
            Self::Default => f.write_str("the default"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A path, with `~` for the home directory.
#[derive(Debug)]
pub(crate) struct Shown<'a>(pub(crate) &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
        match home.and_then(|home| self.0.strip_prefix(home).ok()) {
            Some(rest) => write!(f, "~/{}", rest.display()),
            None => write!(f, "{}", self.0.display()),
        }
    }
}
