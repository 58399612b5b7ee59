//! Parameters of Systems Manager. Their values are never read here.

use std::collections::BTreeSet;

use aws_sdk_ssm::types::ParameterStringFilter;

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::spec::ParameterName;

/// The most names that one filter takes.
///
/// Source: Systems Manager API, `ParameterStringFilter`, `Values`.
const MOST_NAMES: usize = 50;

/// Returns the first of these parameters that does not exist.
pub(crate) async fn missing<'a>(
    aws: &Reader,
    names: &[&'a ParameterName],
) -> Result<Option<&'a ParameterName>, AwsError> {
    let mut found = BTreeSet::new();
    for batch in names.chunks(MOST_NAMES) {
        let values = batch.iter().map(|name| name.as_str().to_owned()).collect();
        let filter = ParameterStringFilter::builder()
            .key("Name")
            .option("Equals")
            .set_values(Some(values))
            .build();
        let Ok(filter) = filter else { continue };
        let pages: Vec<_> = aws
            .ssm
            .describe_parameters()
            .parameter_filters(filter)
            .into_paginator()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("ssm:DescribeParameters"))?;
        let parameters = pages
            .into_iter()
            .flat_map(|page| page.parameters.unwrap_or_default());
        found.extend(parameters.filter_map(|parameter| parameter.name));
    }
    let mut names = names.iter();
    Ok(names.find(|name| !found.contains(name.as_str())).copied())
}
