//! What a service says to a caller who calls too often.

use crate::wire::{Service, ServiceError};

/// The answer to a throttled call, in the service's own words.
pub(crate) fn refusal(service: Service) -> ServiceError {
    match service {
        Service::Ec2 => {
            ServiceError::new("RequestLimitExceeded", "Request limit exceeded.").status(503)
        }
        Service::ElasticLoadBalancing => ServiceError::new("ThrottlingException", "Rate exceeded"),
        Service::CloudFront | Service::Sts => ServiceError::new("Throttling", "Rate exceeded"),
        // The EFS model has it for CreateAccessPoint only; that the other calls answer with the same is assumed.
        Service::Efs => ServiceError::new("ThrottlingException", "Rate exceeded").status(429),
    }
}
