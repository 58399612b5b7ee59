//! Virtual private clouds.

pub(super) mod attribute;
pub(super) mod default;

use serde::{Deserialize, Serialize};

use self::attribute::VpcAttributes;
use super::cidr::Cidr;
use super::dhcp_options;
use super::network_acl::NetworkAcl;
use super::resource_kind::ResourceKind;
use super::route_table::RouteTable;
use super::security_group::SecurityGroup;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Vpc {
    pub(crate) id: String,
    pub(crate) cidr: Cidr,
    pub(crate) is_default: bool,
    /// The attributes that ModifyVpcAttribute has changed.
    #[serde(default)]
    pub(super) attributes: VpcAttributes,
}

impl Described for Vpc {
    const IDS: Option<&'static str> = Some("VpcId");
    const FIELDS: &'static [Field<Self>] = &[
        ("vpc-id", |_, _, vpc| vec![vpc.id.clone()]),
        ("is-default", |_, _, vpc| vec![vpc.is_default.to_string()]),
        ("isDefault", |_, _, vpc| vec![vpc.is_default.to_string()]),
        ("cidr", |_, _, vpc| vec![vpc.cidr.to_string()]),
        ("cidr-block-association.cidr-block", |_, _, vpc| {
            vec![vpc.cidr.to_string()]
        }),
        ("cidr-block-association.association-id", |_, _, vpc| {
            vec![vpc.association_id()]
        }),
        ("cidr-block-association.state", |_, _, _| {
            vec!["associated".to_owned()]
        }),
        ("dhcp-options-id", |ec2, _, _| {
            vec![dhcp_options::id(&ec2.region)]
        }),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
        ("state", |_, _, _| vec!["available".to_owned()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::Vpc.unknown(id)
    }
}

impl Vpc {
    pub(super) fn new(id: String, cidr: Cidr, is_default: bool) -> Self {
        Self {
            id,
            cidr,
            is_default,
            attributes: VpcAttributes::default(),
        }
    }

    fn association_id(&self) -> String {
        self.id.replace("vpc-", "vpc-cidr-assoc-")
    }

    pub(super) fn element(&self, ec2: &Ec2) -> Element {
        let association = Element::new("item")
            .with("associationId", self.association_id())
            .with("cidrBlock", self.cidr)
            .child(Element::new("cidrBlockState").with("state", "associated"));
        Element::new("item")
            .with("vpcId", &self.id)
            .with("ownerId", &ec2.account_id)
            .with("state", "available")
            .with("cidrBlock", self.cidr)
            .child(Element::list(
                "cidrBlockAssociationSet",
                "item",
                [association],
            ))
            .with("dhcpOptionsId", dhcp_options::id(&ec2.region))
            .with("instanceTenancy", "default")
            .with("isDefault", self.is_default)
            .children(ec2.tags.element_if_any(&self.id))
    }
}

impl Ec2 {
    /// Adds a VPC with the resources that AWS creates together with it: a default security group, a main route table, a
    /// network ACL. `new_id` creates an id of the kind for a part of the VPC; the VPC itself is the part without a
    /// name.
    pub(super) fn add_vpc(
        &mut self,
        cidr: Cidr,
        is_default: bool,
        new_id: &mut dyn FnMut(ResourceKind, &str) -> String,
    ) -> Vpc {
        let vpc = Vpc::new(new_id(ResourceKind::Vpc, ""), cidr, is_default);
        let group = SecurityGroup::default_of(
            &vpc.id,
            new_id(ResourceKind::SecurityGroup, ""),
            ["ingress", "egress"]
                .map(|direction| new_id(ResourceKind::SecurityGroupRule, direction)),
        );
        self.security_groups.insert(group.id.clone(), group);
        let table = RouteTable::main_of(&vpc.id, new_id(ResourceKind::RouteTable, ""));
        self.route_tables.insert(table.id.clone(), table);
        let acl = NetworkAcl::default_of(&vpc.id, new_id(ResourceKind::NetworkAcl, ""));
        self.network_acls.insert(acl.id.clone(), acl);
        self.vpcs.insert(vpc.id.clone(), vpc.clone());
        vpc
    }

    /// Returns a VPC by its id, or AWS's answer if it does not exist.
    pub(super) fn known_vpc(&self, id: &str) -> Result<&Vpc, ServiceError> {
        self.vpc(id).ok_or_else(|| ResourceKind::Vpc.unknown(id))
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeVpcs")?;
    let page = selection.choose(ec2, context.now, ec2.vpcs.values())?;
    Ok(page.reply("vpcSet", |vpc: &Vpc| vpc.element(ec2)))
}

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let cidr: Cidr = params.required("CidrBlock")?.parse()?;
    attribute::refuse_tenancy(params)?;
    // A VPC here has no IPv6 block; a call may say that it needs none.
    if params.parsed("AmazonProvidedIpv6CidrBlock")? == Some(true) {
        return Err(ServiceError::unsupported(
            "the parameter AmazonProvidedIpv6CidrBlock of CreateVpc",
        ));
    }
    let tags = TagSpecifications::read(params, &[ResourceKind::Vpc])?;
    params.refuse_unread("CreateVpc")?;
    if !(16..=28).contains(&cidr.prefix()) {
        let message = format!("The CIDR '{cidr}' is invalid.");
        return Err(ServiceError::new(Code::InvalidVpcRange, message));
    }
    context.quotas.admit(Quota::Vpcs, ec2.vpcs.len() + 1)?;
    let rng = &mut *context.rng;
    let vpc = ec2.add_vpc(cidr, false, &mut |kind, _| kind.new_id(rng));
    ec2.tags.attach(&vpc.id, tags.of(ResourceKind::Vpc));
    Ok(Reply::xml(
        Element::new("reply").child(vpc.element(ec2).renamed("vpc")),
    ))
}

pub(crate) fn delete(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("VpcId")?;
    params.refuse_unread("DeleteVpc")?;
    ec2.known_vpc(&id)?;
    let has_interface = ec2
        .interfaces
        .values()
        .any(|interface| interface.vpc == id && interface.exists(context.now));
    let has_group = ec2
        .security_groups
        .values()
        .any(|group| group.vpc == id && !group.is_default());
    let has_gateway = ec2.gateway_of(&id).is_some();
    let has_table = ec2
        .route_tables
        .values()
        .any(|table| table.vpc == id && !table.is_main());
    let has_endpoint = ec2
        .vpc_endpoints
        .values()
        .any(|endpoint| endpoint.vpc == id && !endpoint.is_gone(context.now));
    let has_subnet = ec2.subnets.values().any(|subnet| subnet.vpc == id);
    let has_part = has_subnet || has_interface || has_group || has_gateway || has_table;
    if has_part || has_endpoint {
        let message = format!("The vpc '{id}' has dependencies and cannot be deleted.");
        return Err(ServiceError::new(Code::DependencyViolation, message));
    }
    // EC2 reference: the default group, the main route table and the network ACL are deleted with their VPC.
    let mut gone = vec![id.clone()];
    ec2.security_groups.retain(|group_id, group| {
        if group.vpc == id {
            gone.push(group_id.clone());
            gone.extend(group.rules.iter().map(|rule| rule.id.clone()));
        }
        group.vpc != id
    });
    ec2.route_tables.retain(|table_id, table| {
        if table.vpc == id {
            gone.push(table_id.clone());
        }
        table.vpc != id
    });
    ec2.network_acls.retain(|acl_id, acl| {
        if acl.vpc == id {
            gone.push(acl_id.clone());
        }
        acl.vpc != id
    });
    ec2.vpcs.remove(&id);
    for id in gone {
        ec2.tags.remove(&id);
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}
