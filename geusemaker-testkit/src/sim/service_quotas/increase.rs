//! Requests for more of a quota. Nobody decides about them here, so that they stay pending.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Code, ServiceQuotas, illegal, listed, paging, value};
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The only status.
const PENDING: &str = "PENDING";

/// A request for more of a quota.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Increase {
    id: String,
    service: String,
    code: String,
    desired: f64,
    created_at: Timestamp,
}

impl Increase {
    fn description(&self, context: &RequestContext<'_>) -> Result<Value, ServiceError> {
        let listed = listed::find(&self.service, &self.code)?;
        let created_at = self.created_at.as_millisecond() as f64 / 1000.0;
        Ok(json!({
            "Id": self.id,
            "ServiceCode": listed.service,
            "ServiceName": listed.service_name(),
            "QuotaCode": listed.code,
            "QuotaName": listed.name,
            "DesiredValue": self.desired,
            "Status": PENDING,
            "Created": created_at,
            "LastUpdated": created_at,
            "Requester": json!({ "accountId": context.account_id }).to_string(),
            "QuotaArn": value::arn(listed, context),
            "GlobalQuota": false,
            "Unit": "None",
            "QuotaRequestedAtLevel": "ACCOUNT",
        }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IncreaseRequest {
    service_code: String,
    quota_code: String,
    desired_value: f64,
    #[serde(rename = "SupportCaseAllowed")]
    _support_case_allowed: Option<bool>,
}

/// Answers RequestServiceQuotaIncrease.
pub(super) fn request(
    service_quotas: &mut ServiceQuotas,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: IncreaseRequest = input.body()?;
    let listed = listed::find(&request.service_code, &request.quota_code)?;
    if request.desired_value <= f64::from(listed.applied(context)) {
        return Err(illegal(
            "You must provide a quota value greater than the current or default quota value.",
        ));
    }
    let mut open = service_quotas.increases.iter();
    if open.any(|other| other.service == listed.service && other.code == listed.code) {
        let message = "Only one open service quota increase request is allowed per quota.";
        let code = Code::ResourceAlreadyExistsException;
        return Err(ServiceError::new(code, message));
    }
    let increase = Increase {
        id: context.rng.alphanumeric(40),
        service: request.service_code,
        code: request.quota_code,
        desired: request.desired_value,
        created_at: context.now,
    };
    let description = increase.description(context)?;
    service_quotas.increases.push(increase);
    Ok(Reply::json(json!({ "RequestedQuota": description })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRequest {
    request_id: String,
}

/// Answers GetRequestedServiceQuotaChange.
pub(super) fn get(
    service_quotas: &ServiceQuotas,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let GetRequest { request_id } = input.body()?;
    let mut increases = service_quotas.increases.iter();
    let Some(increase) = increases.find(|increase| increase.id == request_id) else {
        let message =
            format!("The request failed because the request {request_id} does not exist.");
        return Err(ServiceError::new(Code::NoSuchResourceException, message));
    };
    let description = increase.description(context)?;
    Ok(Reply::json(json!({ "RequestedQuota": description })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    service_code: String,
    quota_code: String,
    status: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// Answers ListRequestedServiceQuotaChangeHistoryByQuota.
pub(super) fn list(
    service_quotas: &ServiceQuotas,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: ListRequest = input.body()?;
    let listed = listed::find(&request.service_code, &request.quota_code)?;
    let is_pending = request.status.is_none_or(|status| status == PENDING);
    let found: Result<Vec<Value>, ServiceError> = service_quotas
        .increases
        .iter()
        .filter(|increase| is_pending && increase.service == listed.service)
        .filter(|increase| increase.code == listed.code)
        .map(|increase| increase.description(context))
        .collect();
    let token = request.next_token.as_deref();
    paging::reply("RequestedQuotas", request.max_results, token, found?)
}
