//! Connections: from a sender to a resource, through its security groups.

use std::future::pending;
use std::io;
use std::sync::Arc;

use super::data_plane::DataPlane;
use super::destination::Destination;
use super::source::Source;
use super::stream::Stream;
use super::{cloudfront, instance, load_balancer};
use crate::aws::Aws;
use crate::sim::account::Account;

/// Connects a sender to a host, as the internet would.
pub(crate) async fn to_host(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    source: &Source,
    host: &str,
    port: u16,
) -> io::Result<Stream> {
    if let Some(connected) = plane.outside.connect(source, host, port) {
        return connected;
    }
    let found = aws.read(|account, now| Destination::of(account, host, now));
    let Some(destination) = found else {
        let message = format!("{host} is no name or address of the simulated account");
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    };
    to(aws, plane, source, &destination, port).await
}

/// Connects a sender to a resource. The future never completes if no security group lets the sender through.
pub(crate) async fn to(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    source: &Source,
    destination: &Destination,
    port: u16,
) -> io::Result<Stream> {
    match aws.read(|account, now| admission(account, now, source, destination, port)) {
        Admission::Dropped => return pending().await,
        Admission::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
        Admission::Admitted => {}
    }
    match destination {
        Destination::Distribution { id } => Ok(cloudfront::accept(aws, plane, source, id, port)),
        Destination::Instance { region, id } => {
            instance::accept(aws, plane, region, id, port).await
        }
        Destination::LoadBalancer { arn, .. } => {
            Ok(load_balancer::accept(aws, plane, source, arn, port))
        }
    }
}

/// The network's answer to a new connection.
enum Admission {
    Admitted,
    /// No security group allows it: the packets are dropped.
    Dropped,
    /// Nothing listens on the port.
    Refused,
}

fn admission(
    account: &Account,
    now: jiff::Timestamp,
    source: &Source,
    destination: &Destination,
    port: u16,
) -> Admission {
    let (is_allowed, is_listening) = match destination {
        Destination::Distribution { .. } => (true, [80, 443].contains(&port)),
        Destination::Instance { region, id } => {
            let Some(region) = account.regions.get(region) else {
                return Admission::Dropped;
            };
            let groups = region.ec2.groups_of_instance(id, now);
            let allowed = groups.is_some_and(|groups| {
                let admits = |group| {
                    region
                        .ec2
                        .admits(group, source.address, &source.groups, port)
                };
                groups.iter().any(|group| admits(group))
            });
            (allowed, true)
        }
        Destination::LoadBalancer { region, arn } => {
            let Some(region) = account.regions.get(region) else {
                return Admission::Dropped;
            };
            let elb = &region.elastic_load_balancing;
            let Some(balancer) = elb.accepting(arn, now) else {
                return Admission::Dropped;
            };
            let mut groups = balancer.settings.security_groups.iter();
            let allowed = groups.any(|group| {
                region
                    .ec2
                    .admits(group, source.address, &source.groups, port)
            });
            (allowed, elb.listener_on(arn, port).is_some())
        }
    };
    match (is_allowed, is_listening) {
        (false, _) => Admission::Dropped,
        (true, false) => Admission::Refused,
        (true, true) => Admission::Admitted,
    }
}
