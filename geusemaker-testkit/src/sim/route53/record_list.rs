//! The list of a zone's record sets, in Route 53's order.

use super::name::Name;
use super::record::{Record, sort_key};
use super::{Route53, id, invalid_input, page_size, refuse_other_query};
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The most record sets of a page.
const LARGEST: usize = 300;

pub(super) fn list(route53: &Route53, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &["name", "type", "maxitems"])?;
    let size = page_size(input, LARGEST)?;
    let zone = route53.zone(id(input))?;
    let kind = input.query.get("type").map(String::as_str);
    let from = match (input.query.get("name"), kind) {
        (None, None) => String::new(),
        (None, Some(_)) => {
            return Err(invalid_input(
                "The input is not valid: a type of record needs a name.",
            ));
        }
        (Some(name), kind) => {
            let name = Name::parse(name).map_err(invalid_input)?;
            sort_key(&name, kind.unwrap_or_default())
        }
    };
    let mut rest = zone.records.range(from..).map(|(_, record)| record);
    let page: Vec<&Record> = rest.by_ref().take(size).collect();
    let next = rest.next();
    let sets = page.iter().map(|record| record.element());
    let mut answer = Element::new("ListResourceRecordSetsResponse")
        .child(Element::new("ResourceRecordSets").children(sets))
        .with("IsTruncated", next.is_some());
    if let Some(next) = next {
        answer = answer
            .with("NextRecordName", &next.name)
            .with("NextRecordType", &next.kind);
    }
    Ok(Reply::xml(answer.with("MaxItems", size)))
}
