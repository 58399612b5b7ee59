//! Pages of a list: `MaxResults` and `NextToken`.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Code, invalid};
use crate::wire::{Reply, ServiceError};

/// Returns a page of items that are sorted by their keys.
pub(super) fn reply(
    list: &str,
    (size, range): (Option<u32>, RangeInclusive<u32>),
    token: Option<&str>,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Reply, ServiceError> {
    let size = size.unwrap_or(*range.end());
    if !range.contains(&size) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: Member must have value between {} and {}",
            range.start(),
            range.end()
        )));
    }
    let after = match token {
        None | Some("") => String::new(),
        Some(token) => STANDARD
            .decode(token)
            .ok()
            .and_then(|key| String::from_utf8(key).ok())
            .ok_or_else(|| ServiceError::new(Code::InvalidNextToken, "Invalid NextToken"))?,
    };
    let mut items: Vec<_> = items.into_iter().collect();
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut rest = items
        .into_iter()
        .skip_while(|(key, _)| !after.is_empty() && *key <= after);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let (keys, page): (Vec<String>, Vec<Value>) = rest.by_ref().take(size).unzip();
    let mut body = json!({ list: page });
    if let Some(last) = keys.last()
        && rest.next().is_some()
    {
        body["NextToken"] = STANDARD.encode(last).into();
    }
    Ok(Reply::json(body))
}
