//! The ingress rules for the ranges of addresses that the spec allows.

use std::sync::Arc;

use futures::future::try_join_all;

use crate::error::Error;
use crate::id::SecurityGroupId;
use crate::ledger::Ledger;
use crate::resource::security_group_rule::{NewSecurityGroupRule, Source};
use crate::resource_key::ResourceKey;
use crate::spec::{CidrBlock, DeploymentSpec, Tier};

/// The port of SSH.
const SSH: u16 = 22;

/// Creates the rules by which ranges of addresses reach the instances themselves.
pub(super) async fn admit_to_instances(
    ledger: &Arc<Ledger>,
    group: &SecurityGroupId,
) -> Result<(), Error> {
    let spec = &ledger.plan.spec;
    let ports = ports_of_instances(spec);
    let services = ports.iter().flat_map(|(port, service)| {
        let ranges = spec.access().allow().iter();
        ranges.map(move |range| (*port, service.clone(), range))
    });
    let ssh = spec.access().ssh_from().iter();
    let ssh = ssh.map(|range| (SSH, "SSH".to_owned(), range));
    let rules = services.chain(ssh).map(|(port, what, range)| {
        let key = format!("security-group-rule/instances/{port}-from-{range}");
        admit(ledger, key, group, (port, what, range))
    });
    try_join_all(rules).await.map(drop)
}

/// Creates the rules by which ranges of addresses reach the load balancer.
pub(super) async fn admit_to_load_balancer(
    ledger: &Arc<Ledger>,
    group: &SecurityGroupId,
    (port, protocol): (u16, &str),
) -> Result<(), Error> {
    let ranges = ledger.plan.spec.access().allow().iter();
    let rules = ranges.map(|range| {
        let key = format!("security-group-rule/alb/{port}-from-{range}");
        admit(ledger, key, group, (port, protocol.to_owned(), range))
    });
    try_join_all(rules).await.map(drop)
}

/// Returns the ports of the instances that the allowed ranges reach, each with its service. From tier 2 on, the load
/// balancer stands in front of the instances.
fn ports_of_instances(spec: &DeploymentSpec) -> Vec<(u16, String)> {
    if spec.tier() != Tier::Instances {
        return Vec::new();
    }
    let services = spec.served_services();
    let ports = services.flat_map(|service| {
        let ports = service.port().into_iter();
        let ports = ports.chain(service.published_ports().iter().copied());
        ports.map(|port| (port.host(), service.name().to_string()))
    });
    ports.collect()
}

async fn admit(
    ledger: &Arc<Ledger>,
    key: String,
    group: &SecurityGroupId,
    (port, what, range): (u16, String, &CidrBlock),
) -> Result<(), Error> {
    let rule = NewSecurityGroupRule {
        group: group.clone(),
        port,
        source: Source::Range(range.clone()),
        description: format!("{what} from {range}"),
        owner: ledger.owner.clone(),
    };
    ledger.create(ResourceKey::new(key), rule).await.map(drop)
}
