//! The names and instances to which viewers can connect, with their ports.

use std::collections::BTreeSet;
use std::fmt;

use super::destination::Destination;
use super::instance::Endpoint;
use crate::aws::Aws;

/// The kind of a place to which viewers can connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AddressKind {
    /// A distribution of CloudFront, by its domain name or one of its aliases.
    Distribution,
    /// A port of an instance, by its id: without its security groups, as from the instance itself.
    Instance,
    /// A load balancer, by its DNS name.
    LoadBalancer,
    /// A record of a hosted zone that leads to a load balancer or a distribution.
    Record,
}

impl AddressKind {
    /// Returns the kind as documents have it, such as `load-balancer`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Distribution => "distribution",
            Self::Instance => "instance",
            Self::LoadBalancer => "load-balancer",
            Self::Record => "record",
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place to which viewers can connect, and one of its ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) kind: AddressKind,
    pub(crate) name: String,
    pub(crate) port: u16,
    /// The service on an instance.
    pub(crate) service: Option<String>,
    pub(crate) destination: Destination,
}

/// Returns all entries of the account.
pub(crate) fn entries(aws: &Aws) -> BTreeSet<Entry> {
    let mut entries: BTreeSet<Entry> = aws.read(|account, now| {
        let mut names: Vec<(AddressKind, String)> = Vec::new();
        for region in account.regions.values() {
            let balancers = region.elastic_load_balancing.dns_names(now);
            names.extend(balancers.map(|name| (AddressKind::LoadBalancer, name.to_owned())));
        }
        let distributions = account.cloudfront.domain_names(now).into_iter();
        names.extend(distributions.map(|name| (AddressKind::Distribution, name)));
        let records = account.route53.host_names();
        names.extend(records.map(|name| (AddressKind::Record, name)));
        let entries = names.into_iter().flat_map(|(kind, name)| {
            let destination = Destination::of(account, &name, now);
            let ports = match &destination {
                Some(Destination::Distribution { .. }) => vec![80, 443],
                Some(Destination::LoadBalancer { region, arn }) => {
                    let region = account.regions.get(region);
                    let ports = region.map(|it| it.elastic_load_balancing.ports_of(arn));
                    ports.unwrap_or_default()
                }
                // A public address has no name of its own.
                Some(Destination::Instance { .. }) | None => Vec::new(),
            };
            let entries = ports.into_iter().filter_map(move |port| {
                Some(Entry {
                    kind,
                    name: name.clone(),
                    port,
                    service: None,
                    destination: destination.clone()?,
                })
            });
            entries.collect::<Vec<_>>()
        });
        entries.collect()
    });
    let endpoints = Endpoint::all(aws).into_iter().map(|endpoint| Entry {
        kind: AddressKind::Instance,
        name: endpoint.instance.clone(),
        port: endpoint.port,
        service: endpoint.service.map(|service| service.name),
        destination: Destination::Instance {
            region: endpoint.region,
            id: endpoint.instance,
        },
    });
    entries.extend(endpoints);
    let mut names = BTreeSet::new();
    // A record of a distribution's alias is listed once.
    entries.retain(|entry| names.insert((entry.name.clone(), entry.port)));
    entries
}
