//! Calls that add rules to security groups and remove them.

use super::permission::{Peer, Permission, missing, permission_element};
use super::rule::{Direction, SecurityGroupRule};
use crate::sim::context::RequestContext;
use crate::sim::ec2::prefix_list::prefix_lists;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::tags::TagSpecifications;
use crate::sim::ec2::{Code, Ec2};
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn authorize(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
    direction: Direction,
) -> Result<Reply, ServiceError> {
    let group_id = ec2.group_of_rules(context, params, direction)?;
    let permissions = Permission::read_request(params, ec2, direction)?;
    let tags = TagSpecifications::read(params, &[ResourceKind::SecurityGroupRule])?;
    params.refuse_unread(match direction {
        Direction::Ingress => "AuthorizeSecurityGroupIngress",
        Direction::Egress => "AuthorizeSecurityGroupEgress",
    })?;
    let group = ec2.visible_security_group(&group_id, context.now)?;
    let vpc = group.vpc.clone();
    let mut rules = group.rules.clone();
    if permissions.is_empty() {
        return Err(missing("ipPermissions"));
    }
    for permission in &permissions {
        permission.refuse_unknown_peer(ec2, context, &vpc)?;
    }
    let mut new = Vec::new();
    for permission in permissions {
        if rules.iter().any(|rule| rule.allows(direction, &permission)) {
            return Err(permission.duplicate());
        }
        let rule = SecurityGroupRule {
            id: ResourceKind::SecurityGroupRule.new_id(context.rng),
            group: group_id.clone(),
            direction,
            traffic: permission.traffic,
            peer: permission.peer,
            description: permission.description,
        };
        rules.push(rule.clone());
        new.push(rule);
    }
    refuse_too_many(&rules, direction, context)?;
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

pub(crate) fn revoke(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
    direction: Direction,
) -> Result<Reply, ServiceError> {
    let group_id = ec2.group_of_rules(context, params, direction)?;
    let rule_ids = params.list("SecurityGroupRuleId");
    let permissions = Permission::read_request(params, ec2, direction)?;
    params.refuse_unread(match direction {
        Direction::Ingress => "RevokeSecurityGroupIngress",
        Direction::Egress => "RevokeSecurityGroupEgress",
    })?;
    let group = ec2.visible_security_group(&group_id, context.now)?;
    if rule_ids.is_empty() && permissions.is_empty() {
        return Err(missing("ipPermissions or securityGroupRuleIds"));
    }
    let in_default_vpc = ec2.vpc(&group.vpc).is_some_and(|vpc| vpc.is_default);
    let mut revoked = Vec::new();
    for id in &rule_ids {
        let rule = group
            .rules
            .iter()
            .find(|rule| rule.direction == direction && &rule.id == id);
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
            .find(|rule| rule.allows(direction, &permission))
        {
            Some(rule) => revoked.push(rule.clone()),
            // EC2 reference: for a rule that does not exist, the reply lists it in the default VPC; elsewhere it is an
            // error.
            None if in_default_vpc => not_there.push(permission),
            None => return Err(no_such_rule()),
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
    Ok(Reply::xml(revocation(ec2, &revoked, &not_there)))
}

/// Describes the revoked rules, and the permissions without a rule.
fn revocation(ec2: &Ec2, revoked: &[SecurityGroupRule], not_there: &[Permission]) -> Element {
    let items = revoked.iter().map(SecurityGroupRule::revoked_element);
    let reply = Element::new("reply")
        .with("return", true)
        .child(Element::list("revokedSecurityGroupRuleSet", "item", items));
    if not_there.is_empty() {
        return reply;
    }
    let items = not_there
        .iter()
        .map(|permission| permission_element(ec2, &permission.traffic, [(&permission.peer, None)]));
    reply.child(Element::list("unknownIpPermissionSet", "item", items))
}

impl Ec2 {
    /// Returns the group of a call on rules: by its id, or, for ingress in the default VPC, by its name.
    pub(super) fn group_of_rules(
        &self,
        context: &RequestContext<'_>,
        params: &mut Params,
        direction: Direction,
    ) -> Result<String, ServiceError> {
        let name = match direction {
            Direction::Ingress => params.optional("GroupName"),
            Direction::Egress => None,
        };
        match (params.optional("GroupId"), name) {
            (Some(id), None) => Ok(id),
            (None, Some(name)) => self.group_named(&name, context.now),
            (Some(_), Some(_)) => {
                let message = "The parameters groupId and groupName may not be specified together";
                Err(ServiceError::new(
                    Code::InvalidParameterCombination,
                    message,
                ))
            }
            (None, None) => Err(missing("groupName or groupId")),
        }
    }
}

/// Returns AWS's answer to a permission that no rule grants.
pub(super) fn no_such_rule() -> ServiceError {
    let message = "The specified rule does not exist in this security group.";
    ServiceError::new(Code::InvalidPermissionNotFound, message)
}

/// Refuses rules beyond the quota. The quota is counted for each direction, and for IPv4 and IPv6 separately; a prefix
/// list counts as its weight (VPC user guide).
pub(super) fn refuse_too_many(
    rules: &[SecurityGroupRule],
    direction: Direction,
    context: &RequestContext<'_>,
) -> Result<(), ServiceError> {
    let lists = prefix_lists(context.region);
    let (mut ipv4, mut ipv6) = (0_u32, 0_u32);
    for rule in rules.iter().filter(|rule| rule.direction == direction) {
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
    context.quotas.admit(Quota::RulesPerSecurityGroup, weight)
}
