//! Internet gateways.

use serde::{Deserialize, Serialize};

use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InternetGateway {
    pub(super) id: String,
    /// The VPC to which the gateway is attached.
    pub(super) vpc: Option<String>,
}

impl Described for InternetGateway {
    const IDS: Option<&'static str> = Some("InternetGatewayId");
    const FIELDS: &'static [Field<Self>] = &[
        ("attachment.state", |_, _, gateway| {
            gateway.vpc.iter().map(|_| "available".to_owned()).collect()
        }),
        ("attachment.vpc-id", |_, _, gateway| {
            gateway.vpc.iter().cloned().collect()
        }),
        ("internet-gateway-id", |_, _, gateway| {
            vec![gateway.id.clone()]
        }),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::InternetGateway.unknown(id)
    }
}

impl InternetGateway {
    fn element(&self, ec2: &Ec2) -> Element {
        let attachments = self.vpc.iter().map(|vpc| {
            Element::new("item")
                .with("vpcId", vpc)
                .with("state", "available")
        });
        Element::new("item")
            .with("internetGatewayId", &self.id)
            .with("ownerId", &ec2.account_id)
            .child(Element::list("attachmentSet", "item", attachments))
            .child(ec2.tags.element(&self.id))
    }
}

impl Ec2 {
    /// Returns the gateway that is attached to a VPC.
    pub(super) fn gateway_of(&self, vpc: &str) -> Option<&InternetGateway> {
        self.internet_gateways
            .values()
            .find(|gateway| gateway.vpc.as_deref() == Some(vpc))
    }

    /// Returns true if an internet gateway is attached to a VPC.
    pub(crate) fn has_internet_gateway(&self, vpc: &str) -> bool {
        self.gateway_of(vpc).is_some()
    }

    fn known_gateway(&self, id: &str) -> Result<&InternetGateway, ServiceError> {
        self.internet_gateways
            .get(id)
            .ok_or_else(|| ResourceKind::InternetGateway.unknown(id))
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeInternetGateways")?;
    let page = selection.choose(ec2, context.now, ec2.internet_gateways.values())?;
    Ok(
        page.reply("internetGatewaySet", |gateway: &InternetGateway| {
            gateway.element(ec2)
        }),
    )
}

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let tags = TagSpecifications::read(params, &[ResourceKind::InternetGateway])?;
    params.refuse_unread("CreateInternetGateway")?;
    let gateway = InternetGateway {
        id: ResourceKind::InternetGateway.new_id(context.rng),
        vpc: None,
    };
    ec2.tags
        .attach(&gateway.id, tags.of(ResourceKind::InternetGateway));
    let description = gateway.element(ec2).renamed("internetGateway");
    ec2.internet_gateways.insert(gateway.id.clone(), gateway);
    Ok(Reply::xml(Element::new("reply").child(description)))
}

pub(crate) fn attach(ec2: &mut Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let id = params.required("InternetGatewayId")?;
    let vpc = params.required("VpcId")?;
    params.refuse_unread("AttachInternetGateway")?;
    let gateway = ec2.known_gateway(&id)?;
    ec2.known_vpc(&vpc)?;
    if let Some(other) = &gateway.vpc {
        let message = format!("resource {id} is already attached to network {other}");
        return Err(ServiceError::new(Code::ResourceAlreadyAssociated, message));
    }
    if ec2.gateway_of(&vpc).is_some() {
        let message = format!("Network {vpc} already has an internet gateway attached");
        return Err(ServiceError::new(Code::InvalidParameterValue, message));
    }
    if let Some(gateway) = ec2.internet_gateways.get_mut(&id) {
        gateway.vpc = Some(vpc);
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

pub(crate) fn detach(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("InternetGatewayId")?;
    let vpc = params.required("VpcId")?;
    params.refuse_unread("DetachInternetGateway")?;
    let gateway = ec2.known_gateway(&id)?;
    ec2.known_vpc(&vpc)?;
    if gateway.vpc.as_ref() != Some(&vpc) {
        let message = format!("resource {id} is not attached to network {vpc}");
        return Err(ServiceError::new(Code::GatewayNotAttached, message));
    }
    let mut interfaces = ec2
        .interfaces
        .values()
        .filter(|interface| interface.vpc == vpc && interface.exists(context.now));
    if interfaces.any(|interface| ec2.public_address_of(interface, context.now).is_some()) {
        let message = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        );
        return Err(ServiceError::new(Code::DependencyViolation, message));
    }
    if let Some(gateway) = ec2.internet_gateways.get_mut(&id) {
        gateway.vpc = None;
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

pub(crate) fn delete(ec2: &mut Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let id = params.required("InternetGatewayId")?;
    params.refuse_unread("DeleteInternetGateway")?;
    if ec2.known_gateway(&id)?.vpc.is_some() {
        let message = format!("The internetGateway '{id}' has dependencies and cannot be deleted.");
        return Err(ServiceError::new(Code::DependencyViolation, message));
    }
    ec2.internet_gateways.remove(&id);
    ec2.tags.remove(&id);
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}
