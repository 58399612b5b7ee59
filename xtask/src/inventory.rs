//! What the account holds, asked of the server with another SDK than the one that `gm` uses.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::moto::Moto;

pub(crate) const SCRIPT: &str = include_str!("inventory.py");

/// Everything in the account that a deployment could have put there.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Inventory(pub(crate) Vec<Resource>);

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Resource {
    pub(crate) id: String,
    /// The id of what it lives and dies with.
    #[serde(default)]
    pub(crate) belongs_to: Option<String>,
    /// None for what cannot carry tags, and for what AWS adds by itself.
    pub(crate) tags: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Kind {
    Distribution {
        status: String,
        enabled: bool,
        origins: Vec<String>,
    },
    FileSystem {
        state: String,
        encrypted: bool,
    },
    Instance {
        state: String,
        metadata_tokens: String,
    },
    Listener,
    ListenerRule,
    LoadBalancer {
        state: String,
        dns_name: String,
    },
    MountTarget {
        state: String,
    },
    NetworkInterface,
    SecurityGroup,
    SecurityGroupRule,
    /// The health of each target by its id.
    TargetGroup {
        targets: BTreeMap<String, String>,
    },
    Volume {
        volume_type: String,
        encrypted: bool,
    },
}

impl Inventory {
    /// Asks the server.
    pub(crate) fn take(moto: &Moto) -> Result<Self> {
        let answer = moto.python("inventory.py", SCRIPT)?;
        serde_json::from_str(&answer).context("the answer of inventory.py cannot be read")
    }

    /// What is here and is not there, or not as it is here.
    pub(crate) fn beyond(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .filter(|resource| !other.0.contains(resource))
                .cloned()
                .collect(),
        )
    }

    /// What each resource has of this kind; `kind` says which kind and what.
    pub(crate) fn of<'a, T: 'a>(
        &'a self,
        kind: impl Fn(&'a Kind) -> Option<T>,
    ) -> impl Iterator<Item = T> {
        self.0
            .iter()
            .filter_map(move |resource| kind(&resource.kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_script_prints_is_read_and_what_changed_counts_as_new() {
        fn read(json: &str) -> Inventory {
            serde_json::from_str(json).unwrap()
        }
        let group = r#"{"kind": "security_group", "id": "sg-1", "tags": {"Name": "a"}}"#;
        let target =
            r#"{"kind": "mount_target", "id": "fsmt-1", "state": "available", "tags": null}"#;
        let gone = r#"{"kind": "mount_target", "id": "fsmt-1", "state": "deleting", "tags": null}"#;
        let before = read(&format!("[{group}, {target}]"));
        let after = read(&format!("[{group}, {gone}]"));
        let expected = Resource {
            id: "fsmt-1".to_owned(),
            belongs_to: None,
            tags: None,
            kind: Kind::MountTarget {
                state: "deleting".to_owned(),
            },
        };
        assert_eq!(after.beyond(&before).0, [expected]);
        assert_eq!(after.beyond(&after).0, []);
    }
}
