//! The filters of EC2's describe operations.

use aws_sdk_ec2::types::Filter;

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
