//! Hosted zones of Route 53, in which records are made. A deployment makes none of its own.

use aws_sdk_route53::types::HostedZone as SdkHostedZone;
use serde::{Deserialize, Serialize};

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::HostedZoneId;
use crate::spec::DomainName;

/// A hosted zone of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedHostedZone {
    /// The id: `Z0123…`.
    pub id: HostedZoneId,
    /// The name: `example.com`.
    pub name: String,
}

/// A hosted zone as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundHostedZone {
    pub(crate) zone: PlannedHostedZone,
    /// True if only VPCs see its records.
    pub(crate) is_private: bool,
}

impl From<&SdkHostedZone> for FoundHostedZone {
    fn from(found: &SdkHostedZone) -> Self {
        Self {
            zone: PlannedHostedZone {
                id: HostedZoneId::from_aws(plain_id(found.id())),
                name: found.name().trim_end_matches('.').to_owned(),
            },
            is_private: found.config().is_some_and(|config| config.private_zone()),
        }
    }
}

/// Returns the hosted zones of this name: AWS allows several.
pub(crate) async fn named(
    aws: &Reader,
    name: &DomainName,
) -> Result<Vec<FoundHostedZone>, AwsError> {
    let reply = aws
        .route53
        .list_hosted_zones_by_name()
        .dns_name(name.as_str())
        .send()
        .await
        .map_err(AwsError::of("route53:ListHostedZonesByName"))?;
    // The list starts with the name, and goes on behind it.
    let found = reply.hosted_zones().iter().map(FoundHostedZone::from);
    Ok(found
        .take_while(|found| found.zone.name == name.as_str())
        .collect())
}

/// Returns the hosted zone with this id, if the account has it.
pub(crate) async fn with_id(
    aws: &Reader,
    id: &HostedZoneId,
) -> Result<Option<FoundHostedZone>, AwsError> {
    let reply = aws
        .route53
        .get_hosted_zone()
        .id(id.as_str())
        .send()
        .await
        .map_err(AwsError::of("route53:GetHostedZone"));
    match reply {
        Ok(reply) => Ok(reply.hosted_zone().map(FoundHostedZone::from)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the ids of all public hosted zones of the account.
pub(crate) async fn all_public(aws: &Reader) -> Result<Vec<HostedZoneId>, AwsError> {
    let zones = aws
        .route53
        .list_hosted_zones()
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("route53:ListHostedZones"))?;
    let public = zones.iter().map(FoundHostedZone::from);
    let public = public.filter(|found| !found.is_private);
    Ok(public.map(|found| found.zone.id).collect())
}

/// Returns an id without the path that AWS puts in front of it.
fn plain_id(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(_, id)| id)
}
