//! AWS Security Token Service: the identity of the caller.

use super::context::RequestContext;
use super::error_codes::ErrorCodes;
use super::operation::operations;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The simulator itself refuses no call of STS.
pub(crate) const ERROR_CODES: ErrorCodes = ErrorCodes {
    own: &[],
    injected: &[],
    denied: "AccessDenied",
    server_error: "InternalFailure",
};

pub(crate) fn answer(
    context: &RequestContext<'_>,
    operation: &str,
    params: &Params,
) -> Result<Reply, ServiceError> {
    perform(operation, context, params)
}

operations! {
    Service::Sts: operation(context: &RequestContext<'_>, params: &Params) {
        "GetCallerIdentity" => caller_identity(context, params),
    }
}

fn caller_identity(context: &RequestContext<'_>, params: &Params) -> Result<Reply, ServiceError> {
    params.refuse_unread("GetCallerIdentity")?;
    Ok(Reply::xml(
        Element::new("result")
            .with("Arn", context.user_arn())
            .with("UserId", "AIDASIMULATEDUSER0001")
            .with("Account", context.account_id),
    ))
}
