//! The hosted zone and the names of the stack, and the certificates that the spec names.

use aws_sdk_acm::types::CertificateStatus;

use super::Preflight;
use super::report::{Checked, Unfit, during};
use crate::id::CertificateArn;
use crate::plan::domain_problem::DomainProblem;
use crate::plan::problem::PlanProblem;
use crate::resource::certificate;
use crate::resource::dns_record::{self, RecordType};
use crate::resource::hosted_zone::{self, FoundHostedZone, PlannedHostedZone};
use crate::spec::{Domain, DomainName, HostedZone, Tier, WantedCertificate};

impl Preflight<'_> {
    /// Returns the hosted zone that gets the records, after the names in it were found to be free.
    pub(super) async fn hosted_zone(&self) -> Checked<Option<PlannedHostedZone>> {
        let Some(wanted) = self.spec.domain().and_then(Domain::hosted_zone) else {
            return Ok(None);
        };
        let found = self.found_zone(wanted).await?;
        if found.is_private {
            let zone = wanted.clone();
            return Err(DomainProblem::PrivateHostedZone { zone }.into());
        }
        let zone = found.zone;
        let mut problems = Vec::new();
        for (name, wanted) in self.records() {
            let is_inside = zone.name.parse().is_ok_and(|zone| name.is_in(&zone));
            if !is_inside {
                problems.push(DomainProblem::OutsideOfZone {
                    name,
                    id: zone.id.clone(),
                    zone: zone.name.clone(),
                });
                continue;
            }
            let taken = dns_record::taken(&self.account.reader, &zone.id, name.as_str(), &wanted);
            let taken = taken
                .await
                .map_err(during("checking that names are free"))?;
            problems.extend(taken.into_iter().map(|(record_type, target)| {
                DomainProblem::NameInUse {
                    name: name.clone(),
                    record_type: record_type.as_str(),
                    target,
                }
            }));
        }
        none_or(problems)?;
        Ok(Some(zone))
    }

    async fn found_zone(&self, wanted: &HostedZone) -> Checked<FoundHostedZone> {
        let aws = &self.account.reader;
        let doing = || during("looking up the hosted zone");
        let missing = || DomainProblem::NoHostedZone {
            zone: wanted.clone(),
        };
        let name = match wanted {
            HostedZone::Id(id) => {
                let found = hosted_zone::with_id(aws, id).await.map_err(doing())?;
                return found.ok_or_else(|| missing().into());
            }
            HostedZone::Name(name) => name,
        };
        let found = hosted_zone::named(aws, name).await.map_err(doing())?;
        let public: Vec<_> = found.iter().filter(|found| !found.is_private).collect();
        match (&public[..], &found[..]) {
            ([only], _) => Ok((*only).clone()),
            // The caller says that it is private.
            ([], [private, ..]) => Ok(private.clone()),
            ([], []) => Err(missing().into()),
            (several, _) => Err(DomainProblem::SeveralHostedZones {
                name: name.clone(),
                ids: several.iter().map(|found| found.zone.id.clone()).collect(),
            }
            .into()),
        }
    }

    /// Returns the names that get records, with the types of those.
    fn records(&self) -> Vec<(DomainName, Vec<RecordType>)> {
        let to_cdn = || vec![RecordType::A, RecordType::Aaaa];
        let names = self.spec.names().into_iter();
        match self.spec.tier() {
            Tier::Instances | Tier::LoadBalancer => {
                names.map(|name| (name, vec![RecordType::A])).collect()
            }
            Tier::Cdn => {
                let origin = self.spec.origin_name();
                let origin = origin.map(|name| (name, vec![RecordType::A]));
                names.map(|name| (name, to_cdn())).chain(origin).collect()
            }
        }
    }

    /// Checks the certificates that the spec names: they are in the right region, issued, and cover the names.
    pub(super) async fn certificates(&self) -> Checked<()> {
        let mut problems = Vec::new();
        for (field, wanted) in [
            (
                "load_balancer.certificate_arn",
                self.spec.balancer_certificate(),
            ),
            ("cdn.certificate_arn", self.spec.cdn_certificate()),
        ] {
            let Some(WantedCertificate::Adopted { arn, names }) = wanted else {
                continue;
            };
            let region = &self.account.region;
            if field.starts_with("load_balancer") && arn.region() != region.as_str() {
                let region = region.clone();
                problems.push(DomainProblem::OtherRegion { arn, region });
                continue;
            }
            problems.extend(self.certificate(field, arn, &names).await?);
        }
        none_or(problems)
    }

    async fn certificate(
        &self,
        field: &'static str,
        arn: CertificateArn,
        names: &[DomainName],
    ) -> Checked<Option<DomainProblem>> {
        let found = match certificate::describe(&self.account.reader, &arn).await {
            Err(error) if error.is_not_found() => {
                return Ok(Some(DomainProblem::NoCertificate { field, arn }));
            }
            found => found.map_err(during("looking up the certificate"))?,
        };
        if found.status() != Some(&CertificateStatus::Issued) {
            let status = found.status().map_or("in no known state", |it| it.as_str());
            let status = status.to_owned();
            return Ok(Some(DomainProblem::NotIssued { field, arn, status }));
        }
        let mut covered = found.subject_alternative_names().to_vec();
        covered.extend(found.domain_name().map(str::to_owned));
        covered.sort();
        covered.dedup();
        let is_missing = |name: &&DomainName| !covered.iter().any(|it| name.is_covered_by(it));
        let missing: Vec<_> = names.iter().filter(is_missing).cloned().collect();
        Ok((!missing.is_empty()).then_some(DomainProblem::NotCovered {
            field,
            arn,
            missing,
            covered,
        }))
    }
}

fn none_or(problems: Vec<DomainProblem>) -> Checked<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let problems = problems.into_iter().map(PlanProblem::from);
    Err(Unfit::Problems(problems.collect()))
}
