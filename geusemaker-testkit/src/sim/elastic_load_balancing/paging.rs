//! Pages of a list: `PageSize` and `Marker`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::validation;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The page of a list that a caller asks for.
pub(super) struct Paging {
    size: usize,
    /// The key of the last item of the previous page; empty for the first page.
    after: String,
}

/// A page, and the marker for the next one.
pub(super) struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl Paging {
    pub(super) fn read(params: &mut Params) -> Result<Self, ServiceError> {
        let size = validation::number(params, "PageSize", 1..=400, 400)?;
        let after = match params.optional("Marker") {
            None => String::new(),
            Some(marker) => STANDARD
                .decode(&marker)
                .ok()
                .and_then(|key| String::from_utf8(key).ok())
                .ok_or_else(|| validation::error(format!("Marker '{marker}' is not valid")))?,
        };
        Ok(Self {
            size: usize::try_from(size).unwrap_or(usize::MAX),
            after,
        })
    }

    /// Cuts the page out of items that are sorted by their keys. Items deleted since the previous page do not change
    /// the start of the next one.
    pub(super) fn cut<T>(self, items: impl IntoIterator<Item = (String, T)>) -> Page<T> {
        let mut rest = items
            .into_iter()
            .skip_while(|(key, _)| !self.after.is_empty() && *key <= self.after);
        let mut last = None;
        let mut page = Vec::new();
        for (key, item) in rest.by_ref().take(self.size) {
            last = Some(key);
            page.push(item);
        }
        let next = last.filter(|_| rest.next().is_some());
        Page {
            items: page,
            next: next.map(|key| STANDARD.encode(key)),
        }
    }
}

impl<T> Page<T> {
    /// Returns a whole list in one page, because its items were named.
    pub(super) fn whole(items: impl IntoIterator<Item = T>) -> Self {
        Self {
            items: items.into_iter().collect(),
            next: None,
        }
    }

    pub(super) fn reply(self, list: &str, write: impl FnMut(T) -> Element) -> Reply {
        let items = self.items.into_iter().map(write);
        let result = Element::new("result")
            .child(Element::list(list, "member", items))
            .with_some("NextMarker", self.next);
        Reply::xml(result)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Paging;
    use crate::wire::params::Params;

    proptest! {
        #[test]
        fn pages_together_are_whole_list(size in 1_usize..10, keys in prop::collection::btree_set("[a-z]{1,3}", 0..30)) {
            let mut seen = Vec::new();
            let mut marker: Option<String> = None;
            loop {
                let mut query = form_urlencoded::Serializer::new(String::new());
                query.append_pair("PageSize", &size.to_string());
                if let Some(marker) = &marker {
                    query.append_pair("Marker", marker);
                }
                let paging = Paging::read(&mut Params::parse(query.finish().as_bytes())).unwrap();
                let page = paging.cut(keys.iter().map(|key| (key.clone(), key.clone())));
                prop_assert!(page.items.len() <= size);
                seen.extend(page.items);
                marker = page.next;
                if marker.is_none() {
                    break;
                }
            }
            prop_assert_eq!(seen, keys.into_iter().collect::<Vec<_>>());
        }
    }
}
