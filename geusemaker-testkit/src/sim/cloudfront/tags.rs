//! Tags of distributions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::shape::invalid_argument;
use super::{CloudFront, refuse_other_query};
use crate::sim::moment::Moment;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tags(BTreeMap<String, String>);

impl Tags {
    /// Reads `<Tags><Items><Tag><Key/><Value/></Tag></Items></Tags>`.
    pub(super) fn parse(element: &Element) -> Result<Self, ServiceError> {
        let mut tags = BTreeMap::new();
        for tag in element.find("Items").map_or(&[][..], Element::elements) {
            let key = tag.text_at(&["Key"]).unwrap_or_default();
            let value = tag.text_at(&["Value"]).unwrap_or_default();
            let is_new = tags.insert(key.to_owned(), value.to_owned()).is_none();
            if key.is_empty() || key.starts_with("aws:") || !is_new {
                return Err(ServiceError::new(
                    "InvalidTagging",
                    format!("The tag key '{key}' is empty, reserved or given twice."),
                ));
            }
        }
        if tags.len() > 50 {
            let message = "A resource can have at most 50 tags.";
            return Err(ServiceError::new("InvalidTagging", message));
        }
        Ok(Self(tags))
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
    cloudfront: &CloudFront,
    moment: &Moment<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &["Resource"])?;
    let arn = input
        .query
        .get("Resource")
        .ok_or_else(|| invalid_argument("The parameter Resource is required."))?;
    let distribution = cloudfront
        .distributions
        .values()
        .find(|distribution| distribution.arn(moment) == *arn)
        .ok_or_else(|| {
            let message = "A resource that was specified is not valid.";
            ServiceError::new("NoSuchResource", message).status(404)
        })?;
    Ok(Reply::xml(distribution.tags.element()))
}
