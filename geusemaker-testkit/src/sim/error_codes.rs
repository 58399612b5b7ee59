//! The error codes of all services.

use super::{
    acm, cloudfront, ec2, efs, elastic_load_balancing, iam, route53, secrets_manager,
    service_quotas, ssm, sts,
};
use crate::wire::Service;

/// The codes that any service may answer with; the simulator's services do so only for a fault.
const COMMON: &[(&str, u16)] = &[
    ("AccessDenied", 403),
    ("AccessDeniedException", 403),
    ("InternalError", 500),
    ("InternalFailure", 500),
    ("InternalServerError", 500),
    ("ServiceUnavailable", 503),
    ("UnauthorizedOperation", 403),
    ("Unavailable", 503),
];

/// The services with codes of their own, in the order in which a code of another service is looked up. Systems Manager,
/// Secrets Manager, Certificate Manager and Service Quotas have one status for all their errors, which says nothing
/// about the other services.
const OTHERS: [Service; 6] = [
    Service::Ec2,
    Service::ElasticLoadBalancing,
    Service::CloudFront,
    Service::Efs,
    Service::Iam,
    Service::Route53,
];

/// The error codes of one service, with their HTTP statuses.
pub(crate) struct ErrorCodes {
    /// The codes with which the simulator itself refuses calls.
    pub(crate) own: &'static [(&'static str, u16)],
    /// Further codes of the service with a status other than 400; only faults answer with them.
    pub(crate) injected: &'static [(&'static str, u16)],
    /// The code for a call without permission.
    pub(crate) denied: &'static str,
    /// The code for a failure inside AWS.
    pub(crate) server_error: &'static str,
}

impl ErrorCodes {
    /// Returns the codes of a service.
    pub(crate) fn of(service: Service) -> &'static Self {
        match service {
            Service::Acm => &acm::ERROR_CODES,
            Service::CloudFront => &cloudfront::ERROR_CODES,
            Service::Ec2 => &ec2::ERROR_CODES,
            Service::Efs => &efs::ERROR_CODES,
            Service::ElasticLoadBalancing => &elastic_load_balancing::ERROR_CODES,
            Service::Iam => &iam::ERROR_CODES,
            Service::Route53 => &route53::ERROR_CODES,
            Service::SecretsManager => &secrets_manager::ERROR_CODES,
            Service::ServiceQuotas => &service_quotas::ERROR_CODES,
            Service::Ssm => &ssm::ERROR_CODES,
            Service::Sts => &sts::ERROR_CODES,
        }
    }

    /// Returns the codes with which the simulator itself refuses calls, without those of faults and those for requests
    /// that it cannot read.
    pub(crate) fn offered(&self) -> impl Iterator<Item = &'static str> {
        self.own.iter().map(|(code, _)| *code)
    }

    /// Returns the HTTP status that the service sends with a code. A code of other services has its status there, and an
    /// unknown one has 400.
    pub(crate) fn status(&'static self, code: &str) -> u16 {
        let others = OTHERS.into_iter().map(Self::of);
        std::iter::once(self)
            .chain(others)
            .flat_map(|codes| [codes.own, codes.injected])
            .chain([COMMON])
            .flatten()
            .find(|(known, _)| *known == code)
            .map_or(400, |(_, status)| *status)
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorCodes;
    use crate::wire::Service;

    #[test]
    fn tables_are_sorted_and_unique() {
        for service in Service::ALL {
            let ErrorCodes { own, injected, .. } = ErrorCodes::of(service);
            for table in [own, injected] {
                assert!(table.is_sorted_by(|one, next| one.0 < next.0), "{service}");
            }
            let both = own.iter().find(|entry| injected.contains(entry));
            assert_eq!(both, None, "{service}");
        }
    }

    #[test]
    fn denial_and_failure_have_statuses() {
        for service in Service::ALL {
            let codes = ErrorCodes::of(service);
            // The protocol of these has one status for the errors of the caller.
            let denied = match service {
                Service::Acm | Service::SecretsManager | Service::ServiceQuotas | Service::Ssm => {
                    400
                }
                _ => 403,
            };
            assert_eq!(codes.status(codes.denied), denied, "{service}");
            assert_eq!(codes.status(codes.server_error), 500, "{service}");
        }
    }
}
