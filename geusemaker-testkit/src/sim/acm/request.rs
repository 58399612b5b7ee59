//! Requests for certificates.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::certificate::{Certificate, KeyAlgorithm};
use super::domain_name::DomainName;
use super::tags::{self, Tag};
use super::{Acm, Code, Users, invalid};
use crate::sim::context::RequestContext;
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::quota::Quota;
use crate::sim::timings::Step;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The time for which a token stands for one certificate.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CertificateRequest {
    domain_name: String,
    validation_method: Option<String>,
    #[serde(default)]
    subject_alternative_names: Vec<String>,
    idempotency_token: Option<String>,
    options: Option<Options>,
    #[serde(default)]
    tags: Vec<Tag>,
    key_algorithm: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Options {
    certificate_transparency_logging_preference: Option<String>,
    export: Option<String>,
}

pub(super) fn request(
    acm: &mut Acm,
    users: &Users<'_>,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: CertificateRequest = input.body()?;
    let names = read_names(&request)?;
    let key_algorithm = read_key_algorithm(request.key_algorithm.as_deref())?;
    check_method(request.validation_method.as_deref())?;
    check_options(request.options.as_ref())?;
    let token = request.idempotency_token;
    if let Some(token) = &token
        && !is_token(token)
    {
        return Err(invalid(format!(
            "1 validation error detected: Value '{token}' at 'idempotencyToken' failed to satisfy constraint: Member must satisfy regular expression pattern: \\w+"
        )));
    }
    let is_same = |other: &&Certificate| {
        token.is_some()
            && other.token == token
            && context.now < other.created_at + TOKEN_LIFETIME
            && other.names.iter().map(|one| &one.name).eq(&names)
            && other.key_algorithm == key_algorithm
    };
    if let Some(same) = acm.certificates.values().find(is_same) {
        return Ok(Reply::json(json!({ "CertificateArn": same.arn })));
    }
    let count = names.len();
    context.quotas.admit(Quota::NamesPerCertificate, count)?;
    let certificates = acm.certificates.len();
    context
        .quotas
        .admit(Quota::Certificates, certificates + 1)?;
    let id = context.rng.uuid();
    let mut made = Certificate::pending(context, &id, names, key_algorithm);
    tags::insert(&mut made.tags, request.tags)?;
    made.token = token;
    made.known_at = context.now + context.rng.duration(Step::Consistency);
    made.records_at = context.now + context.rng.duration(Step::ValidationRecordShown);
    made.validation_time = context.duration(Step::CertificateValidated);
    if let LifecycleOverride::Fails { reason, after } = context.lifecycle {
        let at = made.records_at + after.unwrap_or_default();
        made.failure = Some((at, reason.clone()));
    }
    // The records may be there already, for another certificate of the name.
    made.look_for_records(users.route53, context.now);
    let reply = Reply::json(json!({ "CertificateArn": made.arn }));
    acm.certificates.insert(made.arn.clone(), made);
    Ok(reply)
}

/// Reads the names without repetitions, the certificate's own first.
fn read_names(request: &CertificateRequest) -> Result<Vec<DomainName>, ServiceError> {
    if request.domain_name.len() > 64 {
        // The common name of a certificate has 64 characters at most; the code is assumed.
        let message = "The first domain name can be no longer than 64 characters.";
        return Err(ServiceError::new(
            Code::InvalidDomainValidationOptionsException,
            message,
        ));
    }
    let further = &request.subject_alternative_names;
    if further.len() > 100 {
        return Err(invalid(
            "1 validation error detected: Value at 'subjectAlternativeNames' failed to satisfy constraint: Member must have length less than or equal to 100",
        ));
    }
    let mut names: Vec<DomainName> = Vec::new();
    let own = ("domainName", &request.domain_name);
    let further = further.iter().map(|name| ("subjectAlternativeNames", name));
    for (member, text) in [own].into_iter().chain(further) {
        let name = DomainName::parse(text).ok_or_else(|| {
            invalid(format!(
                "1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: Member must satisfy regular expression pattern: (\\*\\.)?(((?!-)[A-Za-z0-9-]{{0,62}}[A-Za-z0-9])\\.)+((?!-)[A-Za-z0-9-]{{1,62}}[A-Za-z0-9])"
            ))
        })?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn read_key_algorithm(name: Option<&str>) -> Result<KeyAlgorithm, ServiceError> {
    let known = [
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::EcPrime256v1,
        KeyAlgorithm::EcSecp384r1,
    ];
    match name {
        None => Ok(KeyAlgorithm::Rsa2048),
        Some(name) => known
            .into_iter()
            .find(|known| known.as_str() == name)
            .ok_or_else(|| {
                // The model: the other algorithms are for imported certificates.
                let message = format!(
                    "The key algorithm {name} is not supported for requested certificates."
                );
                ServiceError::new(Code::InvalidParameterException, message)
            }),
    }
}

/// Refuses the other ways of validation. Without any, AWS sends mails.
fn check_method(method: Option<&str>) -> Result<(), ServiceError> {
    match method {
        Some("DNS") => Ok(()),
        None | Some("EMAIL") => Err(ServiceError::unsupported(
            "the validation of certificates by mail, which is AWS's default",
        )),
        Some("HTTP") => Err(ServiceError::unsupported(
            "the validation of certificates by HTTP",
        )),
        Some(other) => Err(invalid(format!(
            "1 validation error detected: Value '{other}' at 'validationMethod' failed to satisfy constraint: Member must satisfy enum value set: [DNS, EMAIL, HTTP]"
        ))),
    }
}

fn check_options(options: Option<&Options>) -> Result<(), ServiceError> {
    let Some(options) = options else {
        return Ok(());
    };
    let unsupported = |what: &str| Err(ServiceError::unsupported(what));
    match (
        options
            .certificate_transparency_logging_preference
            .as_deref(),
        options.export.as_deref(),
    ) {
        (None | Some("ENABLED"), None | Some("DISABLED")) => Ok(()),
        (None | Some("ENABLED"), Some(_)) => unsupported("certificates that can be exported"),
        (Some(_), _) => unsupported("certificates without transparency logging"),
    }
}

fn is_token(token: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=32).contains(&token.len()) && token.chars().all(is_word)
}
