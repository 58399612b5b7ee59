//! `gm list`: lists all stacks.

use geusemaker_core::Error;
use serde_json::json;

use super::cost;
use crate::context::Context;
use crate::document::{Document, columns};
use crate::failure::Failure;

pub(crate) async fn run(context: &Context) -> Result<Document, Failure> {
    let mut stacks = Vec::new();
    let mut unreadable = Vec::new();
    for name in context.session.stacks().await? {
        match context.session.summary(&name).await {
            Ok(summary) => stacks.push(summary),
            // The stack was destroyed; its journal stays as its history.
            Err(Error::NoSuchStack { .. }) => {}
            // One unreadable journal must not hide the other stacks.
            Err(error) => unreadable.push((name.to_string(), error.with_sources())),
        }
    }
    let rows: Vec<_> = stacks
        .iter()
        .map(|stack| {
            [
                stack.name.to_string(),
                format!("tier {}", stack.tier.number()),
                stack.phase.to_string(),
                stack.region.to_string(),
                cost::cell(&stack.cost()),
                stack.outputs.url.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let documents: Vec<_> = stacks
        .iter()
        .map(|stack| {
            json!({
                "name": stack.name,
                "tier": stack.tier,
                "state": stack.phase,
                "account": stack.account,
                "region": stack.region,
                "since": stack.since,
                "url": stack.outputs.url,
                "cost": stack.cost(),
            })
        })
        .collect();
    let errors: Vec<_> = unreadable
        .iter()
        .map(|(name, error)| json!({ "name": name, "error": error }))
        .collect();
    let document = Document::ok()
        .member("stacks", documents)
        .member("unreadable", errors)
        .lines(
            unreadable
                .iter()
                .map(|(name, error)| format!("  {name}  unreadable: {error}")),
        );
    Ok(if rows.is_empty() && unreadable.is_empty() {
        document.line("there are no stacks here")
    } else {
        document.lines(columns(&rows))
    })
}
