//! Pages of a list. Older operations name them by `MaxItems` and `Marker`, newer ones by `MaxResults` and `NextToken`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::bad_request;
use crate::wire::rest_json::Input;
use crate::wire::{Reply, ServiceError};

const LARGEST: usize = 100;

/// The parameters by which an operation asks for a page.
#[derive(Clone, Copy)]
pub(super) enum Words {
    Marker,
    Token,
}

impl Words {
    /// Returns the names of the parameters for the size of a page and for its start.
    pub(super) fn parameters(self) -> [&'static str; 2] {
        match self {
            Self::Marker => ["MaxItems", "Marker"],
            Self::Token => ["MaxResults", "NextToken"],
        }
    }
}

/// Returns the reply with one page of a list whose items are sorted by their keys.
pub(super) fn reply(
    input: &Input,
    words: Words,
    list: &str,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Reply, ServiceError> {
    let [size_name, marker_name] = words.parameters();
    let size = match input.query.get(size_name).map(|text| text.parse::<usize>()) {
        None => LARGEST,
        // The EFS model: a larger number counts as the largest.
        Some(Ok(size @ 1..)) => size.min(LARGEST),
        Some(Ok(0) | Err(_)) => {
            return Err(bad_request(format!(
                "{size_name} must be a positive number"
            )));
        }
    };
    let marker = input.query.get(marker_name);
    let after = match marker {
        None => String::new(),
        Some(marker) => STANDARD
            .decode(marker)
            .ok()
            .and_then(|key| String::from_utf8(key).ok())
            .ok_or_else(|| bad_request(format!("{marker_name} is not valid")))?,
    };
    let mut rest = items
        .into_iter()
        .skip_while(|(key, _)| !after.is_empty() && *key <= after);
    let (keys, page): (Vec<String>, Vec<Value>) = rest.by_ref().take(size).unzip();
    let next = keys.last().filter(|_| rest.next().is_some());
    let mut reply = json!({ list: page });
    if let (Words::Marker, Some(marker)) = (words, marker) {
        reply["Marker"] = marker.clone().into();
    }
    if let Some(next) = next {
        let name = match words {
            Words::Marker => "NextMarker",
            Words::Token => "NextToken",
        };
        reply[name] = STANDARD.encode(next).into();
    }
    Ok(Reply::json(reply))
}
