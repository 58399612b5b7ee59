//! Regions.

use super::selection::{Described, Field, Selection};
use super::{Code, Ec2};
use crate::sim::catalog;
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// A region that is enabled for every account.
struct Region {
    name: &'static str,
}

impl Described for Region {
    const IDS: Option<&'static str> = Some("RegionName");
    const FIELDS: &'static [Field<Self>] = &[
        ("region-name", |_, _, it| vec![it.name.to_owned()]),
        ("endpoint", |_, _, it| vec![endpoint(it)]),
        ("opt-in-status", |_, _, _| {
            vec!["opt-in-not-required".to_owned()]
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
    // Regions that an account has to opt in to are not among these.
    params.accept("AllRegions");
    let selection = Selection::read(params, "DescribeRegions")?;
    let regions: Vec<Region> = catalog::REGIONS.map(|name| Region { name }).into();
    let page = selection.choose(ec2, context.now, &regions)?;
    Ok(page.reply("regionInfo", |it| {
        Element::new("item")
            .with("regionName", it.name)
            .with("regionEndpoint", endpoint(it))
            .with("optInStatus", "opt-in-not-required")
    }))
}

fn endpoint(region: &Region) -> String {
    format!("ec2.{}.amazonaws.com", region.name)
}
