//! The answers of the services to a caller who calls too often.

use crate::wire::{Service, ServiceError};

/// Returns the answer to a throttled call, in the service's own wording.
pub(crate) fn refusal(service: Service) -> ServiceError {
    match service {
        Service::Ec2 => {
            ServiceError::new("RequestLimitExceeded", "Request limit exceeded.").status(503)
        }
        Service::ElasticLoadBalancing => ServiceError::new("ThrottlingException", "Rate exceeded"),
        Service::CloudFront | Service::Sts => ServiceError::new("Throttling", "Rate exceeded"),
        // The EFS model has this error for CreateAccessPoint only; the same answer from the other calls is assumed.
        Service::Efs => ServiceError::new("ThrottlingException", "Rate exceeded").status(429),
    }
}
