//! AWS Certificate Manager: certificates that are validated by DNS, and their use by listeners and distributions.

mod certificate;
mod domain_name;
mod error_code;
mod listing;
mod operations;
mod removal;
mod request;
mod standing;
mod tags;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::certificate::{Certificate, Status};
pub(crate) use self::error_code::{Code, ERROR_CODES};
pub(crate) use self::operations::OPERATIONS;
use self::standing::FormerUse;
pub(crate) use self::standing::Standing;
use super::account::Region;
use super::cloudfront::CloudFront;
use super::context::RequestContext;
use super::elastic_load_balancing::ElasticLoadBalancing;
use super::resource::{Resource, ResourceState};
use super::route53::Route53;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The content of Certificate Manager in one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Acm {
    /// By ARN.
    certificates: BTreeMap<String, Certificate>,
    /// The ARNs of those that are deleted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    deleted: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    former_uses: Vec<FormerUse>,
}

impl Acm {
    /// Returns the existing certificates.
    pub(crate) fn inventory(&self) -> impl Iterator<Item = Resource> {
        let arns = self.certificates.keys();
        arns.map(|arn| Resource::new("CertificateManager::Certificate", arn))
    }

    /// Returns the states of the certificates.
    pub(crate) fn states(&self, now: Timestamp) -> impl Iterator<Item = ResourceState> {
        self.certificates.iter().map(move |(arn, certificate)| {
            Resource::new("CertificateManager::Certificate", arn)
                .in_state(certificate.status(now).as_str())
        })
    }

    /// Notes which validation records there are, after a change of certificates or of records.
    pub(crate) fn look_for_records(&mut self, route53: &Route53, now: Timestamp) {
        for certificate in self.certificates.values_mut() {
            certificate.look_for_records(route53, now);
        }
    }

    /// Returns a certificate that other services can see.
    fn certificate(&self, arn: &str, now: Timestamp) -> Result<&Certificate, ServiceError> {
        check_arn(arn)?;
        let found = self.certificates.get(arn);
        found
            .filter(|certificate| certificate.is_known(now))
            .ok_or_else(|| not_found(arn))
    }

    fn certificate_mut(
        &mut self,
        arn: &str,
        now: Timestamp,
    ) -> Result<&mut Certificate, ServiceError> {
        self.certificate(arn, now)?;
        self.certificates.get_mut(arn).ok_or_else(|| not_found(arn))
    }

    /// Adds a certificate that was issued before the program under test began, unless there is one for the name.
    ///
    /// # Panics
    /// Panics if the text is no domain name, because the certificate would be valid for nothing.
    pub(crate) fn add_issued(
        &mut self,
        name: &str,
        account_id: &str,
        region: &str,
        now: Timestamp,
    ) {
        if self.issued(name).is_none() {
            let certificate = Certificate::issued(name, account_id, region, now);
            self.certificates
                .insert(certificate.arn.clone(), certificate);
        }
    }

    /// Returns the names of a certificate.
    #[cfg(feature = "traffic")]
    pub(crate) fn names_of(&self, arn: &str) -> Option<Vec<String>> {
        let certificate = self.certificates.get(arn)?;
        let names = certificate.names.iter();
        Some(names.map(|one| one.name.as_str().to_owned()).collect())
    }

    /// Returns the ARN of the certificate that [`Self::add_issued`] has added for a name.
    pub(crate) fn issued(&self, name: &str) -> Option<&str> {
        let mut all = self.certificates.values();
        let found = all.find(|certificate| certificate.is_seeded() && certificate.is_for(name));
        found.map(|certificate| certificate.arn.as_str())
    }
}

/// The other services that use certificates.
pub(super) struct Users<'a> {
    elb: &'a ElasticLoadBalancing,
    cloudfront: &'a CloudFront,
    route53: &'a Route53,
}

impl Users<'_> {
    /// Returns the ARNs of the load balancers and distributions that use a certificate.
    fn of(&self, arn: &str, account_id: &str) -> Vec<String> {
        let mut users = self.elb.with_certificate(arn);
        users.extend(self.cloudfront.with_certificate(arn, account_id));
        users
    }
}

/// Answers a call of Certificate Manager.
pub(crate) fn answer(
    region: &mut Region,
    cloudfront: &CloudFront,
    route53: &Route53,
    context: &mut RequestContext<'_>,
    operation: &str,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let users = Users {
        elb: &region.elastic_load_balancing,
        cloudfront,
        route53,
    };
    operations::perform(operation, &mut region.acm, &users, context, input)
}

/// Returns a time as JSON has it, in seconds.
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

fn check_arn(arn: &str) -> Result<(), ServiceError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "acm", _, _, name] if name.starts_with("certificate/") => Ok(()),
        ["arn", _, _, _, _, _] => {
            let message = format!("Invalid ARN: {arn}");
            Err(ServiceError::new(Code::InvalidArnException, message))
        }
        _ => Err(invalid(format!(
            "1 validation error detected: Value '{arn}' at 'certificateArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:[\\w+=/,.@-]+:acm:[\\w+=/,.@-]*:[0-9]+:[\\w+=,.@-]+(/[\\w+=,.@-]+)*"
        ))),
    }
}

fn not_found(arn: &str) -> ServiceError {
    let message = format!("Could not find certificate {arn}.");
    ServiceError::new(Code::ResourceNotFoundException, message)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(Code::ValidationException, message)
}
