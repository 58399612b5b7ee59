//! A Python virtual environment with pinned packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;

/// A virtual environment with all packages installed.
#[derive(Clone, Debug)]
pub(crate) struct VirtualEnvironment {
    directory: PathBuf,
}

impl VirtualEnvironment {
    /// Installs the requirements, in pip's file format, below `parent` unless they are installed already.
    pub(crate) fn install(parent: &Path, requirements: &str) -> Result<Self> {
        let directory = parent.join("venv");
        // Written last, so that an interrupted installation is repeated.
        let installed = directory.join("installed-requirements.txt");
        if fs::read_to_string(&installed).is_ok_and(|text| text == requirements) {
            return Ok(Self { directory });
        }
        println!("installing Python packages into {}", directory.display());
        let file = parent.join("requirements.txt");
        fs::create_dir_all(&directory)?;
        fs::write(&file, requirements)?;
        process::run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&directory),
        )
        .context(
            "a virtual environment needs Python 3 with venv: `apt-get install python3-venv`",
        )?;
        let environment = Self { directory };
        process::run(
            Command::new(environment.program("python"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "-r",
                ])
                .arg(&file),
        )?;
        fs::write(&installed, requirements)?;
        Ok(environment)
    }

    /// Returns the path of one of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.directory.join("bin").join(name)
    }
}

#[cfg(test)]
mod tests {
    /// Returns the packages of a requirements file with their versions.
    fn pinned(requirements: &str) -> Vec<(&str, &str)> {
        requirements
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                line.split_once("==")
                    .unwrap_or_else(|| panic!("not pinned: {line}"))
            })
            .collect()
    }

    /// The packages that the tasks run are among them.
    #[test]
    fn requirements_are_pinned() {
        let moto = pinned(crate::moto::REQUIREMENTS);
        assert!(moto.contains(&("moto", "5.2.5")), "{moto:?}");
        let clients = pinned(crate::clients::REQUIREMENTS);
        assert!(clients.contains(&("awscli", "1.46.3")), "{clients:?}");
        // Both tasks use the same models of AWS.
        let botocore = |all: &[(&str, &str)]| {
            let found = all.iter().find(|(name, _)| *name == "botocore");
            found.map(|(_, version)| (*version).to_owned())
        };
        assert!(botocore(&moto).is_some());
        assert_eq!(botocore(&moto), botocore(&clients));
    }
}
