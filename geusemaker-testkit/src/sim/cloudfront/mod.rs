//! Amazon CloudFront: distributions, and the care that changing one takes.

mod config;
mod distribution;
mod policy;
mod schema;
mod shape;
mod tags;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::distribution::Distribution;
use super::moment::Moment;
use super::resource::Resource;
use crate::wire::rest_xml::Input;
use crate::wire::{Reply, ServiceError};

/// The account's distributions by id. CloudFront has no regions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CloudFront {
    distributions: BTreeMap<String, Distribution>,
}

impl CloudFront {
    /// What exists. A distribution is gone as soon as it may be deleted and is, so the time makes no difference.
    pub(crate) fn inventory(&self, _: Timestamp) -> Vec<Resource> {
        self.distributions
            .keys()
            .map(|id| Resource::new("CloudFront::Distribution", id))
            .collect()
    }

    fn distribution(&self, id: &str) -> Result<&Distribution, ServiceError> {
        self.distributions.get(id).ok_or_else(|| {
            ServiceError::new(
                "NoSuchDistribution",
                "The specified distribution does not exist.",
            )
            .status(404)
        })
    }
}

pub(crate) fn answer(
    cloudfront: &mut CloudFront,
    moment: &mut Moment<'_>,
    operation: &str,
    input: &mut Input,
) -> Result<Reply, ServiceError> {
    match operation {
        "CreateDistribution" => distribution::create(cloudfront, moment, input),
        "CreateDistributionWithTags" => distribution::create_with_tags(cloudfront, moment, input),
        "GetDistribution" => distribution::get(cloudfront, moment, input),
        "GetDistributionConfig" => distribution::get_config(cloudfront, input),
        "UpdateDistribution" => distribution::update(cloudfront, moment, input),
        "DeleteDistribution" => distribution::delete(cloudfront, moment, input),
        "ListDistributions" => distribution::list(cloudfront, moment, input),
        "ListTagsForResource" => tags::list(cloudfront, moment, input),
        _ => Err(ServiceError::unsupported(format_args!(
            "cloudfront {operation}"
        ))),
    }
}

/// Refuses a query parameter that the operation would ignore.
fn refuse_other_query(input: &Input, known: &[&str]) -> Result<(), ServiceError> {
    match input
        .query
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        Some(name) => Err(ServiceError::unsupported(format_args!(
            "the parameter {name}"
        ))),
        None => Ok(()),
    }
}
