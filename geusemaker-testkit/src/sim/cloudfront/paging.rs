//! Pages of a list: `MaxItems` and `Marker`.

use super::shape::invalid_argument;
use crate::wire::ServiceError;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;

/// The query parameters that a list takes.
pub(super) const PARAMETERS: [&str; 2] = ["Marker", "MaxItems"];

/// The page of a list that a caller asks for.
pub(super) struct Paging<'a> {
    /// The id of the last item of the previous page; empty for the first page.
    pub(super) marker: &'a str,
    max_items: usize,
}

impl<'a> Paging<'a> {
    pub(super) fn read(input: &'a Input) -> Result<Self, ServiceError> {
        let max_items = match input.query.get("MaxItems").map(|text| text.parse()) {
            None => 100,
            Some(Ok(number)) if number > 0 => number,
            Some(_) => {
                return Err(invalid_argument(
                    "The parameter MaxItems must be a positive number.",
                ));
            }
        };
        Ok(Self {
            marker: input.query.get("Marker").map_or("", String::as_str),
            max_items,
        })
    }

    /// Returns the list of one page, cut from the ids and elements that come after the marker.
    pub(super) fn list(
        &self,
        name: &str,
        after_marker: impl IntoIterator<Item = (String, Element)>,
    ) -> Element {
        self.cut(name, after_marker, true)
    }

    /// Returns the same for a list that shows neither its marker nor that it is truncated.
    pub(super) fn short_list(
        &self,
        name: &str,
        after_marker: impl IntoIterator<Item = (String, Element)>,
    ) -> Element {
        self.cut(name, after_marker, false)
    }

    fn cut(
        &self,
        name: &str,
        after_marker: impl IntoIterator<Item = (String, Element)>,
        shows_marker: bool,
    ) -> Element {
        let mut rest = after_marker.into_iter();
        let (ids, page): (Vec<String>, Vec<Element>) = rest.by_ref().take(self.max_items).unzip();
        let is_truncated = rest.next().is_some();
        let mut list = Element::new(name);
        if shows_marker {
            list = list.with("Marker", self.marker);
        }
        list = list
            .with_some("NextMarker", ids.last().filter(|_| is_truncated))
            .with("MaxItems", self.max_items);
        if shows_marker {
            list = list.with("IsTruncated", is_truncated);
        }
        list = list.with("Quantity", page.len());
        if page.is_empty() {
            list
        } else {
            list.child(Element::new("Items").children(page))
        }
    }
}
