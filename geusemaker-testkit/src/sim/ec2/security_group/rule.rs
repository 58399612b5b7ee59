//! The rules of security groups. The calls that change them are in separate files.

use serde::{Deserialize, Serialize};

use super::permission::{Peer, Permission, Traffic};
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::selection::{Described, Field, Selection};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SecurityGroupRule {
    pub(in crate::sim::ec2) id: String,
    pub(super) group: String,
    pub(super) direction: Direction,
    pub(super) traffic: Traffic,
    pub(super) peer: Peer,
    pub(super) description: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Direction {
    Ingress,
    Egress,
}

impl SecurityGroupRule {
    /// Creates a rule that allows all traffic.
    pub(super) fn everything(id: String, group: &str, direction: Direction, peer: Peer) -> Self {
        Self {
            id,
            group: group.to_owned(),
            direction,
            traffic: Traffic::all(),
            peer,
            description: None,
        }
    }

    pub(super) fn allows(&self, direction: Direction, permission: &Permission) -> bool {
        self.direction == direction
            && self.traffic == permission.traffic
            && self.peer == permission.peer
    }

    pub(super) fn element(&self, ec2: &Ec2) -> Element {
        let account = &ec2.account_id;
        let arn = ec2.arn(format_args!("security-group-rule/{}", self.id));
        let element = Element::new("item")
            .with("securityGroupRuleId", &self.id)
            .with("securityGroupRuleArn", arn)
            .with("groupId", &self.group)
            .with("groupOwnerId", account)
            .with("isEgress", self.direction == Direction::Egress)
            .with("ipProtocol", &self.traffic.protocol)
            .with("fromPort", self.traffic.from_port)
            .with("toPort", self.traffic.to_port)
            .with_some("description", self.description.as_ref())
            .children(ec2.tags.element_if_any(&self.id));
        match &self.peer {
            Peer::Ipv4(cidr) => element.with("cidrIpv4", cidr),
            Peer::Ipv6(cidr) => element.with("cidrIpv6", cidr),
            Peer::PrefixList(id) => element.with("prefixListId", id),
            Peer::Group(id) => element.child(
                Element::new("referencedGroupInfo")
                    .with("groupId", id)
                    .with("userId", account),
            ),
        }
    }

    pub(super) fn revoked_element(&self) -> Element {
        let peer = match &self.peer {
            Peer::Ipv4(_) => "cidrIpv4",
            Peer::Ipv6(_) => "cidrIpv6",
            Peer::PrefixList(_) => "prefixListId",
            Peer::Group(_) => "referencedGroupId",
        };
        Element::new("item")
            .with("securityGroupRuleId", &self.id)
            .with("groupId", &self.group)
            .with("isEgress", self.direction == Direction::Egress)
            .with("ipProtocol", &self.traffic.protocol)
            .with("fromPort", self.traffic.from_port)
            .with("toPort", self.traffic.to_port)
            .with(peer, self.peer.text())
            .with_some("description", self.description.as_ref())
    }
}

impl Described for SecurityGroupRule {
    const IDS: Option<&'static str> = Some("SecurityGroupRuleId");
    const FIELDS: &'static [Field<Self>] = &[
        ("group-id", |_, _, rule| vec![rule.group.clone()]),
        ("security-group-rule-id", |_, _, rule| vec![rule.id.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::SecurityGroupRule.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeSecurityGroupRules")?;
    let rules = ec2
        .visible_security_groups(context.now)
        .flat_map(|group| &group.rules);
    let page = selection.choose(ec2, context.now, rules)?;
    Ok(
        page.reply("securityGroupRuleSet", |rule: &SecurityGroupRule| {
            rule.element(ec2)
        }),
    )
}
