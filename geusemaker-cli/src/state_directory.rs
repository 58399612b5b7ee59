//! The directory for journals on this machine.

use std::fmt;
use std::path::{Path, PathBuf};

use geusemaker_core::Journals;

use crate::failure::Failure;
use crate::settings::{Setting, Shown};

/// The directory of the journals; the sandbox has its own, so that the two are never mixed up.
#[derive(Debug)]
pub(crate) struct StateDirectory {
    path: PathBuf,
}

impl StateDirectory {
    /// Returns the requested directory, or else the one that the XDG base directory specification gives.
    pub(crate) fn choose(asked: Option<&Setting<PathBuf>>, sandbox: bool) -> Result<Self, Failure> {
        let base = match asked {
            Some(asked) => {
                refuse_scheme(asked)?;
                asked.value.clone()
            }
            None => default_path().ok_or_else(|| {
                Failure::usage(
                    "no state directory: neither XDG_STATE_HOME nor HOME is set; give --state DIR",
                )
            })?,
        };
        let path = if sandbox { base.join("sandbox") } else { base };
        Ok(Self { path })
    }

    /// Opens the journals; each record is synced to disk before anything else happens.
    pub(crate) fn journals(&self) -> Result<Journals, Failure> {
        Journals::in_folder(self.path.join("journals")).map_err(|error| {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            Failure::usage(format!(
                "the state directory {} cannot be used: {}; choose another one with --state",
                self.path.display(),
                why.unwrap_or_else(|| error.to_string())
            ))
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true if a command has made journals here.
    #[cfg(feature = "sandbox")]
    pub(crate) fn has_journals(&self) -> bool {
        self.path.join("journals").is_dir()
    }

    /// Returns the path of the file with the sandbox's account.
    #[cfg(feature = "sandbox")]
    pub(crate) fn account_file(&self) -> PathBuf {
        self.path.join("account.json")
    }
}

/// The path, with `~` for the home directory.
impl fmt::Display for StateDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.path).fmt(f)
    }
}

/// Refuses a URL: as a path it would make a folder named `s3:`.
fn refuse_scheme(asked: &Setting<PathBuf>) -> Result<(), Failure> {
    let text = asked.value.to_string_lossy();
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok(());
    };
    let is_scheme = !scheme.is_empty()
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme {
        return Ok(());
    }
    let remedy = match scheme {
        "file" => format!("give the path alone: {rest}"),
        _ => "give a directory of this machine; one that is shared must support locks and atomic renames".to_owned(),
    };
    let origin = &asked.origin;
    let message = format!("{origin}: {text} is not a directory: gm keeps its journals in files");
    Err(Failure::usage(message).remedy(remedy))
}

fn default_path() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/state")))
        .map(|base| base.join("gm"))
}

/// Makes every file that this process creates from here on readable by its owner only: journals name the resources of
/// an account, which are private.
pub(crate) fn keep_files_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}
