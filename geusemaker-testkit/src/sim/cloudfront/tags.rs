//! Tags of distributions and VPC origins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::shape::invalid_argument;
use super::{CloudFront, Code, body, refuse_other_query};
use crate::sim::context::RequestContext;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tags(BTreeMap<String, String>);

impl Tags {
    /// Parses `<Tags><Items><Tag><Key/><Value/></Tag></Items></Tags>`.
    pub(super) fn parse(element: &Element) -> Result<Self, ServiceError> {
        let mut tags = BTreeMap::new();
        for tag in element.find("Items").map_or(&[][..], Element::elements) {
            let key = tag.text_at(&["Key"]).unwrap_or_default();
            let value = tag.text_at(&["Value"]).unwrap_or_default();
            let is_new = tags.insert(key.to_owned(), value.to_owned()).is_none();
            if key.is_empty() || key.starts_with("aws:") || !is_new {
                return Err(invalid(&format!(
                    "The tag key '{key}' is empty, reserved or given twice."
                )));
            }
        }
        let tags = Self(tags);
        tags.check()?;
        Ok(tags)
    }

    /// Checks the limits of the CloudFront model.
    fn check(&self) -> Result<(), ServiceError> {
        if self.0.len() > 50 {
            return Err(invalid("A resource can have at most 50 tags."));
        }
        let is_long = |text: &str, most: usize| text.chars().count() > most;
        if self
            .0
            .iter()
            .any(|(key, value)| is_long(key, 128) || is_long(value, 256))
        {
            return Err(invalid(
                "A tag key can have at most 128 characters, and a tag value at most 256.",
            ));
        }
        Ok(())
    }

    fn element(&self) -> Element {
        let tags = self
            .0
            .iter()
            .map(|(key, value)| Element::new("Tag").with("Key", key).with("Value", value));
        Element::new("Tags").child(Element::list("Items", "Tag", tags))
    }
}

pub(super) fn list(
    cloudfront: &mut CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &["Resource"])?;
    Ok(Reply::xml(tags_of(cloudfront, context, input)?.element()))
}

pub(super) fn add(
    cloudfront: &mut CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &["Operation", "Resource"])?;
    let added = Tags::parse(body(input)?)?;
    let tags = tags_of(cloudfront, context, input)?;
    let mut all = tags.clone();
    all.0.extend(added.0);
    all.check()?;
    *tags = all;
    Ok(Reply::empty().status(204))
}

pub(super) fn remove(
    cloudfront: &mut CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &["Operation", "Resource"])?;
    let keys = body(input)?
        .find("Items")
        .map_or(&[][..], Element::elements);
    let keys: Vec<&str> = keys.iter().map(Element::text).collect();
    let tags = tags_of(cloudfront, context, input)?;
    tags.0.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(Reply::empty().status(204))
}

/// Returns the tags of the resource whose ARN the query names.
fn tags_of<'a>(
    cloudfront: &'a mut CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<&'a mut Tags, ServiceError> {
    let arn = input
        .query
        .get("Resource")
        .ok_or_else(|| invalid_argument("The parameter Resource is required."))?;
    let distributions = cloudfront.distributions.values_mut();
    let distributions = distributions.map(|it| (it.arn_of(context.account_id), &mut it.tags));
    let vpc_origins = cloudfront.vpc_origins.values_mut();
    let vpc_origins = vpc_origins.map(|it| (it.arn_of(context.account_id), &mut it.tags));
    let mut all = distributions.chain(vpc_origins);
    let found = all.find(|(of, _)| of == arn);
    found.map(|(_, tags)| tags).ok_or_else(|| {
        let message = "A resource that was specified is not valid.";
        ServiceError::new(Code::NoSuchResource, message)
    })
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(Code::InvalidTagging, message)
}
