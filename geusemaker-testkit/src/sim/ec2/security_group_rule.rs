//! The rules of security groups.

use serde::{Deserialize, Serialize};

use super::Ec2;
use super::permission::{Peer, Permission, Traffic, missing, permission_element};
use super::prefix_list::prefix_lists;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use crate::sim::moment::Moment;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SecurityGroupRule {
    pub(super) id: String,
    group: String,
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
    /// The rule that lets everything through.
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

    fn allows(&self, direction: Direction, permission: &Permission) -> bool {
        self.direction == direction
            && self.traffic == permission.traffic
            && self.peer == permission.peer
    }

    fn element(&self, ec2: &Ec2) -> Element {
        let (region, account) = (&ec2.region, &ec2.account_id);
        let arn = format!(
            "arn:aws:ec2:{region}:{account}:security-group-rule/{}",
            self.id
        );
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
            .child(ec2.tags.element(&self.id));
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

    fn revoked_element(&self) -> Element {
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
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeSecurityGroupRules")?;
    let rules = ec2
        .visible_security_groups(moment.now)
        .flat_map(|group| &group.rules);
    let page = selection.choose(ec2, moment.now, rules)?;
    Ok(
        page.reply("securityGroupRuleSet", |rule: &SecurityGroupRule| {
            rule.element(ec2)
        }),
    )
}

pub(crate) fn authorize_ingress(
    ec2: &mut Ec2,
    moment: &mut Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let group_id = params.required("GroupId")?;
    let permissions = Permission::read_all(params, ec2)?;
    let tags = TagSpecifications::read(params, &[ResourceKind::SecurityGroupRule])?;
    params.refuse_unread("AuthorizeSecurityGroupIngress")?;
    let vpc = ec2
        .visible_security_group(&group_id, moment.now)?
        .vpc
        .clone();
    if permissions.is_empty() {
        return Err(missing("ipPermissions"));
    }
    for permission in &permissions {
        permission.refuse_unknown_peer(ec2, moment, &vpc)?;
    }
    let mut new = Vec::new();
    let mut rules = ec2
        .visible_security_group(&group_id, moment.now)?
        .rules
        .clone();
    for permission in permissions {
        if rules
            .iter()
            .any(|rule| rule.allows(Direction::Ingress, &permission))
        {
            return Err(permission.duplicate());
        }
        let rule = SecurityGroupRule {
            id: ResourceKind::SecurityGroupRule.new_id(moment.dice),
            group: group_id.clone(),
            direction: Direction::Ingress,
            traffic: permission.traffic,
            peer: permission.peer,
            description: permission.description,
        };
        rules.push(rule.clone());
        new.push(rule);
    }
    refuse_too_many(&rules, moment)?;
    if let Some(group) = ec2.security_groups.get_mut(&group_id) {
        group.rules = rules;
    }
    for rule in &new {
        ec2.tags
            .attach(&rule.id, tags.of(ResourceKind::SecurityGroupRule));
    }
    let items = new.iter().map(|rule| rule.element(ec2));
    Ok(Reply::xml(
        Element::new("reply")
            .with("return", true)
            .child(Element::list("securityGroupRuleSet", "item", items)),
    ))
}

pub(crate) fn revoke_ingress(
    ec2: &mut Ec2,
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let group_id = params.required("GroupId")?;
    let rule_ids = params.list("SecurityGroupRuleId");
    let permissions = Permission::read_all(params, ec2)?;
    params.refuse_unread("RevokeSecurityGroupIngress")?;
    let group = ec2.visible_security_group(&group_id, moment.now)?;
    let in_default_vpc = ec2.vpc(&group.vpc).is_some_and(|vpc| vpc.is_default);
    let ingress = |rule: &&SecurityGroupRule| rule.direction == Direction::Ingress;
    let mut revoked = Vec::new();
    for id in &rule_ids {
        let rule = group
            .rules
            .iter()
            .filter(ingress)
            .find(|rule| &rule.id == id);
        revoked.push(
            rule.ok_or_else(|| ResourceKind::SecurityGroupRule.unknown(id))?
                .clone(),
        );
    }
    let mut not_there = Vec::new();
    for permission in permissions {
        match group
            .rules
            .iter()
            .find(|rule| rule.allows(Direction::Ingress, &permission))
        {
            Some(rule) => revoked.push(rule.clone()),
            // EC2 reference: in the default VPC the reply lists what was not there, elsewhere it is an error.
            None if in_default_vpc => not_there.push(permission),
            None => {
                let message = "The specified rule does not exist in this security group.";
                return Err(ServiceError::new("InvalidPermission.NotFound", message));
            }
        }
    }
    if let Some(group) = ec2.security_groups.get_mut(&group_id) {
        group
            .rules
            .retain(|rule| !revoked.iter().any(|gone| gone.id == rule.id));
    }
    for rule in &revoked {
        ec2.tags.remove(&rule.id);
    }
    let items = revoked.iter().map(SecurityGroupRule::revoked_element);
    let mut reply = Element::new("reply")
        .with("return", true)
        .child(Element::list("revokedSecurityGroupRuleSet", "item", items));
    if !not_there.is_empty() {
        let items = not_there.iter().map(|permission| {
            permission_element(ec2, &permission.traffic, [(&permission.peer, None)])
        });
        reply = reply.child(Element::list("unknownIpPermissionSet", "item", items));
    }
    Ok(Reply::xml(reply))
}

/// The quota of rules is counted for IPv4 and IPv6 apart; a prefix list counts as its weight (VPC user guide).
fn refuse_too_many(rules: &[SecurityGroupRule], moment: &Moment<'_>) -> Result<(), ServiceError> {
    let lists = prefix_lists(moment.region);
    let (mut ipv4, mut ipv6) = (0_u32, 0_u32);
    for rule in rules
        .iter()
        .filter(|rule| rule.direction == Direction::Ingress)
    {
        match &rule.peer {
            Peer::Ipv4(_) => ipv4 += 1,
            Peer::Ipv6(_) => ipv6 += 1,
            Peer::Group(_) => {
                ipv4 += 1;
                ipv6 += 1;
            }
            Peer::PrefixList(id) => {
                ipv4 += lists
                    .iter()
                    .find(|list| &list.id == id)
                    .map_or(1, |list| list.weight);
            }
        }
    }
    let weight = usize::try_from(ipv4.max(ipv6)).unwrap_or(usize::MAX);
    moment.quotas.admit(Quota::RulesPerSecurityGroup, weight)
}
