//! The managed prefix lists of AWS, as far as security groups and route tables here can name them.

use super::Ec2;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::validation::invalid;
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// Blocks that CloudFront has published as origin-facing.
const ORIGIN_FACING: &[&str] = &[
    "120.52.22.96/27",
    "130.176.0.0/17",
    "130.176.128.0/18",
    "15.158.0.0/16",
    "205.251.249.0/24",
    "64.252.128.0/18",
];

/// Blocks of Amazon S3 in us-east-1; other regions have others.
const S3: &[&str] = &[
    "3.5.0.0/19",
    "16.182.0.0/16",
    "52.216.0.0/15",
    "54.231.0.0/16",
];

/// Blocks of Amazon DynamoDB in us-east-1; other regions have others.
const DYNAMODB: &[&str] = &["3.218.182.0/24", "35.71.64.0/22", "52.94.0.0/22"];

pub(crate) struct PrefixList {
    pub(crate) id: String,
    pub(super) name: String,
    /// The number of rules that the list counts for in a security group.
    pub(crate) weight: u32,
    /// A part of its blocks: the real lists are longer, and change.
    entries: &'static [&'static str],
}

/// Returns the lists of a region.
pub(crate) fn prefix_lists(region: &str) -> Vec<PrefixList> {
    // The ids of us-east-1 are known. Each other region has its own ids, here with eight digits, as older ids have.
    let list = |name: String, known_id: &str, weight, entries| {
        let id = if region == "us-east-1" {
            known_id.to_owned()
        } else {
            let mut id = ResourceKind::PrefixList.fixed_id(&format!("{region} {name}"));
            id.truncate("pl-".len() + 8);
            id
        };
        PrefixList {
            id,
            name,
            weight,
            entries,
        }
    };
    let cloudfront = "com.amazonaws.global.cloudfront.origin-facing".to_owned();
    vec![
        // VPC User Guide: the weights of AWS-managed prefix lists.
        list(cloudfront, "pl-3b927c52", 55, ORIGIN_FACING),
        list(
            format!("com.amazonaws.{region}.dynamodb"),
            "pl-02cd2c6b",
            1,
            DYNAMODB,
        ),
        list(format!("com.amazonaws.{region}.s3"), "pl-63a5400a", 1, S3),
    ]
}

#[cfg(feature = "traffic")]
impl PrefixList {
    /// Returns the blocks that are known here.
    pub(super) fn blocks(&self) -> impl Iterator<Item = super::cidr::Cidr> {
        self.entries.iter().filter_map(|block| block.parse().ok())
    }

    /// Returns true for the addresses from which CloudFront connects to origins.
    pub(super) fn is_of_cloudfront(&self) -> bool {
        self.name.contains("cloudfront")
    }
}

impl Described for PrefixList {
    const IDS: Option<&'static str> = Some("PrefixListId");
    const PAGE_SIZES: std::ops::RangeInclusive<usize> = 1..=100;
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
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeManagedPrefixLists")?;
    let lists = prefix_lists(context.region);
    let page = selection.choose(ec2, context.now, &lists)?;
    Ok(page.reply("prefixListSet", |list: &PrefixList| {
        let (partition, region) = (context.partition(), context.region);
        let arn = format!("arn:{partition}:ec2:{region}:aws:prefix-list/{}", list.id);
        Element::new("item")
            .with("prefixListId", &list.id)
            .with("prefixListName", &list.name)
            .with("prefixListArn", arn)
            .with("addressFamily", "IPv4")
            .with("state", "create-complete")
            .with("ownerId", "AWS")
    }))
}

/// Answers DescribePrefixLists, which is older: it shows the lists of gateway endpoints with their blocks.
pub(crate) fn describe_services(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribePrefixLists")?;
    let mut lists = prefix_lists(context.region);
    lists.retain(|list| !list.name.starts_with("com.amazonaws.global."));
    let page = selection.choose(ec2, context.now, &lists)?;
    Ok(page.reply("prefixListSet", |list: &PrefixList| {
        let blocks = list
            .entries
            .iter()
            .map(|block| Element::leaf("item", block));
        Element::new("item")
            .with("prefixListId", &list.id)
            .with("prefixListName", &list.name)
            .child(Element::list("cidrSet", "item", blocks))
    }))
}

/// Answers GetManagedPrefixListEntries.
pub(crate) fn entries(
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("PrefixListId")?;
    let limit = params.parsed("MaxResults")?.unwrap_or(100);
    let start = match params.optional("NextToken") {
        Some(token) => token
            .parse()
            .map_err(|_| invalid("Unable to parse pagination token."))?,
        None => 0,
    };
    params.refuse_unread("GetManagedPrefixListEntries")?;
    if !(1..=100).contains(&limit) {
        return Err(invalid(&format!(
            "Value ( {limit} ) for parameter maxResults is invalid."
        )));
    }
    let lists = prefix_lists(context.region);
    let list = lists
        .iter()
        .find(|list| list.id == id)
        .ok_or_else(|| ResourceKind::PrefixList.unknown(&id))?;
    let blocks = list.entries.iter().skip(start).take(limit);
    let items = blocks.map(|block| Element::new("item").with("cidr", block));
    let end = limit.saturating_add(start);
    let next = (end < list.entries.len()).then_some(end);
    Ok(Reply::xml(
        Element::new("reply")
            .child(Element::list("entrySet", "item", items))
            .with_some("nextToken", next),
    ))
}
