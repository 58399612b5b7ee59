//! AWS Security Token Service: the identity of the caller.

use super::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn answer(
    context: &RequestContext<'_>,
    operation: &str,
    params: &Params,
) -> Result<Reply, ServiceError> {
    match operation {
        "GetCallerIdentity" => {
            params.refuse_unread(operation)?;
            Ok(Reply::xml(
                Element::new("result")
                    .with(
                        "Arn",
                        format_args!("arn:aws:iam::{}:user/simulated", context.account_id),
                    )
                    .with("UserId", "AIDASIMULATEDUSER0001")
                    .with("Account", context.account_id),
            ))
        }
        _ => Err(ServiceError::unsupported(format_args!("sts {operation}"))),
    }
}
