//! The resources in the account, read from the server with a different SDK than the one that `gm` uses.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::moto::Moto;

pub(crate) const SCRIPT: &str = include_str!("inventory.py");

/// All resources in the account that a deployment could have created.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Inventory(pub(crate) Vec<Resource>);

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Resource {
    pub(crate) id: String,
    /// The id of the resource that it is created and deleted with.
    #[serde(default)]
    pub(crate) belongs_to: Option<String>,
    /// `None` for resources that cannot have tags, and for those that AWS adds by itself.
    pub(crate) tags: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Kind {
    AccessPoint {
        state: String,
    },
    Certificate,
    DnsRecord,
    Distribution {
        status: String,
        enabled: bool,
        origins: Vec<String>,
    },
    ElasticIp,
    FileSystem {
        state: String,
        encrypted: bool,
    },
    Instance {
        state: String,
        metadata_tokens: String,
    },
    InstanceProfile,
    InstanceProfileRole,
    InternetGateway,
    InternetGatewayAttachment,
    Listener,
    ListenerRule,
    LoadBalancer {
        state: String,
        dns_name: String,
    },
    MountTarget {
        state: String,
    },
    NatGateway {
        state: String,
    },
    NetworkInterface,
    Role,
    RolePolicy,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    /// The health of each target by its id.
    TargetGroup {
        targets: BTreeMap<String, String>,
    },
    Volume {
        volume_type: String,
        encrypted: bool,
    },
    Vpc,
    VpcEndpoint {
        state: String,
    },
}

impl Inventory {
    /// Reads the inventory from the server.
    pub(crate) fn take(moto: &Moto) -> Result<Self> {
        let answer = moto.python("inventory.py", SCRIPT)?;
        serde_json::from_str(&answer).context("the answer of inventory.py cannot be read")
    }

    /// Returns the resources that are missing or different in the other inventory.
    pub(crate) fn beyond(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .filter(|resource| !other.0.contains(resource))
                .cloned()
                .collect(),
        )
    }

    /// Returns the selected part of each resource; `kind` selects the kind and the part.
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

    /// The output of the inventory script is read.
    #[test]
    fn changed_resource_counts_as_new() {
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
