//! The restarts of a service.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The cases in which Docker starts a container again after its program has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Restart {
    /// Always, until somebody stops it.
    #[default]
    UnlessStopped,
    /// Always, also after the next start of the instance if somebody had stopped it.
    Always,
    /// If the program has failed.
    OnFailure,
    /// Never.
    No,
}

impl Restart {
    /// Returns true for the default.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Restart {
    /// Writes the word that Docker and a spec use.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnlessStopped => "unless-stopped",
            Self::Always => "always",
            Self::OnFailure => "on-failure",
            Self::No => "no",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_docker() {
        for word in ["unless-stopped", "always", "on-failure", "no"] {
            let restart: Restart = serde_json::from_str(&format!("{word:?}")).unwrap();
            assert_eq!(restart.to_string(), word);
            assert_eq!(
                serde_json::to_string(&restart).unwrap(),
                format!("{word:?}")
            );
            assert_eq!(restart.is_default(), word == "unless-stopped");
        }
    }
}
