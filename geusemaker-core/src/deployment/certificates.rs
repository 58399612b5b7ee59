//! The certificates of a stack: requested, validated by records in its hosted zone, and awaited.

use std::sync::Arc;

use futures::future::try_join_all;

use super::names::create_record;
use crate::error::Error;
use crate::id::{CertificateArn, HostedZoneId};
use crate::ledger::Ledger;
use crate::progress::step::Step;
use crate::resource::certificate::{self, NewCertificate, UsedBy};
use crate::resource::dns_record::{self, DnsRecord, RecordType};
use crate::resource_key::ResourceKey;
use crate::spec::{Domain, DomainName, WantedCertificate};
use crate::wait::timeouts::Stage;
use crate::wait::{Expected, Wait, WaitError};

/// The certificates of a stack, as far as its tier has them.
#[derive(Clone, Debug, Default)]
pub(super) struct Certificates {
    pub(super) of_load_balancer: Option<CertificateArn>,
    of_cdn: Option<CertificateArn>,
}

/// Requests the certificates that the spec does not name, and makes the records that validate them. Returns before they
/// are issued, so that other work goes on meanwhile.
pub(super) async fn request(ledger: &Arc<Ledger>) -> Result<Certificates, Error> {
    let spec = &ledger.plan.spec;
    let (of_load_balancer, of_cdn) = futures::try_join!(
        requested(ledger, UsedBy::LoadBalancer, spec.balancer_certificate()),
        requested(ledger, UsedBy::Cloudfront, spec.cdn_certificate()),
    )?;
    Ok(Certificates {
        of_load_balancer,
        of_cdn,
    })
}

impl Certificates {
    /// Waits until the certificate of the load balancer is issued, if there is one.
    pub(super) async fn issued_for_load_balancer(
        &self,
        ledger: &Arc<Ledger>,
    ) -> Result<Option<&CertificateArn>, Error> {
        await_issued(ledger, self.of_load_balancer.as_ref()).await
    }

    /// Waits until the certificate of the distribution is issued, if there is one.
    pub(super) async fn issued_for_cdn(
        &self,
        ledger: &Arc<Ledger>,
    ) -> Result<Option<&CertificateArn>, Error> {
        await_issued(ledger, self.of_cdn.as_ref()).await
    }
}

async fn requested(
    ledger: &Arc<Ledger>,
    used_by: UsedBy,
    wanted: Option<WantedCertificate>,
) -> Result<Option<CertificateArn>, Error> {
    let names = match wanted {
        None => return Ok(None),
        Some(WantedCertificate::Adopted { arn, .. }) => return Ok(Some(arn)),
        Some(WantedCertificate::Requested { names }) => names,
    };
    let Some((domain, further)) = names.split_first() else {
        return Ok(None);
    };
    let key = match used_by {
        UsedBy::LoadBalancer => "certificate/alb",
        UsedBy::Cloudfront => "certificate/cdn",
    };
    let key = ResourceKey::new(key);
    if ledger.entry(&key).is_none() {
        ledger.account.progress.step(Step::RequestingCertificate {
            name: domain.clone(),
        });
    }
    let wanted = NewCertificate {
        name: ledger.plan.spec.name().to_string(),
        used_by,
        domain: domain.clone(),
        further: further.to_vec(),
        owner: ledger.owner.clone(),
    };
    let arn = ledger.create(key, wanted).await?;
    validate(ledger, &arn, domain).await?;
    Ok(Some(arn))
}

/// Makes the records by which Certificate Manager sees that the names are the account's.
async fn validate(
    ledger: &Arc<Ledger>,
    arn: &CertificateArn,
    domain: &DomainName,
) -> Result<(), Error> {
    let Some(zone) = ledger.plan.hosted_zone.as_ref().map(|zone| &zone.id) else {
        return Ok(());
    };
    let account = &ledger.account;
    let records = Wait::new(
        format!("the records that validate {domain}"),
        Expected::with_deadline_minutes(5, 30, 10),
    )
    .about(ledger.resource(arn))
    .until(&account.clock, &account.progress, || {
        certificate::validation_records(&account.reader, arn)
    })
    .await?;
    let records = records.into_iter().map(|record| async move {
        let key = ResourceKey::new(format!("dns-record/{}", record.name));
        let record = DnsRecord::validation(zone, &record.name, &record.value);
        if ledger.entry(&key).is_none() && exists(ledger, zone, &record).await? {
            // All certificates of the account for this name are validated by the same record. It is somebody else's.
            return Ok(());
        }
        create_record(ledger, key, record).await
    });
    try_join_all(records).await.map(drop)
}

/// Returns true if the record is there already.
async fn exists(
    ledger: &Arc<Ledger>,
    zone: &HostedZoneId,
    record: &DnsRecord,
) -> Result<bool, Error> {
    let reader = &ledger.account.reader;
    let taken = dns_record::taken(reader, zone, &record.name, &[RecordType::Cname])
        .await
        .map_err(Error::aws(
            "looking for the record that validates a certificate",
        ))?;
    Ok(taken.iter().any(|(_, target)| *target == record.target))
}

async fn await_issued<'a>(
    ledger: &Arc<Ledger>,
    arn: Option<&'a CertificateArn>,
) -> Result<Option<&'a CertificateArn>, Error> {
    let Some(arn) = arn else { return Ok(None) };
    // A certificate that the spec names was checked before anything was made.
    let Some(resource) = ledger.resource(arn) else {
        return Ok(Some(arn));
    };
    let account = &ledger.account;
    let spec = &ledger.plan.spec;
    let Some(deadline) = spec.domain().map(Domain::wait_timeout) else {
        return Ok(Some(arn));
    };
    account.progress.step(Step::WaitingForCertificate);
    let timeouts = &account.timeouts;
    let deadline = timeouts.of_spec(Stage::Certificate, deadline, Domain::WAIT_TIMEOUT);
    let deadline = timeouts.of(Stage::Certificate, deadline);
    // Minutes are usual; more than an hour has been seen.
    let issued = Wait::new(
        "the certificate to be issued",
        Expected::seconds(60, 600, deadline),
    )
    .about(Some(resource))
    .until(&account.clock, &account.progress, || {
        certificate::issued(&account.reader, arn)
    })
    .await;
    match issued {
        Err(WaitError::Deadline { elapsed, .. }) => Err(Error::CertificateNotIssued {
            names: spec.names(),
            zone: ledger.plan.hosted_zone.clone().map(Box::new),
            elapsed,
        }),
        issued => {
            issued?;
            account.progress.step(Step::CertificateIssued);
            Ok(Some(arn))
        }
    }
}
