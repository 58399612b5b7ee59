//! The filters of EC2's describe operations.

use aws_sdk_ec2::types::Filter;

/// Returns a filter that admits one value.
pub(super) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}
