//! The operations of a service: their names, and the function that answers each.

/// Declares the operations of a service, one a line: the name, and the call that answers it. From these lines come both
/// `perform`, which answers a call, and `OPERATIONS`, the list of names in alphabetical order.
macro_rules! operations {
    (
        Service::$service:ident: $operation:ident($($argument:ident: $type:ty),+) {
            $($name:literal => $answer:expr,)+
        }
    ) => {
        pub(crate) const OPERATIONS: &[&str] = &[$($name),+];

        pub(super) fn perform(
            $operation: &str,
            $($argument: $type),+
        ) -> Result<crate::wire::Reply, crate::wire::ServiceError> {
            match $operation {
                $($name => $answer,)+
                _ => Err(crate::wire::ServiceError::unsupported(format_args!(
                    "{} {}",
                    crate::wire::Service::$service,
                    $operation
                ))),
            }
        }
    };
}

pub(crate) use operations;

use crate::sim::{
    acm, cloudfront, ec2, efs, elastic_load_balancing, iam, route53, secrets_manager,
    service_quotas, ssm, sts,
};
use crate::wire::Service;

/// Returns the operations of a service, in alphabetical order.
pub(crate) fn names(service: Service) -> &'static [&'static str] {
    match service {
        Service::Acm => acm::OPERATIONS,
        Service::CloudFront => cloudfront::OPERATIONS,
        Service::Ec2 => ec2::OPERATIONS,
        Service::Efs => efs::OPERATIONS,
        Service::ElasticLoadBalancing => elastic_load_balancing::OPERATIONS,
        Service::Iam => iam::OPERATIONS,
        Service::Route53 => route53::OPERATIONS,
        Service::SecretsManager => secrets_manager::OPERATIONS,
        Service::ServiceQuotas => service_quotas::OPERATIONS,
        Service::Ssm => ssm::OPERATIONS,
        Service::Sts => sts::OPERATIONS,
    }
}

#[cfg(test)]
mod tests {
    use super::names;
    use crate::wire::Service;

    #[test]
    fn tables_are_sorted_and_unique() {
        for service in Service::ALL {
            let names = names(service);
            assert!(names.is_sorted_by(|one, next| one < next), "{service}");
        }
    }
}
