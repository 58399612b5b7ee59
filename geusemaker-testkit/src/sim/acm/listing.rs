//! The list of certificates: filters and pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::certificate::{Certificate, KeyAlgorithm};
use super::{Acm, Code, Users, invalid};
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The statuses of the model; the simulated certificates have some of them.
const STATUSES: [&str; 7] = [
    "EXPIRED",
    "FAILED",
    "INACTIVE",
    "ISSUED",
    "PENDING_VALIDATION",
    "REVOKED",
    "VALIDATION_TIMED_OUT",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    certificate_statuses: Option<Vec<String>>,
    includes: Option<Includes>,
    next_token: Option<String>,
    max_items: Option<u32>,
    sort_by: Option<String>,
    sort_order: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Includes {
    key_types: Option<Vec<String>>,
}

pub(super) fn list(
    acm: &Acm,
    users: &Users<'_>,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: ListRequest = input.body()?;
    let size = request.max_items.unwrap_or(1000);
    if !(1..=1000).contains(&size) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{size}' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000"
        )));
    }
    let statuses = request.certificate_statuses.unwrap_or_default();
    if let Some(other) = statuses
        .iter()
        .find(|status| !STATUSES.contains(&status.as_str()))
    {
        return Err(invalid(format!(
            "1 validation error detected: Value '[{other}]' at 'certificateStatuses' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [{}]]",
            STATUSES.join(", ")
        )));
    }
    // The model: by default, only certificates with RSA keys of this size are listed.
    let usual = || vec![KeyAlgorithm::Rsa2048.as_str().to_owned()];
    let key_types = request.includes.and_then(|includes| includes.key_types);
    let key_types = key_types
        .filter(|types| !types.is_empty())
        .unwrap_or_else(usual);
    let is_meant = |certificate: &&Certificate| {
        let status = certificate.status(context.now).as_str();
        certificate.is_known(context.now)
            && (statuses.is_empty() || statuses.iter().any(|one| one == status))
            && key_types
                .iter()
                .any(|one| one == certificate.key_algorithm.as_str())
    };
    let mut found: Vec<&Certificate> = acm.certificates.values().filter(is_meant).collect();
    sort(
        &mut found,
        request.sort_by.as_deref(),
        request.sort_order.as_deref(),
    )?;
    if let Some(token) = &request.next_token {
        let arn = STANDARD.decode(token).ok();
        let arn = arn.and_then(|arn| String::from_utf8(arn).ok());
        let place = arn.and_then(|arn| found.iter().position(|one| one.arn == arn));
        let place = place
            .ok_or_else(|| ServiceError::new(Code::InvalidArgsException, "Invalid NextToken"))?;
        found.drain(..=place);
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let listed = |certificate: &&Certificate| {
        let is_in_use = !acm.users(users, &certificate.arn, context).is_empty();
        let mut summary = certificate.summary(is_in_use, context.now);
        let names = certificate.names.iter().map(|one| one.name.as_str());
        summary["SubjectAlternativeNameSummaries"] = names.take(100).collect();
        summary["HasAdditionalSubjectAlternativeNames"] = (certificate.names.len() > 100).into();
        summary["InUse"] = is_in_use.into();
        summary["Exported"] = false.into();
        summary
    };
    let page: Vec<Value> = found.iter().take(size).map(listed).collect();
    let mut body = json!({ "CertificateSummaryList": page });
    if found.len() > size
        && let Some(last) = found.get(size - 1)
    {
        body["NextToken"] = STANDARD.encode(&last.arn).into();
    }
    Ok(Reply::json(body))
}

/// Sorts by the time of creation, if asked to. One of the two parameters without the other is refused.
fn sort(
    found: &mut [&Certificate],
    by: Option<&str>,
    order: Option<&str>,
) -> Result<(), ServiceError> {
    match (by, order) {
        (None, None) => Ok(()),
        (Some("CREATED_AT"), Some("ASCENDING")) => {
            found.sort_by_key(|one| one.created_at);
            Ok(())
        }
        (Some("CREATED_AT"), Some("DESCENDING")) => {
            found.sort_by_key(|one| std::cmp::Reverse(one.created_at));
            Ok(())
        }
        _ => Err(ServiceError::new(
            Code::InvalidArgsException,
            "SortBy and SortOrder must be specified together: CREATED_AT, and ASCENDING or DESCENDING.",
        )),
    }
}
