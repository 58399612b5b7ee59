//! Certificates of AWS Certificate Manager: one for the load balancer, and one in us-east-1 for the distribution.

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateSummary, FailureReason, ValidationMethod,
};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::dns_record::plain;
use super::kind::Kind;
use super::tagged::TaggedResource;
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{CLOUDFRONT_REGION, Clients, Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{CertificateArn, DeploymentId};
use crate::kind::ResourceKind;
use crate::spec::DomainName;
use crate::wait::{Expected, PollState};

/// The most characters of a token by which Certificate Manager recognizes a repeated request, which are letters, digits
/// and underscores.
///
/// Source: AWS Certificate Manager API Reference, RequestCertificate, parameter IdempotencyToken.
const TOKEN_MAX: usize = 32;

/// The service that answers with a certificate, which decides the region that the certificate is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UsedBy {
    LoadBalancer,
    Cloudfront,
}

/// A new certificate, whose names are validated by records in the domain name system.
#[derive(Clone, Debug)]
pub(crate) struct NewCertificate {
    pub(crate) name: String,
    pub(crate) used_by: UsedBy,
    /// The first name, by which the certificate is found again.
    pub(crate) domain: DomainName,
    pub(crate) further: Vec<DomainName>,
    pub(crate) owner: Owner,
}

impl Create for NewCertificate {
    type Id = CertificateArn;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            used_by: self.used_by,
            domain: self.domain.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, token: &str) -> Result<CertificateArn, AwsError> {
        const OPERATION: &str = "acm:RequestCertificate";
        let further = self.further.iter().map(ToString::to_string);
        let further: Vec<_> = further.collect();
        let reply = client(aws, self.used_by)
            .request_certificate()
            .domain_name(self.domain.as_str())
            .set_subject_alternative_names((!further.is_empty()).then_some(further))
            .validation_method(ValidationMethod::Dns)
            .idempotency_token(short(token))
            .set_tags(Some(self.owner.acm(&self.name)))
            .send()
            .await
            .map_err(AwsError::of(OPERATION))?;
        reply
            .certificate_arn
            .map(CertificateArn::from_aws)
            .ok_or_else(|| AwsError::incomplete(OPERATION, "certificate ARN"))
    }
}

/// A lookup by the first name and the tag of the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) used_by: UsedBy,
    pub(crate) domain: DomainName,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "certificate";
    const WORKING: &'static [&'static str] = &["issued"];
    // Certificate Manager may believe for a while that a deleted listener or distribution still uses it.
    const DELETION: Expected = Expected::with_deadline_minutes(0, 60, 15);
    const AFTER: &'static [ResourceKind] = &[ResourceKind::Distribution, ResourceKind::Listener];
    const BLOCKED_BY: &'static [ResourceKind] =
        &[ResourceKind::Distribution, ResourceKind::Listener];

    fn removal_command(id: &str, region: &str) -> String {
        let region = id.split(':').nth(3).unwrap_or(region);
        format!("aws acm delete-certificate --certificate-arn {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self {
            used_by,
            domain,
            deployment,
        } = self;
        let client = client(aws, *used_by);
        for found in all(client).await? {
            let Some(arn) = found.certificate_arn() else {
                continue;
            };
            if found.domain_name() == Some(domain.as_str())
                && let Some(tags) = tags_of(client, arn).await?
                && has_tag(&tags, DEPLOYMENT, deployment.as_str())
            {
                return Ok(Some(arn.to_owned()));
            }
        }
        Ok(None)
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let found = describe(aws, &CertificateArn::from_aws(id)).await?;
        let status = found.status.as_ref();
        Ok(Some(
            status.map_or("unknown", |it| it.as_str()).to_lowercase(),
        ))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        client_of(aws, &CertificateArn::from_aws(id))
            .delete_certificate()
            .certificate_arn(id)
            .send()
            .await
            .map_err(AwsError::of("acm:DeleteCertificate"))?;
        Ok(())
    }

    /// Returns the certificates with this program's tags, in the region and in that of CloudFront.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let mut found = Vec::new();
        let mut clients = vec![&aws.acm_of_cloudfront];
        let region = aws.acm.config().region();
        if region.is_some_and(|region| region.as_ref() != CLOUDFRONT_REGION) {
            clients.push(&aws.acm);
        }
        for client in clients {
            let all = all(client).await?;
            let ours: Vec<_> = stream::iter(all.into_iter().map(|item| tagged(client, item)))
                .buffered(8)
                .try_collect()
                .await?;
            found.extend(ours.into_iter().flatten());
        }
        Ok(found)
    }
}

/// A record that proves to Certificate Manager that a name is the account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValidationRecord {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Polls the records that validate the names. They are ready once AWS has named those for all names.
pub(crate) async fn validation_records(
    aws: &Reader,
    arn: &CertificateArn,
) -> Result<PollState<Vec<ValidationRecord>>, AwsError> {
    let Some(found) = visible(aws, arn).await? else {
        return Ok(PollState::Pending("not visible yet".to_owned()));
    };
    let options = found.domain_validation_options();
    let mut records = Vec::new();
    for option in options {
        let Some(record) = option.resource_record() else {
            return Ok(PollState::Pending("no records yet".to_owned()));
        };
        let record = ValidationRecord {
            name: plain(record.name()),
            value: plain(record.value()),
        };
        // A name and its wildcard share one.
        if !records.contains(&record) {
            records.push(record);
        }
    }
    Ok(match records.is_empty() {
        true => PollState::Pending("no records yet".to_owned()),
        false => PollState::Ready(records),
    })
}

/// Polls the certificate, which is ready once it is issued.
pub(crate) async fn issued(aws: &Reader, arn: &CertificateArn) -> Result<PollState<()>, AwsError> {
    let Some(found) = visible(aws, arn).await? else {
        return Ok(PollState::Pending("not visible yet".to_owned()));
    };
    Ok(match &found.status {
        Some(CertificateStatus::Issued) => PollState::Ready(()),
        Some(CertificateStatus::PendingValidation) => {
            PollState::Pending("pending validation".to_owned())
        }
        Some(CertificateStatus::Failed) => PollState::Failed(failure(found.failure_reason())),
        Some(other) => PollState::Failed(format!("AWS reports {}", other.as_str())),
        None => PollState::Pending("unknown".to_owned()),
    })
}

/// Returns the reason for which a request has failed, with what to do about it.
///
/// Source: AWS Certificate Manager User Guide, "Certificate request fails".
fn failure(reason: Option<&FailureReason>) -> String {
    let advice = match reason {
        Some(FailureReason::CaaError) => {
            "the CAA records of the domain do not admit Amazon: add one for amazon.com, or remove them"
        }
        Some(FailureReason::DomainNotAllowed) => {
            "the name is on a list of unsafe domains: choose another, or ask AWS Support"
        }
        Some(FailureReason::AdditionalVerificationRequired) => {
            "AWS Support has to look at the request first: open a case"
        }
        Some(FailureReason::InvalidPublicDomain) => {
            "the name is not below a public domain: correct it in the spec"
        }
        // The other reasons are those of private certificate authorities and of validation by mail.
        Some(_) | None => "AWS Support can tell why",
    };
    let reason = reason.map_or("no reason", |reason| reason.as_str());
    format!("{reason}: {advice}")
}

/// Returns a new certificate, if AWS shows it already.
async fn visible(
    aws: &Reader,
    arn: &CertificateArn,
) -> Result<Option<CertificateDetail>, AwsError> {
    match describe(aws, arn).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns a certificate as AWS describes it.
pub(crate) async fn describe(
    aws: &Reader,
    arn: &CertificateArn,
) -> Result<CertificateDetail, AwsError> {
    const OPERATION: &str = "acm:DescribeCertificate";
    let reply = client_of(aws, arn)
        .describe_certificate()
        .certificate_arn(arn.as_str())
        .send()
        .await
        .map_err(AwsError::of(OPERATION))?;
    reply
        .certificate
        .ok_or_else(|| AwsError::incomplete(OPERATION, "certificate"))
}

/// Returns the targets of the records that validate a certificate.
pub(crate) async fn validation_targets(
    aws: &Reader,
    arn: &CertificateArn,
) -> Result<Vec<String>, AwsError> {
    Ok(match validation_records(aws, arn).await? {
        PollState::Ready(records) => records.into_iter().map(|record| record.value).collect(),
        PollState::Pending(_) | PollState::Failed(_) => Vec::new(),
    })
}

fn client(clients: &Clients, used_by: UsedBy) -> &aws_sdk_acm::Client {
    match used_by {
        UsedBy::LoadBalancer => &clients.acm,
        UsedBy::Cloudfront => &clients.acm_of_cloudfront,
    }
}

fn client_of<'a>(clients: &'a Clients, arn: &CertificateArn) -> &'a aws_sdk_acm::Client {
    match arn.region() {
        CLOUDFRONT_REGION => &clients.acm_of_cloudfront,
        _ => &clients.acm,
    }
}

async fn all(client: &aws_sdk_acm::Client) -> Result<Vec<CertificateSummary>, AwsError> {
    client
        .list_certificates()
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("acm:ListCertificates"))
}

/// Returns the tags of a certificate, or `None` if it is gone.
async fn tags_of(
    client: &aws_sdk_acm::Client,
    arn: &str,
) -> Result<Option<Vec<aws_sdk_acm::types::Tag>>, AwsError> {
    let reply = client
        .list_tags_for_certificate()
        .certificate_arn(arn)
        .send()
        .await
        .map_err(AwsError::of("acm:ListTagsForCertificate"));
    match reply {
        Ok(reply) => Ok(Some(reply.tags.unwrap_or_default())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

fn has_tag(tags: &[aws_sdk_acm::types::Tag], key: &str, value: &str) -> bool {
    tags.iter()
        .any(|tag| tag.key() == key && tag.value() == Some(value))
}

async fn tagged(
    client: &aws_sdk_acm::Client,
    item: CertificateSummary,
) -> Result<Option<TaggedResource>, AwsError> {
    let Some(arn) = item.certificate_arn() else {
        return Ok(None);
    };
    let Some(tags) = tags_of(client, arn).await? else {
        return Ok(None);
    };
    let tags = tags.iter().map(|tag| (Some(tag.key()), tag.value()));
    let found = TaggedResource::read(ResourceKind::Certificate, arn, tags);
    Ok(found.map(|found| found.since(item.created_at())))
}

/// Returns the token in the form that Certificate Manager takes.
fn short(token: &str) -> String {
    let characters = token.chars().filter(char::is_ascii_alphanumeric);
    let mut short: String = characters.collect();
    // The end counts the attempts, so that differs.
    short.drain(..short.len().saturating_sub(TOKEN_MAX));
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stay_different_when_short() {
        let of = |key: &str, attempt: u32| {
            short(&format!("gm-0123456789ab-certificate-{key}-{attempt}"))
        };
        assert_eq!(of("alb", 1), "gm0123456789abcertificatealb1");
        assert_ne!(of("alb", 1), of("alb", 2));
        assert_ne!(of("alb", 1), of("cdn", 1));
        assert!(of("cdn", u32::MAX).len() <= TOKEN_MAX);
    }
}
