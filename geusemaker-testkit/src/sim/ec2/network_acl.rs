//! Network access control lists: the default one of each VPC, which allows all traffic.

use serde::{Deserialize, Serialize};

use super::Ec2;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::subnet::Subnet;
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// Number, egress flag and action of the entries of a default list: VPC User Guide, Default network ACL.
const ENTRIES: [(&str, bool, &str); 4] = [
    ("100", true, "allow"),
    ("32767", true, "deny"),
    ("100", false, "allow"),
    ("32767", false, "deny"),
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NetworkAcl {
    pub(super) id: String,
    pub(super) vpc: String,
}

impl NetworkAcl {
    pub(super) fn default_of(vpc: &str, id: String) -> Self {
        Self {
            id,
            vpc: vpc.to_owned(),
        }
    }

    /// Returns all subnets of the VPC, because none can have another list.
    fn subnets<'a>(&'a self, ec2: &'a Ec2) -> impl Iterator<Item = &'a Subnet> {
        ec2.subnets.values().filter(|subnet| subnet.vpc == self.vpc)
    }
}

fn association_id(subnet: &Subnet) -> String {
    subnet.id.replace("subnet-", "aclassoc-")
}

fn entries(value: fn(&(&str, bool, &str)) -> String) -> Vec<String> {
    ENTRIES.iter().map(value).collect()
}

impl Described for NetworkAcl {
    const IDS: Option<&'static str> = Some("NetworkAclId");
    const FIELDS: &'static [Field<Self>] = &[
        ("association.association-id", |ec2, _, acl| {
            acl.subnets(ec2).map(association_id).collect()
        }),
        ("association.network-acl-id", |ec2, _, acl| {
            acl.subnets(ec2).map(|_| acl.id.clone()).collect()
        }),
        ("association.subnet-id", |ec2, _, acl| {
            acl.subnets(ec2).map(|subnet| subnet.id.clone()).collect()
        }),
        ("default", |_, _, _| vec!["true".to_owned()]),
        ("entry.cidr", |_, _, _| vec!["0.0.0.0/0".to_owned()]),
        ("entry.protocol", |_, _, _| vec!["-1".to_owned()]),
        ("entry.rule-action", |_, _, _| {
            entries(|(_, _, action)| (*action).to_owned())
        }),
        ("entry.egress", |_, _, _| {
            entries(|(_, egress, _)| egress.to_string())
        }),
        ("entry.rule-number", |_, _, _| {
            entries(|(number, _, _)| (*number).to_owned())
        }),
        ("network-acl-id", |_, _, acl| vec![acl.id.clone()]),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
        ("vpc-id", |_, _, acl| vec![acl.vpc.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::NetworkAcl.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeNetworkAcls")?;
    let page = selection.choose(ec2, context.now, ec2.network_acls.values())?;
    Ok(page.reply("networkAclSet", |acl: &NetworkAcl| {
        let associations = acl.subnets(ec2).map(|subnet| {
            Element::new("item")
                .with("networkAclAssociationId", association_id(subnet))
                .with("networkAclId", &acl.id)
                .with("subnetId", &subnet.id)
        });
        let entries = ENTRIES.iter().map(|(number, egress, action)| {
            Element::new("item")
                .with("ruleNumber", number)
                .with("protocol", "-1")
                .with("ruleAction", action)
                .with("egress", egress)
                .with("cidrBlock", "0.0.0.0/0")
        });
        Element::new("item")
            .with("networkAclId", &acl.id)
            .with("vpcId", &acl.vpc)
            .with("ownerId", &ec2.account_id)
            .with("default", true)
            .child(Element::list("entrySet", "item", entries))
            .child(Element::list("associationSet", "item", associations))
            .child(ec2.tags.element(&acl.id))
    }))
}
