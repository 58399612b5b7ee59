//! Virtual private clouds.

use serde::{Deserialize, Serialize};

use super::Ec2;
use super::cidr::Cidr;
use super::resource_kind::ResourceKind;
use super::security_group::SecurityGroup;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use crate::sim::moment::Moment;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Vpc {
    pub(crate) id: String,
    pub(crate) cidr: Cidr,
    pub(crate) is_default: bool,
}

impl Described for Vpc {
    const IDS: Option<&'static str> = Some("VpcId");
    const FIELDS: &'static [Field<Self>] = &[
        ("vpc-id", |_, _, vpc| vec![vpc.id.clone()]),
        ("is-default", |_, _, vpc| vec![vpc.is_default.to_string()]),
        ("isDefault", |_, _, vpc| vec![vpc.is_default.to_string()]),
        ("cidr", |_, _, vpc| vec![vpc.cidr.to_string()]),
        ("state", |_, _, _| vec!["available".to_owned()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::Vpc.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeVpcs")?;
    let page = selection.choose(ec2, moment.now, ec2.vpcs.values())?;
    Ok(page.reply("vpcSet", |vpc| element(ec2, vpc)))
}

pub(crate) fn create(
    ec2: &mut Ec2,
    moment: &mut Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let cidr: Cidr = params.required("CidrBlock")?.parse()?;
    let tags = TagSpecifications::read(params, &[ResourceKind::Vpc])?;
    params.refuse_unread("CreateVpc")?;
    if !(16..=28).contains(&cidr.prefix()) {
        let message = format!("The CIDR '{cidr}' is invalid.");
        return Err(ServiceError::new("InvalidVpc.Range", message));
    }
    moment.quotas.admit(Quota::Vpcs, ec2.vpcs.len() + 1)?;
    let vpc = Vpc {
        id: ResourceKind::Vpc.new_id(moment.dice),
        cidr,
        is_default: false,
    };
    ec2.tags.attach(&vpc.id, tags.of(ResourceKind::Vpc));
    let group = SecurityGroup::default_of(
        &vpc.id,
        ResourceKind::SecurityGroup.new_id(moment.dice),
        [(); 2].map(|()| ResourceKind::SecurityGroupRule.new_id(moment.dice)),
    );
    ec2.security_groups.insert(group.id.clone(), group);
    let description = element(ec2, &vpc).renamed("vpc");
    ec2.vpcs.insert(vpc.id.clone(), vpc);
    Ok(Reply::xml(Element::new("reply").child(description)))
}

pub(crate) fn delete(
    ec2: &mut Ec2,
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("VpcId")?;
    params.refuse_unread("DeleteVpc")?;
    if ec2.vpc(&id).is_none() {
        return Err(ResourceKind::Vpc.unknown(&id));
    }
    let groups = |group: &&SecurityGroup| group.vpc == id;
    let in_use = ec2.subnets.values().any(|subnet| subnet.vpc == id)
        || ec2
            .interfaces
            .values()
            .any(|interface| interface.vpc == id && interface.exists(moment.now))
        || ec2
            .security_groups
            .values()
            .filter(groups)
            .any(|group| !group.is_default());
    if in_use {
        let message = format!("The vpc '{id}' has dependencies and cannot be deleted.");
        return Err(ServiceError::new("DependencyViolation", message));
    }
    // The default group goes with its VPC.
    ec2.security_groups.retain(|_, group| group.vpc != id);
    ec2.vpcs.remove(&id);
    ec2.tags.remove(&id);
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

fn element(ec2: &Ec2, vpc: &Vpc) -> Element {
    let association = Element::new("item")
        .with(
            "associationId",
            ResourceKind::Vpc
                .fixed_id(&vpc.id)
                .replace("vpc-", "vpc-cidr-assoc-"),
        )
        .with("cidrBlock", vpc.cidr)
        .child(Element::new("cidrBlockState").with("state", "associated"));
    Element::new("item")
        .with("vpcId", &vpc.id)
        .with("ownerId", &ec2.account_id)
        .with("state", "available")
        .with("cidrBlock", vpc.cidr)
        .child(Element::list(
            "cidrBlockAssociationSet",
            "item",
            [association],
        ))
        .with("instanceTenancy", "default")
        .with("isDefault", vpc.is_default)
        .child(ec2.tags.element(&vpc.id))
}
