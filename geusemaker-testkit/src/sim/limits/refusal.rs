//! The answers of the services to a caller who calls too often.

use crate::sim::{
    acm, cloudfront, ec2, efs, elastic_load_balancing, iam, route53, secrets_manager,
    service_quotas, ssm,
};
use crate::wire::{Service, ServiceError};

/// Returns the answer to a throttled call, in the service's own wording.
pub(crate) fn refusal(service: Service) -> ServiceError {
    let message = "Rate exceeded";
    match service {
        // IAM, STS, Secrets Manager, Service Quotas and Systems Manager are throttled by faults only.
        Service::Acm => ServiceError::new(acm::Code::ThrottlingException, message),
        Service::Route53 => ServiceError::new(route53::Code::Throttling, message),
        Service::CloudFront | Service::Sts => {
            ServiceError::new(cloudfront::Code::Throttling, message)
        }
        Service::Ec2 => {
            ServiceError::new(ec2::Code::RequestLimitExceeded, "Request limit exceeded.")
        }
        // The EFS model has this error for CreateAccessPoint only; the same answer from the other calls is assumed.
        Service::Efs => ServiceError::new(efs::Code::ThrottlingException, message),
        Service::SecretsManager => {
            ServiceError::new(secrets_manager::Code::ThrottlingException, message)
        }
        Service::ServiceQuotas => {
            ServiceError::new(service_quotas::Code::TooManyRequestsException, message)
        }
        Service::Ssm => ServiceError::new(ssm::Code::ThrottlingException, message),
        Service::Iam => ServiceError::new(iam::Code::Throttling, message),
        Service::ElasticLoadBalancing => {
            ServiceError::new(elastic_load_balancing::Code::ThrottlingException, message)
        }
    }
}
