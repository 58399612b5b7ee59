//! Calls that change existing rules of security groups: ModifySecurityGroupRules, and those for descriptions.

use super::permission::{Peer, Permission, Traffic, ipv6, missing, read_description};
use super::rule::{Direction, SecurityGroupRule};
use super::rule_change::{no_such_rule, refuse_too_many};
use crate::sim::context::RequestContext;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::{Code, Ec2};
use crate::wire::params::{Params, Structure};
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// Answers ModifySecurityGroupRules. Each rule is replaced as a whole and keeps its id; either all rules are replaced
/// or none.
pub(crate) fn modify(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let group_id = params.required("GroupId")?;
    let mut updates = Vec::new();
    for update in params.structures("SecurityGroupRule") {
        let id = params.required(&update.member("SecurityGroupRuleId"))?;
        updates.push((id, read_rule(params, &update)?));
    }
    params.refuse_unread("ModifySecurityGroupRules")?;
    let group = ec2.visible_security_group(&group_id, context.now)?;
    if updates.is_empty() {
        return Err(missing("securityGroupRules"));
    }
    let vpc = group.vpc.clone();
    let mut rules = group.rules.clone();
    for (id, permission) in updates {
        permission.refuse_unknown_peer(ec2, context, &vpc)?;
        let rule = rules
            .iter()
            .find(|rule| rule.id == id)
            .ok_or_else(|| ResourceKind::SecurityGroupRule.unknown(&id))?;
        let direction = rule.direction;
        if rules
            .iter()
            .any(|other| other.id != id && other.allows(direction, &permission))
        {
            return Err(permission.duplicate());
        }
        if let Some(rule) = rules.iter_mut().find(|rule| rule.id == id) {
            rule.traffic = permission.traffic;
            rule.peer = permission.peer;
            rule.description = permission.description;
        }
    }
    for direction in [Direction::Ingress, Direction::Egress] {
        refuse_too_many(&rules, direction, context)?;
    }
    Ok(ec2.replace_rules(&group_id, rules))
}

/// Answers UpdateSecurityGroupRuleDescriptionsIngress and …Egress. A description that is left out is removed.
pub(crate) fn describe_anew(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
    direction: Direction,
) -> Result<Reply, ServiceError> {
    let group_id = match (params.optional("GroupId"), params.optional("GroupName")) {
        (Some(id), _) => id,
        (None, Some(name)) => ec2.group_named(&name, context.now)?,
        (None, None) => return Err(missing("groupName or groupId")),
    };
    let permissions = Permission::read_all(params, ec2)?;
    let mut by_id = Vec::new();
    for entry in params.structures("SecurityGroupRuleDescription") {
        let id = params.required(&entry.member("SecurityGroupRuleId"))?;
        by_id.push((id, read_description(params, &entry.member("Description"))?));
    }
    params.refuse_unread(match direction {
        Direction::Ingress => "UpdateSecurityGroupRuleDescriptionsIngress",
        Direction::Egress => "UpdateSecurityGroupRuleDescriptionsEgress",
    })?;
    let group = ec2.visible_security_group(&group_id, context.now)?;
    if permissions.is_empty() && by_id.is_empty() {
        return Err(missing("ipPermissions or securityGroupRuleDescriptions"));
    }
    let mut rules = group.rules.clone();
    for permission in permissions {
        let rule = rules
            .iter_mut()
            .find(|rule| rule.allows(direction, &permission))
            .ok_or_else(no_such_rule)?;
        rule.description = permission.description;
    }
    for (id, description) in by_id {
        let rule = rules
            .iter_mut()
            .find(|rule| rule.direction == direction && rule.id == id)
            .ok_or_else(|| ResourceKind::SecurityGroupRule.unknown(&id))?;
        rule.description = description;
    }
    Ok(ec2.replace_rules(&group_id, rules))
}

impl Ec2 {
    fn replace_rules(&mut self, group: &str, rules: Vec<SecurityGroupRule>) -> Reply {
        if let Some(group) = self.security_groups.get_mut(group) {
            group.rules = rules;
        }
        Reply::xml(Element::new("reply").with("return", true))
    }
}

fn read_rule(params: &mut Params, update: &Structure) -> Result<Permission, ServiceError> {
    let name = |member: &str| update.member(&format!("SecurityGroupRule.{member}"));
    let traffic = Traffic::read(params, name)?;
    let mut peers = Vec::new();
    if let Some(block) = params.optional(&name("CidrIpv4")) {
        peers.push(Peer::Ipv4(block.parse()?));
    }
    if let Some(block) = params.optional(&name("CidrIpv6")) {
        peers.push(Peer::Ipv6(ipv6(&block)?));
    }
    if let Some(id) = params.optional(&name("PrefixListId")) {
        peers.push(Peer::PrefixList(id));
    }
    if let Some(id) = params.optional(&name("ReferencedGroupId")) {
        peers.push(Peer::Group(id));
    }
    let description = read_description(params, &name("Description"))?;
    match (peers.pop(), peers.pop()) {
        (Some(peer), None) => Ok(Permission {
            traffic,
            peer,
            description,
        }),
        (None, _) => Err(missing(
            "cidrIpv4, cidrIpv6, prefixListId or referencedGroupId",
        )),
        (Some(_), Some(_)) => {
            let message = "Only one of cidrIpv4, cidrIpv6, prefixListId, or referencedGroupId can be specified";
            Err(ServiceError::new(
                Code::InvalidParameterCombination,
                message,
            ))
        }
    }
}
