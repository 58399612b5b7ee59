//! The simulator: one folder per service, and the parts that they share.
//!
//! A service's state is plain data with the times of its changes, drawn when the call that starts a change is made. The
//! current state of a resource follows from that and from the clock, so nothing runs in the background.

pub(crate) mod account;
pub(crate) mod acm;
pub(crate) mod capacity;
pub(crate) mod catalog;
pub(crate) mod cloudfront;
pub(crate) mod context;
pub(crate) mod ec2;
pub(crate) mod efs;
pub(crate) mod elastic_load_balancing;
pub(crate) mod error_codes;
pub(crate) mod guest;
pub(crate) mod iam;
pub(crate) mod lifecycle;
pub(crate) mod limits;
pub(crate) mod newer_type;
pub(crate) mod operation;
pub(crate) mod opt_in;
pub(crate) mod partition;
pub(crate) mod quota;
pub(crate) mod regions;
pub(crate) mod resource;
pub(crate) mod route53;
pub(crate) mod secrets_manager;
pub(crate) mod service_quotas;
pub(crate) mod ssm;
pub(crate) mod sts;
pub(crate) mod timings;

use std::sync::Arc;

use jiff::Timestamp;

use self::account::Account;
use self::context::RequestContext;
use self::guest::Guest;
use self::lifecycle::LifecycleOverride;
use self::partition::Partition;
use crate::wire::{Call, Input, Reply, Service, ServiceError};

/// Answers one call at one moment.
pub(crate) fn answer(
    account: &mut Account,
    guest: &Arc<dyn Guest>,
    now: Timestamp,
    lifecycle: &LifecycleOverride,
    call: &mut Call,
) -> Result<Reply, ServiceError> {
    account.admit_region(&call.region, call.service)?;
    let partition = Partition::of(&call.region);
    let is_global = matches!(call.service, Service::CloudFront | Service::Route53);
    if is_global && partition != Partition::Aws {
        return Err(ServiceError::unsupported(format_args!(
            "{} in the partition {partition}",
            call.service
        )));
    }
    account.limits.admit(now, call)?;
    // AWS's times are in milliseconds.
    let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    account.region(&call.region);
    let Account {
        id,
        rng,
        regions,
        cloudfront,
        iam,
        route53,
        quotas,
        capacity,
        opt_ins,
        newer_types,
        ..
    } = account;
    let Some(region) = regions.get_mut(&call.region) else {
        return Err(ServiceError::unsupported(format_args!(
            "the region {}",
            call.region
        )));
    };
    let mut context = RequestContext {
        now,
        account_id: id,
        region: &call.region,
        rng,
        guest,
        lifecycle,
        quotas,
        capacity,
        opt_ins,
        newer_types,
    };
    let operation = call.operation.as_str();
    match (&mut call.input, call.service) {
        (Input::Query(params), Service::Ec2) => {
            if operation == "RunInstances" {
                ssm::resolve_image(&region.ssm, &context, params)?;
            }
            ec2::answer(&mut region.ec2, iam, &mut context, operation, params)
        }
        (Input::Query(params), Service::ElasticLoadBalancing) => {
            elastic_load_balancing::answer(region, cloudfront, &mut context, operation, params)
        }
        (Input::Query(params), Service::Iam) => iam::answer(iam, &mut context, operation, params),
        (Input::AwsJson(input), Service::Acm) => {
            acm::answer(region, cloudfront, route53, &mut context, operation, input)
        }
        (Input::AwsJson(input), Service::SecretsManager) => {
            secrets_manager::answer(&mut region.secrets_manager, &mut context, operation, input)
        }
        (Input::AwsJson(input), Service::ServiceQuotas) => {
            service_quotas::answer(&mut region.service_quotas, &mut context, operation, input)
        }
        (Input::AwsJson(input), Service::Ssm) => {
            ssm::answer(region, iam, &mut context, operation, input)
        }
        (Input::Query(params), Service::Sts) => sts::answer(&context, operation, params),
        (Input::RestJson(input), Service::Efs) => {
            efs::answer(region, &mut context, operation, input)
        }
        (Input::RestXml(input), Service::CloudFront) => {
            cloudfront::answer(cloudfront, regions, &mut context, operation, input)
        }
        (Input::RestXml(input), Service::Route53) => {
            route53::answer(route53, regions, cloudfront, &mut context, operation, input)
        }
        (_, service) => Err(ServiceError::unsupported(format_args!(
            "this protocol for {service}"
        ))),
    }
}
