//! DHCP options: the one set that a region has from the start, used by every VPC.

use super::Ec2;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// Returns the id of a region's set.
pub(super) fn id(region: &str) -> String {
    ResourceKind::DhcpOptions.fixed_id(region)
}

pub(super) struct DhcpOptions {
    id: String,
    /// The options' names, each with its one value.
    options: [(&'static str, String); 2],
}

impl DhcpOptions {
    fn of(region: &str) -> Self {
        let domain = match region {
            "us-east-1" => "ec2.internal".to_owned(),
            region => format!("{region}.compute.internal"),
        };
        Self {
            id: id(region),
            options: [
                ("domain-name", domain),
                ("domain-name-servers", "AmazonProvidedDNS".to_owned()),
            ],
        }
    }
}

impl Described for DhcpOptions {
    const IDS: Option<&'static str> = Some("DhcpOptionsId");
    const FIELDS: &'static [Field<Self>] = &[
        ("dhcp-options-id", |_, _, set| vec![set.id.clone()]),
        ("key", |_, _, set| {
            set.options.iter().map(|(key, _)| (*key).into()).collect()
        }),
        ("value", |_, _, set| {
            set.options.iter().map(|(_, value)| value.clone()).collect()
        }),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::DhcpOptions.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeDhcpOptions")?;
    let sets = [DhcpOptions::of(context.region)];
    let page = selection.choose(ec2, context.now, &sets)?;
    Ok(page.reply("dhcpOptionsSet", |set: &DhcpOptions| {
        let options = set.options.iter().map(|(key, value)| {
            let values = [Element::new("item").with("value", value)];
            Element::new("item")
                .with("key", key)
                .child(Element::list("valueSet", "item", values))
        });
        Element::new("item")
            .with("dhcpOptionsId", &set.id)
            .with("ownerId", &ec2.account_id)
            .child(Element::list("dhcpConfigurationSet", "item", options))
            .child(ec2.tags.element(&set.id))
    }))
}
