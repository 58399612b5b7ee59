//! Service Quotas: the quotas that the other services here enforce, and requests for more.

mod error_code;
mod increase;
mod listed;
mod operations;
mod paging;
mod value;

use serde::{Deserialize, Serialize};

pub(crate) use self::error_code::{Code, ERROR_CODES};
use self::increase::Increase;
pub(crate) use self::operations::OPERATIONS;
use super::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The content of Service Quotas in one region. The quotas themselves are those of the account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ServiceQuotas {
    /// The requests for more, the oldest first.
    increases: Vec<Increase>,
}

/// Answers a call of Service Quotas.
pub(crate) fn answer(
    service_quotas: &mut ServiceQuotas,
    context: &mut RequestContext<'_>,
    operation: &str,
    input: &Input,
) -> Result<Reply, ServiceError> {
    operations::perform(operation, service_quotas, context, input)
}

fn illegal(message: impl Into<String>) -> ServiceError {
    ServiceError::new(Code::IllegalArgumentException, message)
}
