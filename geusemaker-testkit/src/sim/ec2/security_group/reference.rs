//! References to security groups: the calls that list where a group can be used and which VPCs use it.

use super::SecurityGroup;
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::ec2::selection::{Described, Field, Selection};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// Answers DescribeSecurityGroupReferences: the VPCs on the other side of a peering that name these groups. No peerings
/// are simulated, so there are none.
pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let ids = params.list("GroupId");
    params.refuse_unread("DescribeSecurityGroupReferences")?;
    for id in &ids {
        ec2.visible_security_group(id, context.now)?;
    }
    Ok(Reply::xml(
        Element::new("reply").child(Element::new("securityGroupReferenceSet")),
    ))
}

/// A group that can be used in the VPC of a GetSecurityGroupsForVpc call.
struct GroupForVpc(SecurityGroup);

impl Described for GroupForVpc {
    const IDS: Option<&'static str> = None;
    const FIELDS: &'static [Field<Self>] = &[
        ("description", |_, _, group| {
            vec![group.0.description.clone()]
        }),
        ("group-id", |_, _, group| vec![group.0.id.clone()]),
        ("group-name", |_, _, group| vec![group.0.name.clone()]),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
        ("primary-vpc-id", |_, _, group| vec![group.0.vpc.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.0.id
    }

    fn unknown(id: &str) -> ServiceError {
        SecurityGroup::unknown(id)
    }
}

/// Answers GetSecurityGroupsForVpc. Groups are not shared between VPCs here, so it lists the VPC's own groups.
pub(crate) fn groups_for_vpc(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let vpc = params.required("VpcId")?;
    let selection = Selection::<GroupForVpc>::read(params, "GetSecurityGroupsForVpc")?;
    ec2.known_vpc(&vpc)?;
    let groups: Vec<GroupForVpc> = ec2
        .visible_security_groups(context.now)
        .filter(|group| group.vpc == vpc)
        .cloned()
        .map(GroupForVpc)
        .collect();
    let page = selection.choose(ec2, context.now, &groups)?;
    Ok(page.reply("securityGroupForVpcSet", |GroupForVpc(group)| {
        Element::new("item")
            .with("groupId", &group.id)
            .with("groupName", &group.name)
            .with("description", &group.description)
            .with("ownerId", &ec2.account_id)
            .with("primaryVpcId", &group.vpc)
            .child(ec2.tags.element(&group.id))
    }))
}
