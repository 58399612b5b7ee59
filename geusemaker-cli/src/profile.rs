//! A profile of the AWS configuration that does not exist: the SDK would only say that it has found no credentials.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::settings::Setting;

/// A profile that is in neither of the files that the AWS SDKs read.
pub(crate) struct MissingProfile {
    name: String,
    /// The setting that names it.
    origin: String,
    /// The profiles that the files have.
    known: BTreeSet<String>,
}

impl MissingProfile {
    /// Returns the profile of the environment, if it does not exist.
    pub(crate) fn of_environment() -> Option<Self> {
        let name = std::env::var("AWS_PROFILE").ok();
        let name = name.filter(|name| !name.is_empty())?;
        Self::find(name, "AWS_PROFILE".to_owned())
    }

    /// Returns the profile of a setting, if it does not exist.
    pub(crate) fn of_setting(profile: &Setting<String>) -> Option<Self> {
        Self::find(profile.value.clone(), profile.origin.to_string())
    }

    fn find(name: String, origin: String) -> Option<Self> {
        let files = [
            file("AWS_CONFIG_FILE", "config"),
            file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ];
        let texts = files.into_iter().flatten().map(std::fs::read_to_string);
        let known: BTreeSet<String> = texts.flatten().flat_map(|text| profiles(&text)).collect();
        (!known.contains(&name)).then_some(Self {
            name,
            origin,
            known,
        })
    }

    pub(crate) fn message(&self) -> String {
        let Self { name, known, .. } = self;
        if known.is_empty() {
            return format!("there is no AWS profile {name:?}: ~/.aws/config has no profiles");
        }
        let known: Vec<_> = known.iter().map(String::as_str).collect();
        format!(
            "there is no AWS profile {name:?}; the profiles here: {}",
            known.join(", ")
        )
    }

    pub(crate) fn remedy(&self) -> String {
        let Self { name, origin, .. } = self;
        format!(
            "have {origin} name a profile that exists, or make this one: aws configure --profile {name}"
        )
    }
}

impl From<MissingProfile> for Failure {
    fn from(missing: MissingProfile) -> Self {
        Self::no_access(missing.message()).remedy(missing.remedy())
    }
}

/// Returns the path of a file that the AWS SDKs read.
fn file(variable: &str, name: &str) -> Option<PathBuf> {
    let chosen = std::env::var_os(variable).filter(|path| !path.is_empty());
    chosen.map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"))?;
        Some(PathBuf::from(home).join(".aws").join(name))
    })
}

/// Returns the names of the profiles in a file: `[profile dev]` or `[dev]`.
fn profiles(text: &str) -> Vec<String> {
    let headers = text.lines().filter_map(|line| {
        let (header, _) = line.trim().strip_prefix('[')?.split_once(']')?;
        let header = header.trim();
        match header.split_once(char::is_whitespace) {
            Some(("profile", name)) => Some(name.trim().to_owned()),
            Some(_) => None,
            None => Some(header.to_owned()),
        }
    });
    headers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_both_files_are_found() {
        let text = "[default]\nregion = us-east-1\n[profile dev]\n[sso-session corp]\n [ prod ] # main\n[services x]";
        assert_eq!(profiles(text), ["default", "dev", "prod"]);
    }
}
