//! Security groups.

use aws_sdk_ec2::types::{IpPermission, ResourceType};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::{filter, of_deployment};
use super::kind::{Kind, Sharing};
use super::tagged::TaggedResource;
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, SecurityGroupId, VpcId};
use crate::kind::ResourceKind;
use crate::wait::Expected;

/// A new group without ingress rules.
#[derive(Clone, Debug)]
pub(crate) struct NewSecurityGroup {
    pub(crate) vpc: VpcId,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) owner: Owner,
}

impl Create for NewSecurityGroup {
    type Id = SecurityGroupId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            vpc: self.vpc.clone(),
            name: self.name.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<SecurityGroupId, AwsError> {
        let reply = aws
            .ec2
            .create_security_group()
            .vpc_id(self.vpc.as_str())
            .group_name(&self.name)
            .description(&self.description)
            .tag_specifications(self.owner.ec2(ResourceType::SecurityGroup, &self.name))
            .send()
            .await
            .map_err(AwsError::of("ec2:CreateSecurityGroup"))?;
        let id = reply.group_id;
        id.map(SecurityGroupId::from_aws)
            .ok_or_else(|| AwsError::incomplete("ec2:CreateSecurityGroup", "group id"))
    }
}

/// A lookup by the name, which is unique in a VPC, if the tag names this deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) vpc: VpcId,
    pub(crate) name: String,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "security group";
    const SHARED: Option<Sharing> = Some(Sharing::SecurityGroup);
    const AFTER: &'static [ResourceKind] =
        &[ResourceKind::VpcEndpoint, ResourceKind::SecurityGroupRule];
    const BLOCKED_BY: &'static [ResourceKind] = &[
        ResourceKind::Instance,
        ResourceKind::LoadBalancer,
        ResourceKind::MountTarget,
        ResourceKind::VpcEndpoint,
        ResourceKind::SecurityGroupRule,
    ];
    // The network interfaces of a deleted load balancer hold its security group for minutes.
    const DELETION: Expected = Expected::with_deadline_minutes(1, 110, 15);

    fn holders(id: &str) -> Option<(&'static str, &str)> {
        Some(("group-id", id))
    }

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws ec2 delete-security-group --group-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self {
            vpc,
            name,
            deployment,
        } = self;
        let reply = aws
            .ec2
            .describe_security_groups()
            .filters(filter("vpc-id", vpc.as_str()))
            .filters(filter("group-name", name))
            .filters(of_deployment(deployment))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeSecurityGroups"))?;
        Ok(reply
            .security_groups
            .and_then(|groups| groups.into_iter().next()?.group_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let reply = aws
            .ec2
            .describe_security_groups()
            .group_ids(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeSecurityGroups"))?;
        let found = !reply.security_groups().is_empty();
        Ok(found.then(|| "available".to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.ec2
            .delete_security_group()
            .group_id(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:DeleteSecurityGroup"))?;
        Ok(())
    }

    /// Returns the security groups that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = aws
            .ec2
            .describe_security_groups()
            .filters(filter("tag-key", DEPLOYMENT))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("ec2:DescribeSecurityGroups"))?;
        let found = all.iter().filter_map(|group| {
            TaggedResource::of_ec2(ResourceKind::SecurityGroup, group.group_id(), group.tags())
        });
        Ok(found.collect())
    }
}

/// Asks if these credentials may create a group, which is not created. The answer is always an error. Without a VPC, the
/// question is about the default one.
pub(crate) async fn create_in_dry_run(
    aws: &Reader,
    vpc: Option<&VpcId>,
    name: &str,
) -> Result<(), AwsError> {
    aws.ec2
        .create_security_group()
        .dry_run(true)
        .set_vpc_id(vpc.map(ToString::to_string))
        .group_name(name)
        .description("The permission to create groups")
        .send()
        .await
        .map_err(AwsError::of("ec2:CreateSecurityGroup"))?;
    Ok(())
}

/// Returns true if the VPC has a group of this name, of any owner.
pub(crate) async fn is_named(aws: &Reader, vpc: &VpcId, name: &str) -> Result<bool, AwsError> {
    let reply = aws
        .ec2
        .describe_security_groups()
        .filters(filter("vpc-id", vpc.as_str()))
        .filters(filter("group-name", name))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeSecurityGroups"))?;
    Ok(!reply.security_groups().is_empty())
}

/// Returns the groups of this name in a VPC, of any owner.
pub(super) async fn of_vpc(aws: &Reader, vpc: &str, name: &str) -> Result<Vec<String>, AwsError> {
    let reply = aws
        .ec2
        .describe_security_groups()
        .filters(filter("vpc-id", vpc))
        .filters(filter("group-name", name))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeSecurityGroups"))?;
    let groups = reply.security_groups.unwrap_or_default().into_iter();
    Ok(groups.filter_map(|group| group.group_id).collect())
}

/// A security group, and its answer to some instances.
pub(crate) struct Admission {
    pub(crate) id: SecurityGroupId,
    /// True if a rule admits all addresses of the range.
    pub(crate) admits_range: bool,
    /// True if a stack of this program has created the group.
    pub(crate) is_of_this_program: bool,
}

/// Returns the answers of security groups to TCP on a port from a range of addresses, such as `172.31.0.0/20`.
pub(crate) async fn admissions(
    aws: &Reader,
    groups: &[String],
    port: u16,
    range: &str,
) -> Result<Vec<Admission>, AwsError> {
    let all = aws
        .ec2
        .describe_security_groups()
        .set_group_ids(Some(groups.to_vec()))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeSecurityGroups"))?;
    let found = all.security_groups.unwrap_or_default().into_iter();
    Ok(found
        .filter_map(|group| {
            let mut rules = group.ip_permissions().iter();
            Some(Admission {
                admits_range: rules.any(|rule| is_on(rule, port) && covers(rule, range)),
                is_of_this_program: Owner::of_ec2(group.tags()).is_some(),
                id: SecurityGroupId::from_aws(group.group_id?),
            })
        })
        .collect())
}

/// Returns true if the rule is about TCP on the port. The protocol -1 is every protocol on every port.
fn is_on(rule: &IpPermission, port: u16) -> bool {
    match rule.ip_protocol() {
        Some("-1") => true,
        Some("tcp" | "6") => {
            let port = i32::from(port);
            let (from, to) = (
                rule.from_port().unwrap_or(0),
                rule.to_port().unwrap_or(65_535),
            );
            (from..=to).contains(&port)
        }
        _ => false,
    }
}

/// Returns true if the rule admits all addresses of the range.
fn covers(rule: &IpPermission, range: &str) -> bool {
    let Ok(range) = range.parse::<Ipv4Net>() else {
        return false;
    };
    let admitted = rule
        .ip_ranges()
        .iter()
        .filter_map(|admitted| admitted.cidr_ip());
    let mut admitted = admitted.filter_map(|block| block.parse::<Ipv4Net>().ok());
    admitted.any(|block| block.contains(&range))
}

/// Returns the other groups that have a rule about this group, each with its name. AWS refuses to delete a group that
/// a rule of another one refers to.
pub(super) async fn referring_to(
    aws: &Reader,
    id: &str,
) -> Result<Vec<(String, String)>, AwsError> {
    let mut found = Vec::new();
    for name in ["ip-permission.group-id", "egress.ip-permission.group-id"] {
        let groups = aws
            .ec2
            .describe_security_groups()
            .filters(filter(name, id))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("ec2:DescribeSecurityGroups"))?;
        found.extend(groups.into_iter().filter_map(|group| {
            let other = group.group_id.filter(|other| other != id)?;
            Some((other, group.group_name.unwrap_or_default()))
        }));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Returns the deployment of this program that has created the group, if one has.
pub(super) async fn owner(aws: &Reader, id: &str) -> Result<Option<Owner>, AwsError> {
    let reply = aws
        .ec2
        .describe_security_groups()
        .group_ids(id)
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeSecurityGroups"));
    let groups = match reply {
        Err(error) if error.is_not_found() => return Ok(None),
        reply => reply?.security_groups.unwrap_or_default(),
    };
    Ok(groups.first().and_then(|group| Owner::of_ec2(group.tags())))
}
