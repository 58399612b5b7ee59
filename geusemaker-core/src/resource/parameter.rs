//! Parameters of Systems Manager. Those of secrets are looked up without their values.

use std::collections::BTreeSet;

use aws_sdk_ssm::types::ParameterStringFilter;

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::spec::ParameterName;

/// The most names that one filter takes.
///
/// Source: Systems Manager API, `ParameterStringFilter`, `Values`.
const MOST_NAMES: usize = 50;

/// Returns the value of a parameter that is not secret, if it exists.
pub(crate) async fn plain_value(aws: &Reader, name: &str) -> Result<Option<String>, AwsError> {
    let reply = aws
        .ssm
        .get_parameter()
        .name(name)
        .send()
        .await
        .map_err(AwsError::of("ssm:GetParameter"));
    match reply {
        Ok(reply) => Ok(reply.parameter.and_then(|parameter| parameter.value)),
        Err(error) if error.code.as_deref() == Some("ParameterNotFound") => Ok(None),
        Err(error) => Err(error),
    }
}

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
