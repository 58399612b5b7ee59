//! The managed prefix lists of AWS, as far as security groups here can name them.

use super::Ec2;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use crate::sim::moment::Moment;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) struct PrefixList {
    pub(crate) id: String,
    name: String,
    /// How many rules it counts as in a security group.
    pub(crate) weight: u32,
}

/// The lists of a region.
pub(crate) fn prefix_lists(region: &str) -> Vec<PrefixList> {
    let name = "com.amazonaws.global.cloudfront.origin-facing";
    let id = if region == "us-east-1" {
        "pl-3b927c52".to_owned()
    } else {
        // Each region has an id of its own: the eight digits of older ids.
        let mut id = ResourceKind::PrefixList.fixed_id(&format!("{region} {name}"));
        id.truncate("pl-".len() + 8);
        id
    };
    vec![PrefixList {
        id,
        name: name.to_owned(),
        // VPC user guide: the list has a weight of 55.
        weight: 55,
    }]
}

impl Described for PrefixList {
    const IDS: Option<&'static str> = Some("PrefixListId");
    const FIELDS: &'static [Field<Self>] = &[
        ("prefix-list-id", |_, _, list| vec![list.id.clone()]),
        ("prefix-list-name", |_, _, list| vec![list.name.clone()]),
        ("owner-id", |_, _, _| vec!["AWS".to_owned()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::PrefixList.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeManagedPrefixLists")?;
    let lists = prefix_lists(moment.region);
    let page = selection.choose(ec2, moment.now, &lists)?;
    Ok(page.reply("prefixListSet", |list| {
        let arn = format!("arn:aws:ec2:{}:aws:prefix-list/{}", moment.region, list.id);
        Element::new("item")
            .with("prefixListId", &list.id)
            .with("prefixListName", &list.name)
            .with("prefixListArn", arn)
            .with("addressFamily", "IPv4")
            .with("state", "create-complete")
            .with("ownerId", "AWS")
    }))
}
