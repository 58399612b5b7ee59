//! The quotas that Service Quotas lists: their codes, names and defaults.

use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::wire::ServiceError;

use super::Code;

/// The value of a quota of vCPUs that is not set, and so not limited: a number that no need exceeds.
const UNLIMITED: u32 = 100_000;

/// A quota as Service Quotas lists it.
#[derive(Debug)]
pub(super) struct ListedQuota {
    quota: Quota,
    /// The code of the service, such as `ec2`.
    pub(super) service: &'static str,
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// AWS's default, which a new account has.
    pub(super) default: u32,
}

impl ListedQuota {
    /// Returns the value that holds for the account.
    pub(super) fn applied(&self, context: &RequestContext<'_>) -> u32 {
        context.quotas.limit(self.quota).unwrap_or(UNLIMITED)
    }

    pub(super) fn service_name(&self) -> &'static str {
        match self.service {
            "ec2" => "Amazon Elastic Compute Cloud (Amazon EC2)",
            "elasticfilesystem" => "Amazon Elastic File System (EFS)",
            "elasticloadbalancing" => "Elastic Load Balancing (ELB)",
            "vpc" => "Amazon Virtual Private Cloud (Amazon VPC)",
            other => other,
        }
    }
}

/// Returns the quotas of a service, by code.
pub(super) fn of_service(service: &str) -> Result<Vec<&'static ListedQuota>, ServiceError> {
    let listed: Vec<_> = LISTED.iter().filter(|it| it.service == service).collect();
    if listed.is_empty() {
        return Err(no_such("service", service));
    }
    Ok(listed)
}

/// Returns the quota of that service with that code.
pub(super) fn find(service: &str, code: &str) -> Result<&'static ListedQuota, ServiceError> {
    let listed = of_service(service)?;
    let found = listed.into_iter().find(|it| it.code == code);
    found.ok_or_else(|| no_such("quota", code))
}

fn no_such(kind: &str, name: &str) -> ServiceError {
    let message = format!("The request failed because the specified {kind} {name} does not exist.");
    ServiceError::new(Code::NoSuchResourceException, message)
}

const fn row(
    quota: Quota,
    service: &'static str,
    code: &'static str,
    name: &'static str,
    default: u32,
) -> ListedQuota {
    ListedQuota {
        quota,
        service,
        code,
        name,
        default,
    }
}

/// By service and code. The codes and names are those of gruntwork-io/terraform-aws-utilities @55f0c2d, and for the
/// service vpc with the defaults, of moto 5.2.5.
#[rustfmt::skip]
const LISTED: &[ListedQuota] = &[
    row(Quota::ElasticIps, "ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5),
    row(Quota::OnDemandStandard, "ec2", "L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5),
    row(Quota::OnDemandInf, "ec2", "L-1945791B", "Running On-Demand Inf instances", 0),
    row(Quota::OnDemandTrn, "ec2", "L-2C3B7624", "Running On-Demand Trn instances", 0),
    row(Quota::SpotStandard, "ec2", "L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 5),
    row(Quota::SpotGAndVt, "ec2", "L-3819A6DF", "All G and VT Spot Instance Requests", 0),
    row(Quota::OnDemandP, "ec2", "L-417A185B", "Running On-Demand P instances", 0),
    row(Quota::SpotTrn, "ec2", "L-6B0D517C", "All Trn Spot Instance Requests", 0),
    row(Quota::OnDemandDl, "ec2", "L-6E869C2A", "Running On-Demand DL instances", 0),
    row(Quota::SpotP, "ec2", "L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", 0),
    row(Quota::SpotDl, "ec2", "L-85EED4F7", "All DL Spot Instance Requests", 0),
    row(Quota::SpotInf, "ec2", "L-B5D1601B", "All Inf Spot Instance Requests", 0),
    row(Quota::SpotP5, "ec2", "L-C4BD4855", "All P5 Spot Instance Requests", 0),
    row(Quota::OnDemandGAndVt, "ec2", "L-DB2E81BA", "Running On-Demand G and VT instances", 0),
    row(Quota::FileSystems, "elasticfilesystem", "L-848C634D", "File systems per account", 1000),
    row(Quota::LoadBalancers, "elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region", 50),
    row(Quota::RulesPerLoadBalancer, "elasticloadbalancing", "L-7EED9B64", "Rules per Application Load Balancer", 100),
    row(Quota::TargetsPerTargetGroup, "elasticloadbalancing", "L-A0D0B863", "Targets per Target Group per Region", 1000),
    row(Quota::TargetGroups, "elasticloadbalancing", "L-B22855CB", "Target Groups per Region", 3000),
    row(Quota::ListenersPerLoadBalancer, "elasticloadbalancing", "L-B6DF7632", "Listeners per Application Load Balancer", 50),
    row(Quota::RulesPerSecurityGroup, "vpc", "L-0EA8095F", "Inbound or outbound rules per security group", 60),
    row(Quota::SecurityGroupsPerInterface, "vpc", "L-2AFB9258", "Security groups per network interface", 5),
    row(Quota::SubnetsPerVpc, "vpc", "L-407747CB", "Subnets per VPC", 200),
    row(Quota::NetworkInterfaces, "vpc", "L-DF5E4CA3", "Network interfaces per Region", 5000),
    row(Quota::SecurityGroups, "vpc", "L-E79EC296", "VPC security groups per Region", 2500),
    row(Quota::Vpcs, "vpc", "L-F678F1CE", "VPCs per Region", 5),
];

#[cfg(test)]
mod tests {
    use super::LISTED;

    #[test]
    fn listed_quotas_are_sorted_and_unique() {
        assert!(
            LISTED.is_sorted_by(|one, next| (one.service, one.code) < (next.service, next.code))
        );
        for listed in LISTED {
            if let Some(value) = listed.quota.default_value() {
                assert_eq!(value, listed.default, "{}", listed.name);
            }
        }
    }
}
