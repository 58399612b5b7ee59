//! The values of quotas: those that hold for the account, and AWS's defaults.

use serde::Deserialize;
use serde_json::{Value, json};

use super::listed::{self, ListedQuota};
use super::paging;
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRequest {
    service_code: String,
    quota_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    service_code: String,
    max_results: Option<usize>,
    next_token: Option<String>,
    /// A single quota to list, which only ListServiceQuotas knows.
    quota_code: Option<String>,
}

/// Answers GetServiceQuota.
pub(super) fn applied(context: &RequestContext<'_>, input: &Input) -> Result<Reply, ServiceError> {
    let request: GetRequest = input.body()?;
    let listed = listed::find(&request.service_code, &request.quota_code)?;
    let quota = description(listed, listed.applied(context), context);
    Ok(Reply::json(json!({ "Quota": quota })))
}

/// Answers GetAWSDefaultServiceQuota.
pub(super) fn default(context: &RequestContext<'_>, input: &Input) -> Result<Reply, ServiceError> {
    let request: GetRequest = input.body()?;
    let listed = listed::find(&request.service_code, &request.quota_code)?;
    let quota = description(listed, listed.default, context);
    Ok(Reply::json(json!({ "Quota": quota })))
}

/// Answers ListServiceQuotas.
pub(super) fn list_applied(
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    list(context, input, |listed| listed.applied(context))
}

/// Answers ListAWSDefaultServiceQuotas.
pub(super) fn list_defaults(
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    list(context, input, |listed| listed.default)
}

fn list(
    context: &RequestContext<'_>,
    input: &Input,
    value: impl Fn(&ListedQuota) -> u32,
) -> Result<Reply, ServiceError> {
    let request: ListRequest = input.body()?;
    let quotas = listed::of_service(&request.service_code)?
        .into_iter()
        .filter(|listed| {
            request
                .quota_code
                .as_ref()
                .is_none_or(|code| code == listed.code)
        })
        .map(|listed| description(listed, value(listed), context))
        .collect();
    let token = request.next_token.as_deref();
    paging::reply("Quotas", request.max_results, token, quotas)
}

fn description(listed: &ListedQuota, value: u32, context: &RequestContext<'_>) -> Value {
    json!({
        "ServiceCode": listed.service,
        "ServiceName": listed.service_name(),
        "QuotaArn": arn(listed, context),
        "QuotaCode": listed.code,
        "QuotaName": listed.name,
        "Value": f64::from(value),
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
        "QuotaAppliedAtLevel": "ACCOUNT",
    })
}

pub(super) fn arn(listed: &ListedQuota, context: &RequestContext<'_>) -> String {
    format!(
        "arn:{}:servicequotas:{}:{}:{}/{}",
        context.partition(),
        context.region,
        context.account_id,
        listed.service,
        listed.code
    )
}
