//! The deletion of certificates.

use serde::Deserialize;

use super::{Acm, Code, Users};
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    certificate_arn: String,
}

pub(super) fn delete(
    acm: &mut Acm,
    users: &Users<'_>,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: DeleteRequest = input.body()?;
    let arn = acm
        .certificate(&request.certificate_arn, context.now)?
        .arn
        .clone();
    if !acm.users(users, &arn, context).is_empty() {
        let message = format!(
            "Certificate {arn} in account {} is in use.",
            context.account_id
        );
        return Err(ServiceError::new(Code::ResourceInUseException, message));
    }
    acm.certificates.remove(&arn);
    acm.deleted.insert(arn);
    Ok(Reply::empty())
}
