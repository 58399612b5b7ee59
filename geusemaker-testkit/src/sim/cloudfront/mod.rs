//! Amazon CloudFront: distributions, and the conditions under which they may be changed.

mod behavior;
mod certificate;
mod config;
mod distribution;
mod error_code;
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

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::distribution::Distribution;
pub(crate) use self::error_code::{Code, ERROR_CODES};
pub(crate) use self::operations::OPERATIONS;
use self::shape::invalid_argument;
use super::acm::Acm;
use super::context::RequestContext;
use super::resource::{Resource, ResourceState};
use super::timings::Step;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The account's distributions by id. CloudFront has no regions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CloudFront {
    distributions: BTreeMap<String, Distribution>,
}

impl CloudFront {
    /// Returns the existing resources. A distribution is gone as soon as its deletion is accepted, so the time does not
    /// matter.
    pub(crate) fn inventory(&self, _: Timestamp) -> Vec<Resource> {
        self.distributions
            .keys()
            .map(|id| Resource::new("CloudFront::Distribution", id))
            .collect()
    }

    /// Returns the states of the resources that have one.
    pub(crate) fn states(&self, now: Timestamp) -> impl Iterator<Item = ResourceState> {
        self.distributions.iter().map(move |(id, distribution)| {
            Resource::new("CloudFront::Distribution", id).in_state(distribution.status(now))
        })
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
    certificates: Option<&mut Acm>,
    context: &mut RequestContext<'_>,
    operation: &str,
    input: &mut Input,
) -> Result<Reply, ServiceError> {
    let mut none = Acm::default();
    let certificates = certificates.unwrap_or(&mut none);
    let uses = cloudfront.certificate_uses(context.account_id);
    let reply = operations::perform(operation, cloudfront, certificates, context, input)?;
    for (certificate, user) in uses.difference(&cloudfront.certificate_uses(context.account_id)) {
        let known_until = context.now + context.rng.duration(Step::CertificateReleased);
        certificates.release(certificate.clone(), user.clone(), known_until);
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
