//! Pages of a list: `MaxResults` and `NextToken`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Code, illegal};
use crate::wire::{Reply, ServiceError};

/// Returns a page of a list of at most 100 items.
pub(super) fn reply(
    list: &str,
    size: Option<usize>,
    token: Option<&str>,
    items: Vec<Value>,
) -> Result<Reply, ServiceError> {
    let size = size.unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(illegal(format!(
            "1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 100"
        )));
    }
    let start = match token {
        None | Some("") => 0,
        Some(token) => STANDARD
            .decode(token)
            .ok()
            .and_then(|text| String::from_utf8(text).ok()?.parse().ok())
            .ok_or_else(|| {
                let message = "The pagination token is not valid.";
                ServiceError::new(Code::InvalidPaginationTokenException, message)
            })?,
    };
    let end = usize::saturating_add(start, size).min(items.len());
    let page = items.get(start..end).unwrap_or_default();
    let mut body = json!({ list: page });
    if end < items.len() {
        body["NextToken"] = STANDARD.encode(end.to_string()).into();
    }
    Ok(Reply::json(body))
}
