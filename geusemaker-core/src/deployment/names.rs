//! The records that lead from the names of a stack to its load balancer and its distribution.

use std::sync::Arc;

use futures::future::try_join_all;

use crate::error::Error;
use crate::ledger::Ledger;
use crate::progress::step::Step;
use crate::resource::distribution::Distribution;
use crate::resource::dns_record::{DnsRecord, RecordType};
use crate::resource::load_balancer::ActiveLoadBalancer;
use crate::resource_key::ResourceKey;
use crate::spec::DomainName;

/// Creates the record that leads to the load balancer: from the name of the stack, or behind a CDN from the name of the
/// origin.
pub(super) async fn lead_to_load_balancer(
    ledger: &Arc<Ledger>,
    load_balancer: &ActiveLoadBalancer,
) -> Result<(), Error> {
    let plan = &ledger.plan;
    let (Some(zone), Some(domain)) = (&plan.hosted_zone, plan.spec.domain()) else {
        return Ok(());
    };
    let Some(zone_of_target) = &load_balancer.hosted_zone else {
        return Ok(());
    };
    let name = plan.spec.origin_name();
    let name = name.unwrap_or_else(|| domain.name().clone());
    tell(ledger, &name);
    let target = (load_balancer.dns_name.as_str(), zone_of_target);
    let record = DnsRecord::to_load_balancer(&zone.id, &name, target);
    create_record(ledger, key(&name, RecordType::A), record).await
}

/// Creates the records that lead from all names of the stack to the distribution.
pub(super) async fn lead_to_distribution(
    ledger: &Arc<Ledger>,
    distribution: &Distribution,
) -> Result<(), Error> {
    let plan = &ledger.plan;
    let Some(zone) = &plan.hosted_zone else {
        return Ok(());
    };
    let names = plan.spec.names();
    let records = names.iter().flat_map(|name| {
        tell(ledger, name);
        let ipv6 = plan.spec.cdn().ipv6().then_some(RecordType::Aaaa);
        let types = [RecordType::A].into_iter().chain(ipv6);
        types.map(move |record_type| {
            let record =
                DnsRecord::to_distribution(&zone.id, name, record_type, &distribution.domain);
            create_record(ledger, key(name, record_type), record)
        })
    });
    try_join_all(records).await.map(drop)
}

/// Creates a record.
pub(super) async fn create_record(
    ledger: &Arc<Ledger>,
    key: ResourceKey,
    record: DnsRecord,
) -> Result<(), Error> {
    ledger.create(key, record).await.map(drop)
}

fn tell(ledger: &Ledger, name: &DomainName) {
    let name = name.clone();
    ledger.account.progress.step(Step::CreatingRecord { name });
}

fn key(name: &DomainName, record_type: RecordType) -> ResourceKey {
    let record_type = record_type.as_str().to_ascii_lowercase();
    ResourceKey::new(format!("dns-record/{name}/{record_type}"))
}
