//! The attributes of VPCs: name resolution, and public names of instances.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::Vpc;
use crate::sim::ec2::instance::description::public_dns_name;
use crate::sim::ec2::validation::{invalid, one_of};
use crate::sim::ec2::{Code, Ec2};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The attributes that a call has set; the others have their initial values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VpcAttributes {
    dns_support: Option<bool>,
    dns_hostnames: Option<bool>,
    address_usage_metrics: Option<bool>,
}

impl Vpc {
    pub(in crate::sim::ec2) fn has_dns_support(&self) -> bool {
        self.attributes.dns_support.unwrap_or(true)
    }

    /// Returns true if instances get public names. VPC User Guide: by default only in the default VPC.
    pub(in crate::sim::ec2) fn has_dns_hostnames(&self) -> bool {
        self.attributes.dns_hostnames.unwrap_or(self.is_default)
    }
}

impl Ec2 {
    /// Returns the public name of an address, in a VPC that gives names to addresses.
    pub(in crate::sim::ec2) fn public_name(&self, vpc: &str, address: Ipv4Addr) -> Option<String> {
        self.vpc(vpc)
            .filter(|vpc| vpc.has_dns_support() && vpc.has_dns_hostnames())
            .map(|_| public_dns_name(self, address))
    }
}

pub(crate) fn describe(ec2: &Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let id = params.required("VpcId")?;
    let attribute = params.required("Attribute")?;
    params.refuse_unread("DescribeVpcAttribute")?;
    let vpc = ec2.known_vpc(&id)?;
    let value = match attribute.as_str() {
        "enableDnsSupport" => vpc.has_dns_support(),
        "enableDnsHostnames" => vpc.has_dns_hostnames(),
        "enableNetworkAddressUsageMetrics" => vpc.attributes.address_usage_metrics == Some(true),
        other => {
            return Err(invalid(&format!(
                "Value ({other}) for parameter attribute is invalid. Unknown attribute."
            )));
        }
    };
    Ok(Reply::xml(
        Element::new("reply")
            .with("vpcId", id)
            .child(Element::new(attribute).with("value", value)),
    ))
}

pub(crate) fn modify(ec2: &mut Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let id = params.required("VpcId")?;
    let changed = VpcAttributes {
        dns_support: params.parsed("EnableDnsSupport.Value")?,
        dns_hostnames: params.parsed("EnableDnsHostnames.Value")?,
        address_usage_metrics: params.parsed("EnableNetworkAddressUsageMetrics.Value")?,
    };
    params.refuse_unread("ModifyVpcAttribute")?;
    ec2.known_vpc(&id)?;
    // EC2 reference: one request cannot change both DNS attributes.
    if changed.dns_support.is_some() && changed.dns_hostnames.is_some() {
        let message =
            "Fields enableDnsSupport and enableDnsHostnames may not be specified together";
        return Err(ServiceError::new(
            Code::InvalidParameterCombination,
            message,
        ));
    }
    if let Some(vpc) = ec2.vpcs.get_mut(&id) {
        let VpcAttributes {
            dns_support,
            dns_hostnames,
            address_usage_metrics,
        } = changed;
        let attributes = &mut vpc.attributes;
        attributes.dns_support = dns_support.or(attributes.dns_support);
        attributes.dns_hostnames = dns_hostnames.or(attributes.dns_hostnames);
        attributes.address_usage_metrics =
            address_usage_metrics.or(attributes.address_usage_metrics);
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

/// Refuses any tenancy other than the default one, because instances here have no other.
pub(super) fn refuse_tenancy(params: &mut Params) -> Result<(), ServiceError> {
    let tenancy = one_of(params, "InstanceTenancy", &["default", "dedicated", "host"])?;
    match tenancy.as_deref() {
        None | Some("default") => Ok(()),
        Some(other) => Err(ServiceError::unsupported(format_args!(
            "the instance tenancy {other}"
        ))),
    }
}
