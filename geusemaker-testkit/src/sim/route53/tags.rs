//! Tags of hosted zones.

use std::collections::BTreeMap;

use super::{Code, Route53, body, invalid_input, refuse_other_query, refuse_others, required};
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The tags of a zone, by key.
pub(super) type Tags = BTreeMap<String, String>;

pub(super) fn change(route53: &mut Route53, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let id = zone_id(input)?;
    let body = body(input)?;
    refuse_others(body, &["AddTags", "RemoveTagKeys"])?;
    let zone = route53.zone_mut(id)?;
    let mut tags = zone.tags.clone();
    for key in body
        .find("RemoveTagKeys")
        .map_or(&[][..], Element::elements)
    {
        tags.remove(key.text());
    }
    for tag in body.find("AddTags").map_or(&[][..], Element::elements) {
        refuse_others(tag, &["Key", "Value"])?;
        let key = required(tag, "Key")?;
        let value = tag.text_at(&["Value"]).unwrap_or_default();
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !fits || key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid_input(format!(
                "The tag key '{key}' or its value is too long, empty or reserved."
            )));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    if tags.len() > 10 {
        return Err(invalid_input("A resource can have at most 10 tags."));
    }
    zone.tags = tags;
    Ok(Reply::xml(Element::new("ChangeTagsForResourceResponse")))
}

pub(super) fn list(route53: &Route53, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let id = zone_id(input)?;
    let zone = route53.zone(id)?;
    let tags = zone
        .tags
        .iter()
        .map(|(key, value)| Element::new("Tag").with("Key", key).with("Value", value));
    let set = Element::new("ResourceTagSet")
        .with("ResourceType", "hostedzone")
        .with("ResourceId", id)
        .child(Element::new("Tags").children(tags));
    let answer = Element::new("ListTagsForResourceResponse").child(set);
    Ok(Reply::xml(answer))
}

/// Returns the id in `tags/hostedzone/Z1`. Health checks are not simulated, so there is none.
fn zone_id(input: &Input) -> Result<&str, ServiceError> {
    let part = |place: usize| input.path.get(place).map_or("", String::as_str);
    match (part(1), part(2)) {
        ("hostedzone", id) => Ok(id),
        ("healthcheck", id) => {
            let message = format!("No health check found with ID: {id}");
            Err(ServiceError::new(Code::NoSuchHealthCheck, message))
        }
        (other, _) => Err(invalid_input(format!(
            "The type of resource '{other}' is neither hostedzone nor healthcheck."
        ))),
    }
}
