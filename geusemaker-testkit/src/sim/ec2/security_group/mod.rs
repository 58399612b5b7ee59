//! Security groups.

#[cfg(feature = "traffic")]
mod admission;
mod peers;
pub(super) mod permission;
pub(super) mod reference;
pub(super) mod rule;
pub(super) mod rule_change;
pub(super) mod rule_update;
mod service_group;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::permission::{Peer, missing, permissions};
use self::rule::Direction::{self, Egress, Ingress};
use self::rule::SecurityGroupRule;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SecurityGroup {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// The time from which other calls know the id.
    pub(crate) visible_at: Timestamp,
    /// True if a service keeps the group in the VPC, as CloudFront does for VPC origins.
    #[serde(default)]
    pub(super) is_of_service: bool,
    /// The time at which that service removes it.
    #[serde(default)]
    pub(super) gone_at: Option<Timestamp>,
    pub(super) rules: Vec<SecurityGroupRule>,
}

impl SecurityGroup {
    /// Creates the default group of a VPC, which allows ingress from its own members.
    pub(super) fn default_of(vpc: &str, id: String, [ingress, egress]: [String; 2]) -> Self {
        let peer = Peer::Group(id.clone());
        Self {
            vpc: vpc.to_owned(),
            name: "default".to_owned(),
            description: "default VPC security group".to_owned(),
            visible_at: Timestamp::MIN,
            is_of_service: false,
            gone_at: None,
            rules: vec![
                SecurityGroupRule::everything(ingress, &id, Direction::Ingress, peer),
                SecurityGroupRule::everything(egress, &id, Direction::Egress, Peer::anywhere()),
            ],
            id,
        }
    }

    pub(crate) fn is_default(&self) -> bool {
        self.name == "default"
    }

    fn refers_to(&self, group: &str) -> bool {
        self.rules
            .iter()
            .any(|rule| matches!(&rule.peer, Peer::Group(id) if id == group))
    }
}

impl Described for SecurityGroup {
    const IDS: Option<&'static str> = Some("GroupId");
    const NAMES: Option<&'static str> = Some("GroupName");
    const FIELDS: &'static [Field<Self>] = &[
        ("group-id", |_, _, group| vec![group.id.clone()]),
        ("group-name", |_, _, group| vec![group.name.clone()]),
        ("vpc-id", |_, _, group| vec![group.vpc.clone()]),
        ("description", |_, _, group| vec![group.description.clone()]),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
        ("ip-permission.cidr", |_, _, group| {
            group.ipv4_blocks(Ingress)
        }),
        ("ip-permission.from-port", |_, _, group| {
            group.traffic(Ingress, |it| it.from_port.to_string())
        }),
        ("ip-permission.group-id", |_, _, group| {
            group.peer_groups(Ingress)
        }),
        ("ip-permission.group-name", |ec2, _, group| {
            group.peer_group_names(Ingress, ec2)
        }),
        ("ip-permission.ipv6-cidr", |_, _, group| {
            group.ipv6_blocks(Ingress)
        }),
        ("ip-permission.prefix-list-id", |_, _, group| {
            group.peer_lists(Ingress)
        }),
        ("ip-permission.protocol", |_, _, group| {
            group.traffic(Ingress, |it| it.protocol.clone())
        }),
        ("ip-permission.to-port", |_, _, group| {
            group.traffic(Ingress, |it| it.to_port.to_string())
        }),
        ("ip-permission.user-id", |ec2, _, group| {
            group.peer_owners(Ingress, ec2)
        }),
        ("egress.ip-permission.cidr", |_, _, group| {
            group.ipv4_blocks(Egress)
        }),
        ("egress.ip-permission.from-port", |_, _, group| {
            group.traffic(Egress, |it| it.from_port.to_string())
        }),
        ("egress.ip-permission.group-id", |_, _, group| {
            group.peer_groups(Egress)
        }),
        ("egress.ip-permission.group-name", |ec2, _, group| {
            group.peer_group_names(Egress, ec2)
        }),
        ("egress.ip-permission.ipv6-cidr", |_, _, group| {
            group.ipv6_blocks(Egress)
        }),
        ("egress.ip-permission.prefix-list-id", |_, _, group| {
            group.peer_lists(Egress)
        }),
        ("egress.ip-permission.protocol", |_, _, group| {
            group.traffic(Egress, |it| it.protocol.clone())
        }),
        ("egress.ip-permission.to-port", |_, _, group| {
            group.traffic(Egress, |it| it.to_port.to_string())
        }),
        ("egress.ip-permission.user-id", |ec2, _, group| {
            group.peer_owners(Egress, ec2)
        }),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::SecurityGroup.unknown(id)
    }

    /// Returns true if the group has that name. EC2 reference: names are for the groups of the default VPC.
    fn is_called(&self, ec2: &Ec2, name: &str) -> bool {
        self.name == name && ec2.default_vpc().is_ok_and(|vpc| vpc.id == self.vpc)
    }

    fn unknown_name(ec2: &Ec2, name: &str) -> ServiceError {
        ec2.unknown_group_name(name)
    }
}

impl Ec2 {
    /// Returns the id of the VPC's default group.
    pub(crate) fn default_security_group(&self, vpc: &str) -> Option<String> {
        self.security_groups
            .values()
            .find(|group| group.vpc == vpc && group.is_default())
            .map(|group| group.id.clone())
    }

    /// Returns the groups that other calls know at that time.
    pub(super) fn visible_security_groups(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = &SecurityGroup> {
        self.security_groups
            .values()
            .filter(move |group| now >= group.visible_at)
    }

    /// Returns the id of a group of the default VPC by its name, as another call finds it.
    pub(super) fn group_named(&self, name: &str, now: Timestamp) -> Result<String, ServiceError> {
        self.visible_security_groups(now)
            .find(|group| group.is_called(self, name))
            .map(|group| group.id.clone())
            .ok_or_else(|| self.unknown_group_name(name))
    }

    pub(super) fn unknown_group_name(&self, name: &str) -> ServiceError {
        let vpc = self.default_vpc().map_or("", |vpc| vpc.id.as_str());
        let message = format!("The security group '{name}' does not exist in default VPC '{vpc}'");
        ServiceError::new(Code::InvalidGroupNotFound, message)
    }

    /// Returns a group by its id, as another call finds it.
    pub(super) fn visible_security_group(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<&SecurityGroup, ServiceError> {
        self.security_group(id)
            .filter(|group| now >= group.visible_at)
            .ok_or_else(|| ResourceKind::SecurityGroup.unknown(id))
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeSecurityGroups")?;
    let page = selection.choose(ec2, context.now, ec2.visible_security_groups(context.now))?;
    Ok(page.reply("securityGroupInfo", |group| {
        Element::new("item")
            .with("ownerId", &ec2.account_id)
            .with("groupId", &group.id)
            .with("securityGroupArn", arn(ec2, group))
            .with("groupName", &group.name)
            .with("groupDescription", &group.description)
            .with("vpcId", &group.vpc)
            .child(permissions(ec2, &group.rules, Direction::Ingress))
            .child(permissions(ec2, &group.rules, Direction::Egress))
            .children(ec2.tags.element_if_any(&group.id))
    }))
}

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let name = params.required("GroupName")?;
    let description = params.required("GroupDescription")?;
    let vpc = params.optional("VpcId");
    let tags = TagSpecifications::read(params, &[ResourceKind::SecurityGroup])?;
    params.refuse_unread("CreateSecurityGroup")?;
    refuse_name(&name)?;
    refuse_text("GroupName", &name)?;
    refuse_text("GroupDescription", &description)?;
    let vpc = match vpc {
        Some(id) if ec2.vpcs.contains_key(&id) => id,
        Some(id) => return Err(ResourceKind::Vpc.unknown(&id)),
        None => ec2.default_vpc()?.id.clone(),
    };
    // EC2 model: names are unique in a VPC, regardless of case.
    let mut groups = ec2.security_groups.values();
    if groups.any(|group| group.vpc == vpc && group.name.eq_ignore_ascii_case(&name)) {
        let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(ServiceError::new(Code::InvalidGroupDuplicate, message));
    }
    context
        .quotas
        .admit(Quota::SecurityGroups, ec2.security_groups.len() + 1)?;
    let id = ResourceKind::SecurityGroup.new_id(context.rng);
    let rule = ResourceKind::SecurityGroupRule.new_id(context.rng);
    let group = SecurityGroup {
        vpc,
        name,
        description,
        visible_at: context.now + context.rng.duration(Step::Consistency),
        is_of_service: false,
        gone_at: None,
        rules: vec![SecurityGroupRule::everything(
            rule,
            &id,
            Direction::Egress,
            Peer::anywhere(),
        )],
        id: id.clone(),
    };
    ec2.tags.attach(&id, tags.of(ResourceKind::SecurityGroup));
    let reply = Element::new("reply")
        .with("groupId", &id)
        .with("securityGroupArn", arn(ec2, &group))
        .child(ec2.tags.element(&id));
    ec2.security_groups.insert(id, group);
    Ok(Reply::xml(reply))
}

pub(crate) fn delete(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = match (params.optional("GroupId"), params.optional("GroupName")) {
        (Some(id), _) => id,
        (None, Some(name)) => ec2.group_named(&name, context.now)?,
        (None, None) => return Err(missing("groupName or groupId")),
    };
    params.refuse_unread("DeleteSecurityGroup")?;
    let group = ec2.visible_security_group(&id, context.now)?;
    if group.is_default() {
        let message =
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(ServiceError::new(Code::CannotDelete, message));
    }
    let is_worn = ec2
        .interfaces
        .values()
        .any(|interface| interface.exists(context.now) && interface.security_groups.contains(&id));
    let is_named = ec2
        .security_groups
        .values()
        .any(|other| other.id != id && other.refers_to(&id));
    // EC2 model: a group cannot be deleted while a network interface has it or another group's rule names it.
    if is_worn || is_named {
        let message = format!("resource {id} has a dependent object");
        return Err(ServiceError::new(Code::DependencyViolation, message));
    }
    if let Some(group) = ec2.security_groups.remove(&id) {
        for rule in group.rules {
            ec2.tags.remove(&rule.id);
        }
    }
    ec2.tags.remove(&id);
    Ok(Reply::xml(
        Element::new("reply")
            .with("return", true)
            .with("groupId", id),
    ))
}

fn arn(ec2: &Ec2, group: &SecurityGroup) -> String {
    ec2.arn(format_args!("security-group/{}", group.id))
}

fn refuse_name(name: &str) -> Result<(), ServiceError> {
    if name.to_ascii_lowercase().starts_with("sg-") {
        let message = format!(
            "Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*"
        );
        return Err(ServiceError::new(Code::InvalidParameterValue, message));
    }
    Ok(())
}

/// Refuses a wrong text. EC2 reference: up to 255 characters, out of letters, digits, spaces and some signs.
fn refuse_text(parameter: &str, text: &str) -> Result<(), ServiceError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    if text.is_empty() || text.chars().count() > 255 || !text.chars().all(allowed) {
        let message = format!(
            "Value ({text}) for parameter {parameter} is invalid. It may have up to 255 characters of a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{{}}!$*"
        );
        return Err(ServiceError::new(Code::InvalidParameterValue, message));
    }
    Ok(())
}
