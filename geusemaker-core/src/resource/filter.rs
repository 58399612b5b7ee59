//! The filters of EC2's describe operations.

use aws_sdk_ec2::types::Filter;

use super::tags::{DEPLOYMENT, NAME};
use crate::id::DeploymentId;

/// Returns a filter that admits one value.
pub(super) fn filter(name: &str, value: &str) -> Filter {
    filters(name, &[value])
}

/// Returns a filter that admits any of these values.
pub(super) fn filters(name: &str, values: &[&str]) -> Filter {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Filter::builder()
        .name(name)
        .set_values(Some(values))
        .build()
}

/// Returns a filter that admits the resources of a deployment.
pub(super) fn of_deployment(deployment: &DeploymentId) -> Filter {
    filter(&format!("tag:{DEPLOYMENT}"), deployment.as_str())
}

/// Returns a filter that admits the resources whose `Name` tag is this.
pub(super) fn named(name: &str) -> Filter {
    filter(&format!("tag:{NAME}"), name)
}
