//! Ingress rules of security groups.

use aws_sdk_ec2::types::{
    IpPermission, IpRange, PrefixListId as SdkPrefixListId, ResourceType, UserIdGroupPair,
};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::filter::filter;
use super::kind::Kind;
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{PrefixListId, SecurityGroupId, SecurityGroupRuleId};
use crate::kind::ResourceKind;
use crate::spec::CidrBlock;

const ANYWHERE: &str = "0.0.0.0/0";

/// The source of the traffic that a rule admits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    /// Every IPv4 address.
    Anywhere,
    /// The addresses of a range.
    Range(CidrBlock),
    /// The members of another group.
    Group(SecurityGroupId),
    /// The addresses of a prefix list that AWS manages.
    PrefixList(PrefixListId),
}

/// A new rule that admits TCP on one port.
#[derive(Clone, Debug)]
pub(crate) struct NewSecurityGroupRule {
    pub(crate) group: SecurityGroupId,
    pub(crate) port: u16,
    pub(crate) source: Source,
    pub(crate) description: String,
    pub(crate) owner: Owner,
}

impl Create for NewSecurityGroupRule {
    type Id = SecurityGroupRuleId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            group: self.group.clone(),
            port: self.port,
            source: self.source.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<SecurityGroupRuleId, AwsError> {
        const OPERATION: &str = "ec2:AuthorizeSecurityGroupIngress";
        let permission = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(self.port.into())
            .to_port(self.port.into());
        let description = &self.description;
        let range = |block| {
            IpRange::builder()
                .cidr_ip(block)
                .description(description)
                .build()
        };
        let permission = match &self.source {
            Source::Anywhere => permission.ip_ranges(range(ANYWHERE)),
            Source::Range(block) => permission.ip_ranges(range(block.as_str())),
            Source::Group(group) => permission.user_id_group_pairs(
                UserIdGroupPair::builder()
                    .group_id(group.as_str())
                    .description(description)
                    .build(),
            ),
            Source::PrefixList(list) => permission.prefix_list_ids(
                SdkPrefixListId::builder()
                    .prefix_list_id(list.as_str())
                    .description(description)
                    .build(),
            ),
        };
        let reply = aws
            .ec2
            .authorize_security_group_ingress()
            .group_id(self.group.as_str())
            .ip_permissions(permission.build())
            .tag_specifications(self.owner.ec2(ResourceType::SecurityGroupRule, description))
            .send()
            .await
            .map_err(AwsError::of(OPERATION))?;
        let rule = reply
            .security_group_rules
            .and_then(|rules| rules.into_iter().next());
        rule.and_then(|rule| rule.security_group_rule_id)
            .map(SecurityGroupRuleId::from_aws)
            .ok_or_else(|| AwsError::incomplete(OPERATION, "security group rule id"))
    }
}

/// A lookup by the port and the source: a group has at most one rule for the same port and source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) group: SecurityGroupId,
    pub(crate) port: u16,
    pub(crate) source: Source,
}

impl Kind for Lookup {
    const NAME: &'static str = "security group rule";
    const AFTER: &'static [ResourceKind] = &[
        ResourceKind::TargetGroup,
        ResourceKind::FileSystem,
        ResourceKind::Instance,
    ];

    fn removal_command(id: &str, region: &str) -> String {
        format!(
            "aws ec2 revoke-security-group-ingress --security-group-rule-ids {id} --group-id GROUP --region {region}"
        )
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self {
            group,
            port,
            source,
        } = self;
        let reply = aws
            .ec2
            .describe_security_group_rules()
            .filters(filter("group-id", group.as_str()))
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeSecurityGroupRules"))?;
        let rules = reply.security_group_rules.unwrap_or_default();
        Ok(rules
            .into_iter()
            .find(|rule| {
                let admits = match source {
                    Source::Anywhere => rule.cidr_ipv4() == Some(ANYWHERE),
                    Source::Range(block) => rule.cidr_ipv4() == Some(block.as_str()),
                    Source::Group(group) => {
                        let referenced = rule.referenced_group_info();
                        referenced.and_then(|info| info.group_id()) == Some(group.as_str())
                    }
                    Source::PrefixList(list) => rule.prefix_list_id() == Some(list.as_str()),
                };
                admits
                    && rule.is_egress() == Some(false)
                    && rule.from_port() == Some((*port).into())
            })
            .and_then(|rule| rule.security_group_rule_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        Ok(group_of(aws, id).await?.map(|_| "active".to_owned()))
    }

    /// Revokes the rule. The request has to name the rule's group as well.
    async fn delete(aws: &Writer, reader: &Reader, id: &str) -> Result<(), AwsError> {
        let Some(group) = group_of(reader, id).await? else {
            return Ok(());
        };
        aws.ec2
            .revoke_security_group_ingress()
            .group_id(group)
            .security_group_rule_ids(id)
            .send()
            .await
            .map_err(AwsError::of("ec2:RevokeSecurityGroupIngress"))?;
        Ok(())
    }
}

/// Returns the ingress rules of a group that reference other groups, each with the group that it references. AWS
/// refuses to delete a group while a rule references it.
pub(crate) async fn referencing_other_groups(
    aws: &Reader,
    group: &SecurityGroupId,
) -> Result<Vec<(String, String)>, AwsError> {
    let all = aws
        .ec2
        .describe_security_group_rules()
        .filters(filter("group-id", group.as_str()))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeSecurityGroupRules"))?;
    let naming = all.into_iter().filter_map(|rule| {
        let named = rule.referenced_group_info?.group_id?;
        let is_another = rule.is_egress == Some(false) && named != group.as_str();
        Some((rule.security_group_rule_id?, named)).filter(|_| is_another)
    });
    Ok(naming.collect())
}

/// Returns the deployments of this program that have created rules of the group.
pub(super) async fn makers(aws: &Reader, group: &str) -> Result<Vec<Owner>, AwsError> {
    let rules = aws
        .ec2
        .describe_security_group_rules()
        .filters(filter("group-id", group))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeSecurityGroupRules"))?;
    let makers = rules.iter().filter_map(|rule| Owner::of_ec2(rule.tags()));
    Ok(makers.collect())
}

async fn group_of(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
    let reply = aws
        .ec2
        .describe_security_group_rules()
        .security_group_rule_ids(id)
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeSecurityGroupRules"))?;
    Ok(reply
        .security_group_rules
        .and_then(|rules| rules.into_iter().next()?.group_id))
}
