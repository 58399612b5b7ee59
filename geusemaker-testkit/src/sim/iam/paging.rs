//! Pages of a list: `MaxItems` and `Marker`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Code, validation};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The page of a list that a caller asks for.
pub(super) struct Paging {
    size: usize,
    /// The name of the last item of the previous page; empty for the first page.
    after: String,
}

impl Paging {
    pub(super) fn read(params: &mut Params) -> Result<Self, ServiceError> {
        let size = validation::number(params, "MaxItems", 1..=1000, 100)?;
        let after = match params.optional("Marker") {
            None => String::new(),
            Some(marker) => STANDARD
                .decode(&marker)
                .ok()
                .and_then(|name| String::from_utf8(name).ok())
                .ok_or_else(|| {
                    let message = format!("Invalid Marker: {marker}");
                    ServiceError::new(Code::ValidationError, message)
                })?,
        };
        Ok(Self {
            size: usize::try_from(size).unwrap_or(usize::MAX),
            after,
        })
    }

    /// Returns the page of the items, which are sorted by their names.
    pub(super) fn reply<'a>(
        self,
        list: &str,
        items: impl IntoIterator<Item = (&'a str, Element)>,
    ) -> Reply {
        let mut rest = items
            .into_iter()
            .skip_while(|(name, _)| !self.after.is_empty() && *name <= self.after.as_str());
        let (names, page): (Vec<_>, Vec<_>) = rest.by_ref().take(self.size).unzip();
        let is_truncated = rest.next().is_some();
        let marker = names.last().filter(|_| is_truncated);
        Reply::xml(
            Element::new("result")
                .child(Element::list(list, "member", page))
                .with("IsTruncated", is_truncated)
                .with_some("Marker", marker.map(|name| STANDARD.encode(name))),
        )
    }
}
