//! Distributions as the edge locations know them: for traffic.

use jiff::Timestamp;

use super::CloudFront;
use super::config::Config;
use super::distribution::Distribution;
use super::policy::Kind;
use crate::wire::xml::Element;

/// A distribution as the edge locations know it.
pub(crate) struct AtEdges<'a> {
    pub(crate) id: &'a str,
    pub(crate) domain_name: &'a str,
    /// The configurations, each with the time from which it is in force. The last that is counts.
    pub(crate) configs: Vec<(Timestamp, &'a Element)>,
    /// The paths of each invalidation, the oldest first. None ever goes.
    pub(crate) invalidations: Vec<Vec<&'a str>>,
}

/// A VPC origin as the edge locations know it.
pub(crate) struct VpcOriginEndpoint<'a> {
    /// The VpcOriginEndpointConfig.
    pub(crate) config: &'a Element,
    /// The region of the load balancer.
    pub(crate) region: &'a str,
    pub(crate) interfaces: &'a [String],
}

impl CloudFront {
    /// Returns the distributions.
    pub(crate) fn at_edges(&self) -> impl Iterator<Item = AtEdges<'_>> {
        self.distributions.iter().map(|(id, distribution)| {
            let invalidations = distribution.invalidations.iter();
            let invalidations = invalidations.map(|one| one.paths().collect());
            AtEdges {
                id,
                domain_name: distribution.domain_name(),
                configs: distribution.configs().collect(),
                invalidations: invalidations.collect(),
            }
        })
    }

    /// Returns a VPC origin.
    pub(crate) fn vpc_origin_endpoint(&self, id: &str) -> Option<VpcOriginEndpoint<'_>> {
        Some(self.vpc_origins.get(id)?.endpoint())
    }

    /// Returns the names that lead to distributions: their domain names, and their alternate names without wildcards.
    pub(crate) fn domain_names(&self, now: Timestamp) -> Vec<String> {
        let distributions = self.distributions.values();
        let names = distributions.flat_map(|distribution| {
            let config = distribution.in_force(now);
            let aliases = config.into_iter().flat_map(Config::aliases);
            let aliases = aliases.filter(|alias| !alias.starts_with('*'));
            let own = config.map(|_| distribution.domain_name());
            own.into_iter().chain(aliases).map(str::to_owned)
        });
        names.collect()
    }

    /// Returns the id of the distribution that edge locations know by that domain name or alternate name. Of several,
    /// the most specific name counts.
    pub(crate) fn of_domain_name(&self, name: &str, now: Timestamp) -> Option<&str> {
        let found = |is_it: &dyn Fn(&Distribution, &Config) -> bool| {
            let mut all = self.distributions.iter();
            let found = all.find(|(_, distribution)| {
                let config = distribution.in_force(now);
                config.is_some_and(|config| is_it(distribution, config))
            });
            found.map(|(id, _)| id.as_str())
        };
        let has = |config: &Config, name: &str| {
            let mut aliases = config.aliases();
            aliases.any(|alias| alias.eq_ignore_ascii_case(name))
        };
        found(&|it, config| it.domain_name() == name || has(config, name)).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            let wildcard = format!("*.{parent}");
            found(&|_, config| has(config, &wildcard))
        })
    }
}

/// Returns the configuration of the cache policy of that id.
pub(crate) fn cache_policy(id: &str) -> Option<Element> {
    policy(Kind::Cache, id)
}

/// Returns the configuration of the origin request policy of that id.
pub(crate) fn origin_request_policy(id: &str) -> Option<Element> {
    policy(Kind::OriginRequest, id)
}

/// Returns the configuration of the response headers policy of that id.
pub(crate) fn response_headers_policy(id: &str) -> Option<Element> {
    policy(Kind::ResponseHeaders, id)
}

fn policy(kind: Kind, id: &str) -> Option<Element> {
    Some(kind.find(id).ok()?.config("Config"))
}

/// Returns the items of a list that is a child of an element.
pub(crate) fn items<'a>(
    element: &'a Element,
    list: &str,
) -> impl Iterator<Item = &'a Element> + use<'a> {
    super::config::items(element, list)
}
