//! The account's quotas of vCPUs, and the vCPUs that count against them.

use aws_sdk_ec2::types::{Instance as SdkInstance, InstanceLifecycleType};

use super::filter::filters;
use super::service_quota;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::spec::{Purchase, VcpuQuota};

/// Returns the value of the quota in the account, or `None` if Service Quotas does not have it.
pub(crate) async fn limit(aws: &Reader, quota: VcpuQuota) -> Result<Option<u32>, AwsError> {
    let Some(code) = quota.code() else {
        return Ok(None);
    };
    service_quota::value(aws, "ec2", code).await
}

/// Returns the number of vCPUs that count against each of these quotas now, in their order.
pub(crate) async fn used(aws: &Reader, quotas: &[VcpuQuota]) -> Result<Vec<u32>, AwsError> {
    let reservations = aws
        .ec2
        .describe_instances()
        .filters(filters("instance-state-name", &["pending", "running"]))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeInstances"))?;
    let instances: Vec<_> = reservations
        .iter()
        .flat_map(|reservation| reservation.instances())
        .collect();
    let used = |quota: &VcpuQuota| {
        let counted = instances.iter().filter(|it| quota_of(it) == Some(*quota));
        counted.map(|instance| vcpus(instance)).sum()
    };
    Ok(quotas.iter().map(used).collect())
}

/// Returns the quota that an instance counts against. An instance of a capacity block counts against none.
fn quota_of(instance: &SdkInstance) -> Option<VcpuQuota> {
    let purchase = match instance.instance_lifecycle() {
        None => Purchase::OnDemand,
        Some(InstanceLifecycleType::Spot) => Purchase::Spot,
        Some(_) => return None,
    };
    VcpuQuota::of(instance.instance_type()?.as_str(), purchase)
}

fn vcpus(instance: &SdkInstance) -> u32 {
    let options = instance.cpu_options();
    let cores = options
        .and_then(|options| options.core_count())
        .unwrap_or(1);
    let threads = options
        .and_then(|options| options.threads_per_core())
        .unwrap_or(1);
    cores.saturating_mul(threads).try_into().unwrap_or_default()
}
