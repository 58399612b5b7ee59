//! The attributes of the account. Few of them are left.

use super::Ec2;
use super::validation::invalid;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn describe(ec2: &Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let names = params.list("AttributeName");
    params.refuse_unread("DescribeAccountAttributes")?;
    let default_vpc = ec2.vpcs.values().find(|vpc| vpc.is_default);
    // EC2 reference: the attributes that AWS still answers, although their limits have moved to the service quotas.
    let attributes = [
        ("supported-platforms", "VPC".to_owned()),
        ("vpc-max-security-groups-per-interface", "5".to_owned()),
        ("max-elastic-ips", "5".to_owned()),
        ("max-instances", "20".to_owned()),
        ("vpc-max-elastic-ips", "5".to_owned()),
        (
            "default-vpc",
            default_vpc.map_or_else(|| "none".to_owned(), |vpc| vpc.id.clone()),
        ),
    ];
    for name in &names {
        if !attributes.iter().any(|(known, _)| known == name) {
            return Err(invalid(&format!(
                "Value ({name}) for parameter attributeName is invalid."
            )));
        }
    }
    let chosen = attributes
        .iter()
        .filter(|(name, _)| names.is_empty() || names.iter().any(|it| it == name));
    let items = chosen.map(|(name, value)| {
        let value = Element::new("item").with("attributeValue", value);
        Element::new("item")
            .with("attributeName", name)
            .child(Element::list("attributeValueSet", "item", [value]))
    });
    let set = Element::list("accountAttributeSet", "item", items);
    Ok(Reply::xml(Element::new("reply").child(set)))
}
