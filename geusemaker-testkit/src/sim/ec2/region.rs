//! Regions.

use super::selection::{Described, Field, Selection};
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::sim::partition::Partition;
use crate::sim::regions;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// A region as an account sees it.
struct Region {
    name: &'static str,
    opt_in_status: &'static str,
}

impl Described for Region {
    const IDS: Option<&'static str> = Some("RegionName");
    const FIELDS: &'static [Field<Self>] = &[
        ("region-name", |_, _, it| vec![it.name.to_owned()]),
        ("endpoint", |_, _, it| vec![endpoint(it)]),
        ("opt-in-status", |_, _, it| {
            vec![it.opt_in_status.to_owned()]
        }),
    ];

    fn handle(&self) -> &str {
        self.name
    }

    fn unknown(name: &str) -> ServiceError {
        let message = format!("Invalid region name: [{name}]");
        ServiceError::new(Code::InvalidParameterValue, message)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let lists_all = params.parsed("AllRegions")? == Some(true);
    let selection = Selection::read(params, "DescribeRegions")?;
    let partition = Partition::of(context.region);
    let regions: Vec<Region> = regions::regions()
        .iter()
        .filter(|region| region.partition == partition)
        .filter(|region| lists_all || context.opt_ins.allow(region))
        .map(|region| Region {
            name: &region.name,
            opt_in_status: match region.is_opt_in {
                false => "opt-in-not-required",
                true if context.opt_ins.allow(region) => "opted-in",
                true => "not-opted-in",
            },
        })
        .collect();
    let page = selection.choose(ec2, context.now, &regions)?;
    Ok(page.reply("regionInfo", |it| {
        Element::new("item")
            .with("regionName", it.name)
            .with("regionEndpoint", endpoint(it))
            .with("optInStatus", it.opt_in_status)
    }))
}

fn endpoint(region: &Region) -> String {
    let suffix = Partition::of(region.name).dns_suffix();
    format!("ec2.{}.{suffix}", region.name)
}
