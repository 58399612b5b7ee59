//! Amazon CloudFront: distributions and VPC origins, and the conditions under which they may be changed.

#[cfg(feature = "traffic")]
pub(crate) mod at_edges;
mod behavior;
mod certificate;
mod config;
mod distribution;
mod error_code;
mod etag;
mod invalidation;
mod managed_policy;
mod operations;
mod origin;
mod paging;
mod policy;
mod schema;
mod settings;
mod shape;
mod tags;
mod vpc_origin;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::distribution::Distribution;
pub(crate) use self::error_code::{Code, ERROR_CODES};
pub(crate) use self::operations::OPERATIONS;
use self::shape::invalid_argument;
use self::vpc_origin::VpcOrigin;
use super::account::Region;
use super::context::RequestContext;
use super::resource::{Resource, ResourceState};
use super::timings::Step;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The region of the certificates of distributions, whatever the region of the call.
const CERTIFICATES: &str = "us-east-1";

/// The account's distributions and VPC origins by id. CloudFront has no regions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CloudFront {
    distributions: BTreeMap<String, Distribution>,
    #[serde(default)]
    vpc_origins: BTreeMap<String, VpcOrigin>,
}

impl CloudFront {
    /// Returns the resources that exist and are not being deleted. A distribution is gone as soon as its deletion is
    /// accepted, so the time does not matter.
    pub(crate) fn inventory(&self, _: Timestamp) -> Vec<Resource> {
        let distributions = self.distributions.keys();
        let distributions = distributions.map(|id| Resource::new("CloudFront::Distribution", id));
        let vpc_origins = self.vpc_origins.iter();
        let vpc_origins = vpc_origins
            .filter(|(_, origin)| !origin.is_being_deleted())
            .map(|(id, _)| Resource::new("CloudFront::VpcOrigin", id));
        distributions.chain(vpc_origins).collect()
    }

    /// Returns the states of the resources that have one.
    pub(crate) fn states(&self, now: Timestamp) -> impl Iterator<Item = ResourceState> {
        let distributions = self.distributions.iter().map(move |(id, distribution)| {
            Resource::new("CloudFront::Distribution", id).in_state(distribution.status(now))
        });
        let existing = self.vpc_origins.iter();
        let existing = existing.filter(move |(_, origin)| !origin.is_gone(now));
        let vpc_origins = existing.map(move |(id, origin)| {
            Resource::new("CloudFront::VpcOrigin", id).in_state(origin.status(now))
        });
        distributions.chain(vpc_origins)
    }

    /// Returns true if a VPC origin leads to a load balancer.
    pub(crate) fn leads_to(&self, load_balancer: &str, now: Timestamp) -> bool {
        let mut origins = self.vpc_origins.values();
        origins.any(|origin| origin.leads_to(load_balancer) && !origin.is_gone(now))
    }

    /// Returns the ARNs of the distributions that show viewers a certificate.
    pub(crate) fn with_certificate(&self, arn: &str, account_id: &str) -> Vec<String> {
        let using = self.distributions.values();
        let using = using.filter(|distribution| distribution.has_certificate(arn));
        using
            .map(|distribution| distribution.arn_of(account_id))
            .collect()
    }

    /// Returns the certificates that distributions show, each with the ARN of the distribution.
    fn certificate_uses(&self, account_id: &str) -> BTreeSet<(String, String)> {
        let distributions = self.distributions.values();
        let uses = distributions.filter_map(|distribution| {
            let arn = distribution.certificate_arn()?;
            Some((arn.to_owned(), distribution.arn_of(account_id)))
        });
        uses.collect()
    }

    /// Returns true if there is a distribution of that domain name that answers to an alternate name.
    pub(crate) fn answers(&self, domain_name: &str, alternate_name: &str) -> bool {
        let mut distributions = self.distributions.values();
        distributions.any(|distribution| distribution.answers(domain_name, alternate_name))
    }

    fn distribution(&self, id: &str) -> Result<&Distribution, ServiceError> {
        self.distributions.get(id).ok_or_else(|| {
            ServiceError::new(
                Code::NoSuchDistribution,
                "The specified distribution does not exist.",
            )
        })
    }
}

pub(crate) fn answer(
    cloudfront: &mut CloudFront,
    regions: &mut BTreeMap<String, Region>,
    context: &mut RequestContext<'_>,
    operation: &str,
    input: &mut Input,
) -> Result<Reply, ServiceError> {
    cloudfront
        .vpc_origins
        .retain(|_, origin| !origin.is_gone(context.now));
    let uses = cloudfront.certificate_uses(context.account_id);
    let reply = operations::perform(operation, cloudfront, regions, context, input)?;
    if let Some(region) = regions.get_mut(CERTIFICATES) {
        for (certificate, user) in uses.difference(&cloudfront.certificate_uses(context.account_id))
        {
            let known_until = context.now + context.rng.duration(Step::CertificateReleased);
            region
                .acm
                .release(certificate.clone(), user.clone(), known_until);
        }
    }
    Ok(reply)
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

fn body(input: &Input) -> Result<&Element, ServiceError> {
    input
        .body
        .as_ref()
        .ok_or_else(|| invalid_argument("The request has no body."))
}
