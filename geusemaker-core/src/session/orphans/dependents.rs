//! The resources without tags that are in the way of resources with tags.

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::id::{CertificateArn, DistributionId, LoadBalancerArn};
use crate::kind::ResourceKind;
use crate::resource::pair_id::PairId;
use crate::resource::tagged::TaggedResource;
use crate::resource::{
    certificate, distribution, dns_record, hosted_zone, instance_profile,
    internet_gateway_attachment, load_balancer, role_policy, route_table_association,
};

/// Returns the policies of roles and the roles of instance profiles.
pub(super) async fn of_roles(
    orphans: &[TaggedResource],
    aws: &Reader,
) -> Result<Vec<TaggedResource>, AwsError> {
    let mut dependents = Vec::new();
    for orphan in orphans {
        if orphan.kind == ResourceKind::InstanceProfile {
            let roles = instance_profile::roles(aws, orphan.id.as_str()).await?;
            dependents.extend(roles.unwrap_or_default().iter().map(|role| {
                let id = PairId::new(&orphan.id, role);
                orphan.dependent(ResourceKind::InstanceProfileRole, id.as_ref())
            }));
        } else if orphan.kind == ResourceKind::Role {
            let policies = match role_policy::of_role(aws, orphan.id.as_str()).await {
                // It was deleted in the meantime.
                Err(error) if error.is_not_found() => Vec::new(),
                policies => policies?,
            };
            dependents.extend(policies.iter().map(|policy| {
                let id = PairId::new(&orphan.id, policy);
                orphan.dependent(ResourceKind::RolePolicy, id.as_ref())
            }));
        }
    }
    Ok(dependents)
}

/// Returns the attachments of internet gateways, and the associations of route tables. Routes go with their table.
pub(super) async fn of_networks(
    orphans: &[TaggedResource],
    aws: &Reader,
) -> Result<Vec<TaggedResource>, AwsError> {
    let mut dependents = Vec::new();
    for orphan in orphans {
        let id = orphan.id.as_str();
        if orphan.kind == ResourceKind::InternetGateway {
            let vpcs = internet_gateway_attachment::vpcs_of(aws, id).await?;
            dependents.extend(vpcs.iter().map(|vpc| {
                let id = PairId::new(&orphan.id, vpc);
                orphan.dependent(ResourceKind::InternetGatewayAttachment, id.as_ref())
            }));
        } else if orphan.kind == ResourceKind::RouteTable {
            let associations = route_table_association::of_table(aws, id).await?;
            let dependent = |id| orphan.dependent(ResourceKind::RouteTableAssociation, id);
            dependents.extend(associations.into_iter().map(dependent));
        }
    }
    Ok(dependents)
}

/// Returns the records that lead to load balancers and distributions, or validate certificates.
pub(super) async fn of_names(
    orphans: &[TaggedResource],
    aws: &Reader,
) -> Result<Vec<TaggedResource>, AwsError> {
    let mut targets: Vec<(String, &TaggedResource)> = Vec::new();
    for orphan in orphans {
        let id = orphan.id.as_str();
        let names = match orphan.kind {
            ResourceKind::LoadBalancer => {
                load_balancer::dns_name(aws, &LoadBalancerArn::from_aws(id)).await
            }
            ResourceKind::Distribution => {
                distribution::domain(aws, &DistributionId::from_aws(id)).await
            }
            ResourceKind::Certificate => {
                certificate::validation_targets(aws, &CertificateArn::from_aws(id)).await
            }
            _ => continue,
        };
        let names = match names {
            // It was deleted in the meantime.
            Err(error) if error.is_not_found() => continue,
            names => names?,
        };
        targets.extend(names.into_iter().map(|name| (name, orphan)));
    }
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<_> = targets.iter().map(|(name, _)| name.clone()).collect();
    let has_certificate = orphans
        .iter()
        .any(|it| it.kind == ResourceKind::Certificate);
    let zones = match hosted_zone::all_public(aws).await {
        // Without certificates, the stacks have hardly had names.
        Err(error) if error.class == ErrorClass::Permission && !has_certificate => Vec::new(),
        zones => zones?,
    };
    let mut dependents = Vec::new();
    for zone in zones {
        for (target, record) in dns_record::leading_to(aws, &zone, &names).await? {
            let of_target = targets.iter().find(|(name, _)| *name == target);
            dependents.extend(
                of_target.map(|(_, orphan)| orphan.dependent(ResourceKind::DnsRecord, record)),
            );
        }
    }
    Ok(dependents)
}
