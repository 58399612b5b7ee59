//! Certificates: their names, and the way from the request to the issue.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::domain_name::DomainName;
use super::tags::Tags;
use super::{Acm, Users, seconds};
use crate::sim::context::RequestContext;
use crate::sim::partition::Partition;
use crate::sim::route53::Route53;
use crate::sim::timings::Rng;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The time in which all names have to be validated.
const VALIDATION_PERIOD: Duration = Duration::from_secs(72 * 60 * 60);

/// The time for which a certificate is valid. Assumed.
const LIFETIME: Duration = Duration::from_secs(198 * 24 * 60 * 60);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Certificate {
    pub(super) arn: String,
    account_id: String,
    /// The names in the order of the request; the first is the certificate's own.
    pub(super) names: Vec<ValidatedName>,
    pub(super) key_algorithm: KeyAlgorithm,
    pub(super) token: Option<String>,
    pub(super) created_at: Timestamp,
    /// The time from which calls find the certificate.
    pub(super) known_at: Timestamp,
    /// The time from which a description has the records that validate the names.
    pub(super) records_at: Timestamp,
    /// The time from the record's appearance in DNS until its name is validated.
    pub(super) validation_time: Duration,
    /// The failure of the request, if a fault asks for it: its time, and the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<(Timestamp, String)>,
    /// True if the certificate is older than the program under test.
    #[serde(default)]
    is_seeded: bool,
    pub(super) tags: Tags,
}

/// A name of a certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ValidatedName {
    pub(super) name: DomainName,
    /// The time from which the name counts as validated, if its record is there.
    validated_at: Option<Timestamp>,
}

/// The status of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Failed,
    Issued,
    PendingValidation,
    ValidationTimedOut,
}

/// The algorithm of a certificate's keys, of those that can be requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KeyAlgorithm {
    Rsa2048,
    EcPrime256v1,
    EcSecp384r1,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "FAILED",
            Self::Issued => "ISSUED",
            Self::PendingValidation => "PENDING_VALIDATION",
            Self::ValidationTimedOut => "VALIDATION_TIMED_OUT",
        }
    }
}

impl KeyAlgorithm {
    /// Returns the name that requests have.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA_2048",
            Self::EcPrime256v1 => "EC_prime256v1",
            Self::EcSecp384r1 => "EC_secp384r1",
        }
    }

    /// Returns the name that descriptions have, with a hyphen.
    fn described(self) -> String {
        self.as_str().replacen('_', "-", 1)
    }
}

impl ValidatedName {
    pub(super) fn new(name: DomainName) -> Self {
        Self {
            name,
            validated_at: None,
        }
    }

    fn is_validated(&self, now: Timestamp) -> bool {
        self.validated_at.is_some_and(|at| at <= now)
    }
}

impl Certificate {
    /// Creates the certificate of a request. Its validation has not begun.
    pub(super) fn pending(
        context: &RequestContext<'_>,
        id: &str,
        names: Vec<DomainName>,
        key_algorithm: KeyAlgorithm,
    ) -> Self {
        let (region, account_id) = (context.region, context.account_id);
        Self {
            arn: format!(
                "arn:{}:acm:{region}:{account_id}:certificate/{id}",
                context.partition()
            ),
            account_id: account_id.to_owned(),
            names: names.into_iter().map(ValidatedName::new).collect(),
            key_algorithm,
            token: None,
            created_at: context.now,
            known_at: context.now,
            records_at: context.now,
            validation_time: Duration::ZERO,
            failure: None,
            is_seeded: false,
            tags: Tags::new(),
        }
    }

    /// Creates a certificate that was issued a day ago.
    pub(super) fn issued(name: &str, account_id: &str, region: &str, now: Timestamp) -> Self {
        let domain = DomainName::parse(name);
        let own = ValidatedName {
            name: domain.unwrap_or_else(|| panic!("certificate: {name:?} is no domain name")),
            validated_at: Some(now - DAY),
        };
        let id = Rng::of_text(&format!("{account_id} {region} {name}")).uuid();
        let partition = Partition::of(region);
        Self {
            arn: format!("arn:{partition}:acm:{region}:{account_id}:certificate/{id}"),
            account_id: account_id.to_owned(),
            names: vec![own],
            key_algorithm: KeyAlgorithm::Rsa2048,
            token: None,
            created_at: now - DAY,
            known_at: now - DAY,
            records_at: now - DAY,
            validation_time: Duration::ZERO,
            failure: None,
            is_seeded: true,
            tags: Tags::new(),
        }
    }

    pub(super) fn is_seeded(&self) -> bool {
        self.is_seeded
    }

    pub(super) fn is_known(&self, now: Timestamp) -> bool {
        self.known_at <= now
    }

    /// Returns true if that is the certificate's own name.
    pub(super) fn is_for(&self, name: &str) -> bool {
        self.domain_name().eq_ignore_ascii_case(name)
    }

    pub(super) fn domain_name(&self) -> &str {
        self.names.first().map_or("", |first| first.name.as_str())
    }

    fn times_out_at(&self) -> Timestamp {
        self.created_at + VALIDATION_PERIOD
    }

    /// Returns the time of the issue, if it has one: the last name has to be validated within the period.
    fn issued_at(&self) -> Option<Timestamp> {
        let times: Option<Vec<Timestamp>> = self.names.iter().map(|one| one.validated_at).collect();
        let last = times?.into_iter().max()?;
        (last <= self.times_out_at()).then_some(last)
    }

    pub(super) fn status(&self, now: Timestamp) -> Status {
        match (&self.failure, self.issued_at()) {
            (Some((at, _)), _) if *at <= now => Status::Failed,
            (_, Some(at)) if at <= now => Status::Issued,
            _ if self.times_out_at() <= now => Status::ValidationTimedOut,
            _ => Status::PendingValidation,
        }
    }

    /// Notes which of the validation records there are. A name that is validated stays so without its record.
    pub(super) fn look_for_records(&mut self, route53: &Route53, now: Timestamp) {
        if self.is_seeded || self.status(now) != Status::PendingValidation {
            return;
        }
        for one in &mut self.names {
            if one.is_validated(now) {
                continue;
            }
            let record = one.name.validation_record(&self.account_id);
            let since = route53.cname_since(&record.name, &record.value);
            one.validated_at = match (since, one.validated_at) {
                (Some(_), Some(at)) => Some(at),
                (Some(since), None) => Some(since.max(now) + self.validation_time),
                (None, _) => None,
            };
        }
    }

    fn validation_options(&self, now: Timestamp) -> Vec<Value> {
        let status = self.status(now);
        let options = self.names.iter().map(|one| {
            let validation = match status {
                _ if one.is_validated(now) => "SUCCESS",
                Status::Issued | Status::PendingValidation => "PENDING_VALIDATION",
                Status::Failed | Status::ValidationTimedOut => "FAILED",
            };
            let mut option = json!({
                "DomainName": one.name.as_str(),
                "ValidationDomain": one.name.as_str(),
                "ValidationStatus": validation,
                "ValidationMethod": "DNS",
            });
            if self.records_at <= now {
                let record = one.name.validation_record(&self.account_id);
                option["ResourceRecord"] = json!({
                    "Name": record.name,
                    "Type": "CNAME",
                    "Value": record.value,
                });
            }
            option
        });
        options.collect()
    }

    /// Returns the members that a description and a list have in common, of a certificate that is in use or not.
    pub(super) fn summary(&self, is_in_use: bool, now: Timestamp) -> Value {
        let status = self.status(now);
        let eligibility = if is_in_use && status == Status::Issued {
            "ELIGIBLE"
        } else {
            "INELIGIBLE"
        };
        let mut summary = json!({
            "CertificateArn": self.arn,
            "DomainName": self.domain_name(),
            "Status": status.as_str(),
            "Type": "AMAZON_ISSUED",
            "KeyAlgorithm": self.key_algorithm.described(),
            "RenewalEligibility": eligibility,
            "CreatedAt": seconds(self.created_at),
        });
        if let (Status::Issued, Some(at)) = (status, self.issued_at()) {
            summary["IssuedAt"] = seconds(at).into();
            summary["NotBefore"] = seconds(at).into();
            summary["NotAfter"] = seconds(at + LIFETIME).into();
        }
        summary
    }

    fn description(&self, users: Vec<String>, now: Timestamp) -> Value {
        let mut described = self.summary(!users.is_empty(), now);
        let names = self.names.iter().map(|one| one.name.as_str());
        described["SubjectAlternativeNames"] = names.collect();
        described["DomainValidationOptions"] = self.validation_options(now).into();
        described["Subject"] = format!("CN={}", self.domain_name()).into();
        described["Issuer"] = "Amazon".into();
        described["SignatureAlgorithm"] = "SHA256WITHRSA".into();
        described["InUseBy"] = users.into();
        described["Options"] = json!({
            "CertificateTransparencyLoggingPreference": "ENABLED",
            "Export": "DISABLED",
        });
        match (self.status(now), &self.failure) {
            (Status::Failed, Some((_, reason))) => {
                described["FailureReason"] = reason.clone().into();
            }
            (Status::Issued, _) => {
                let mut serial = Rng::of_text(&self.arn);
                let serial: Vec<String> = (0..16).map(|_| serial.hex(2)).collect();
                described["Serial"] = serial.join(":").into();
                described["KeyUsages"] =
                    json!([{ "Name": "DIGITAL_SIGNATURE" }, { "Name": "KEY_ENCIPHERMENT" }]);
                described["ExtendedKeyUsages"] = json!([{ "Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1" }]);
            }
            (Status::Failed | Status::PendingValidation | Status::ValidationTimedOut, _) => {}
        }
        described
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeRequest {
    certificate_arn: String,
}

pub(super) fn describe(
    acm: &Acm,
    users: &Users<'_>,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: DescribeRequest = input.body()?;
    let certificate = acm.certificate(&request.certificate_arn, context.now)?;
    let users = acm.users(users, &certificate.arn, context);
    Ok(Reply::json(
        json!({ "Certificate": certificate.description(users, context.now) }),
    ))
}
