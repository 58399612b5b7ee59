//! Distributions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::Config;
use super::invalidation::Invalidation;
use super::paging::{self, Paging};
use super::policy::Kind;
use super::shape::invalid_argument;
use super::tags::Tags;
use super::{CloudFront, Code, body, certificate, etag, refuse_other_query, vpc_origin};
use crate::sim::account::Region;
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::sim::timings::Step;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Distribution {
    id: String,
    domain_name: String,
    config: Config,
    /// The configuration that the edge locations have until the last change has reached them; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Config>,
    /// Changes with each update. A caller has to know it to change or delete the distribution.
    etag: String,
    pub(super) tags: Tags,
    /// In order of creation.
    #[serde(default)]
    pub(super) invalidations: Vec<Invalidation>,
    modified_at: Timestamp,
    /// The time at which the last change has reached every edge location.
    deployed_at: Timestamp,
}

impl Distribution {
    /// Returns true if the distribution reaches a VPC origin.
    pub(super) fn has_vpc_origin(&self, id: &str) -> bool {
        self.config.vpc_origins().any(|origin| origin == id)
    }

    pub(super) fn arn(&self, context: &RequestContext<'_>) -> String {
        self.arn_of(context.account_id)
    }

    /// Returns the ARN in that account.
    pub(super) fn arn_of(&self, account_id: &str) -> String {
        format!("arn:aws:cloudfront::{account_id}:distribution/{}", self.id)
    }

    /// Returns true if viewers see that certificate.
    pub(super) fn has_certificate(&self, arn: &str) -> bool {
        self.certificate_arn() == Some(arn)
    }

    /// Returns the ARN of the certificate that viewers see, unless it is CloudFront's own.
    pub(super) fn certificate_arn(&self) -> Option<&str> {
        self.config.certificate_arn()
    }

    /// Returns true if this is the distribution of that domain name, and it has the alternate name. A wildcard among
    /// its names stands for one label.
    pub(super) fn answers(&self, domain_name: &str, alternate_name: &str) -> bool {
        let parent = alternate_name.split_once('.').map(|(_, parent)| parent);
        let is_name = |alias: &str| {
            alias == alternate_name
                || (alias.strip_prefix("*.").is_some() && alias.strip_prefix("*.") == parent)
        };
        self.domain_name == domain_name
            && self
                .config
                .aliases()
                .any(|alias| is_name(&alias.to_ascii_lowercase()))
    }

    #[cfg(feature = "traffic")]
    pub(super) fn domain_name(&self) -> &str {
        &self.domain_name
    }

    /// Returns the configurations that edge locations have or will have, each with the time from which it is in force.
    #[cfg(feature = "traffic")]
    pub(super) fn configs(&self) -> impl Iterator<Item = (Timestamp, &Element)> {
        let previous = self.previous.iter();
        let previous = previous.map(|config| (Timestamp::MIN, config.element()));
        previous.chain([(self.deployed_at, self.config.element())])
    }

    /// Returns the configuration that the edge locations have; none until the first is deployed.
    pub(super) fn in_force(&self, now: Timestamp) -> Option<&Config> {
        if self.is_deployed(now) {
            Some(&self.config)
        } else {
            self.previous.as_ref()
        }
    }

    /// Returns true if one of the distribution's cache behaviors has the policy.
    pub(super) fn uses(&self, kind: Kind, policy: &str) -> bool {
        self.config.has_behavior_with(kind.member(), policy)
    }

    fn is_deployed(&self, now: Timestamp) -> bool {
        self.deployed_at <= now
    }

    pub(super) fn status(&self, now: Timestamp) -> &'static str {
        if self.is_deployed(now) {
            "Deployed"
        } else {
            "InProgress"
        }
    }

    fn element(&self, context: &RequestContext<'_>) -> Element {
        let nobody = |name: &str| {
            Element::new(name)
                .with("Enabled", false)
                .with("Quantity", 0)
        };
        let in_progress = self
            .invalidations
            .iter()
            .filter(|invalidation| invalidation.is_in_progress(context.now));
        Element::new("Distribution")
            .with("Id", &self.id)
            .with("ARN", self.arn(context))
            .with("Status", self.status(context.now))
            .with("LastModifiedTime", self.modified_at)
            .with("InProgressInvalidationBatches", in_progress.count())
            .with("DomainName", &self.domain_name)
            .child(nobody("ActiveTrustedSigners"))
            .child(nobody("ActiveTrustedKeyGroups"))
            .child(self.config.element().clone())
    }

    /// Returns the distribution as ListDistributions shows it: less than the configuration, and in particular without
    /// the caller reference.
    fn summary(&self, context: &RequestContext<'_>) -> Element {
        let unlisted = [
            "CallerReference",
            "ContinuousDeploymentPolicyId",
            "DefaultRootObject",
            "Logging",
        ];
        let config = self.config.element().elements().iter();
        Element::new("DistributionSummary")
            .with("Id", &self.id)
            .with("ARN", self.arn(context))
            .with("ETag", &self.etag)
            .with("Status", self.status(context.now))
            .with("LastModifiedTime", self.modified_at)
            .with("DomainName", &self.domain_name)
            .children(
                config
                    .filter(|child| !unlisted.contains(&child.name()))
                    .cloned(),
            )
    }

    fn reply(&self, context: &RequestContext<'_>) -> Reply {
        Reply::xml(self.element(context)).header("etag", &self.etag)
    }
}

pub(super) fn create(
    cloudfront: &mut CloudFront,
    regions: &BTreeMap<String, Region>,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let config = Config::parse(body(input)?)?;
    create_from(cloudfront, regions, context, config, Tags::default())
}

pub(super) fn create_with_tags(
    cloudfront: &mut CloudFront,
    regions: &BTreeMap<String, Region>,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &["WithTags"])?;
    let body = body(input)?;
    let member = |name: &str| {
        body.find(name)
            .ok_or_else(|| invalid_argument(format!("The parameter {name} is required.")))
    };
    let config = Config::parse(member("DistributionConfig")?)?;
    let tags = Tags::parse(member("Tags")?)?;
    create_from(cloudfront, regions, context, config, tags)
}

fn create_from(
    cloudfront: &mut CloudFront,
    regions: &BTreeMap<String, Region>,
    context: &mut RequestContext<'_>,
    config: Config,
    tags: Tags,
) -> Result<Reply, ServiceError> {
    let same_reference =
        |other: &&Distribution| other.config.caller_reference() == config.caller_reference();
    // The CloudFront model: the reference of a live distribution is refused, even with the same configuration.
    if let Some(other) = cloudfront.distributions.values().find(same_reference) {
        let message = format!(
            "The caller reference that you are using to create a distribution is associated with another distribution. Already exists: {}",
            other.id
        );
        return Err(ServiceError::new(Code::DistributionAlreadyExists, message));
    }
    certificate::check(&config, regions, context)?;
    vpc_origin::check_used(cloudfront, &config, context.now)?;
    refuse_taken_names(cloudfront, &config, None)?;
    let distributions = cloudfront.distributions.len();
    context
        .quotas
        .admit(Quota::Distributions, distributions + 1)?;
    let distribution = Distribution {
        id: format!("E{}", context.rng.upper(13)),
        domain_name: format!("d{}.cloudfront.net", context.rng.upper(13).to_lowercase()),
        config,
        previous: None,
        etag: etag::new(context),
        tags,
        invalidations: Vec::new(),
        modified_at: context.now,
        deployed_at: context.now + context.duration(Step::DistributionDeployed),
    };
    let location = format!(
        "https://cloudfront.amazonaws.com/2020-05-31/distribution/{}",
        distribution.id
    );
    let reply = distribution
        .reply(context)
        .status(201)
        .header("location", location);
    cloudfront
        .distributions
        .insert(distribution.id.clone(), distribution);
    Ok(reply)
}

/// Refuses alternate names that another distribution has. At AWS a name belongs to one distribution of all accounts;
/// here there is only one account.
fn refuse_taken_names(
    cloudfront: &CloudFront,
    config: &Config,
    own: Option<&String>,
) -> Result<(), ServiceError> {
    let is_taken = |name: &str| {
        cloudfront.distributions.values().any(|other| {
            Some(&other.id) != own && other.config.aliases().any(|taken| taken == name)
        })
    };
    if config.aliases().any(is_taken) {
        let message = "One or more of the CNAMEs you provided are already associated with a different resource.";
        return Err(ServiceError::new(Code::CNAMEAlreadyExists, message));
    }
    Ok(())
}

pub(super) fn get(
    cloudfront: &CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    Ok(cloudfront.distribution(id(input))?.reply(context))
}

pub(super) fn get_config(cloudfront: &CloudFront, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let distribution = cloudfront.distribution(id(input))?;
    let reply = Reply::xml(distribution.config.element().clone());
    Ok(reply.header("etag", &distribution.etag))
}

pub(super) fn update(
    cloudfront: &mut CloudFront,
    regions: &BTreeMap<String, Region>,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let old = cloudfront.distribution(id(input))?;
    etag::check_match(&old.etag, input.if_match.as_deref())?;
    let config = Config::parse(body(input)?)?;
    if config.caller_reference() != old.config.caller_reference() {
        return Err(ServiceError::new(
            Code::IllegalUpdate,
            "The update contains modifications that are not allowed.",
        ));
    }
    certificate::check(&config, regions, context)?;
    vpc_origin::check_used(cloudfront, &config, context.now)?;
    refuse_taken_names(cloudfront, &config, Some(&old.id))?;
    // An update during another one is accepted; AWS does not say that it refuses this.
    let new = Distribution {
        config,
        previous: old.in_force(context.now).cloned(),
        etag: etag::new(context),
        modified_at: context.now,
        deployed_at: context.now + context.duration(Step::DistributionDeployed),
        ..old.clone()
    };
    let reply = new.reply(context);
    cloudfront.distributions.insert(new.id.clone(), new);
    Ok(reply)
}

pub(super) fn delete(
    cloudfront: &mut CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let distribution = cloudfront.distribution(id(input))?;
    etag::check_match(&distribution.etag, input.if_match.as_deref())?;
    // Disabling the distribution is not enough: the change must also have reached the edge locations.
    if distribution.config.is_enabled() || !distribution.is_deployed(context.now) {
        let message = "The distribution you are trying to delete has not been disabled.";
        return Err(ServiceError::new(Code::DistributionNotDisabled, message));
    }
    cloudfront.distributions.remove(id(input));
    Ok(Reply::empty().status(204))
}

pub(super) fn list(
    cloudfront: &CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &paging::PARAMETERS)?;
    let paging = Paging::read(input)?;
    let rest = cloudfront
        .distributions
        .values()
        .filter(|distribution| distribution.id.as_str() > paging.marker);
    let items = rest.map(|distribution| (distribution.id.clone(), distribution.summary(context)));
    Ok(Reply::xml(paging.list("DistributionList", items)))
}

/// Returns the id in `distribution/E1` and `distribution/E1/config`; no distribution has an empty id.
fn id(input: &Input) -> &str {
    input.path.get(1).map_or("", String::as_str)
}
