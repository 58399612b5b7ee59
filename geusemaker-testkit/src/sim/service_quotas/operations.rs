//! The operations of Service Quotas, one a line.

use super::{ServiceQuotas, increase, value};
use crate::sim::context::RequestContext;
use crate::sim::operation::operations;
use crate::wire::aws_json::Input;

operations! {
    Service::ServiceQuotas: operation(
        service_quotas: &mut ServiceQuotas,
        context: &mut RequestContext<'_>,
        input: &Input
    ) {
        "GetAWSDefaultServiceQuota" => value::default(context, input),
        "GetRequestedServiceQuotaChange" => increase::get(service_quotas, context, input),
        "GetServiceQuota" => value::applied(context, input),
        "ListAWSDefaultServiceQuotas" => value::list_defaults(context, input),
        "ListRequestedServiceQuotaChangeHistoryByQuota" => {
            increase::list(service_quotas, context, input)
        },
        "ListServiceQuotas" => value::list_applied(context, input),
        "RequestServiceQuotaIncrease" => increase::request(service_quotas, context, input),
    }
}
