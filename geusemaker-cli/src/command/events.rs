//! `gm events`: shows the journal of a stack as a history.

use geusemaker_core::{HistoryEvent, ResourceKey};

use crate::arguments::Name;
use crate::context::Context;
use crate::document::{Document, columns};
use crate::failure::Failure;
use crate::short_id::shorten_ids;

pub(crate) async fn run(context: &Context, name: &Name) -> Result<Document, Failure> {
    let name = &name.name;
    let history = context.session.history(name).await?;
    let shown: Vec<_> = history
        .iter()
        // Renewed claims only repeat that a process is still at work.
        .filter(|entry| entry.event != HistoryEvent::Renewed)
        .map(|entry| {
            [
                entry.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
                entry
                    .key
                    .as_ref()
                    .map_or("-", ResourceKey::as_str)
                    .to_owned(),
                shorten_ids(&entry.message),
            ]
        })
        .collect();
    Ok(Document::ok()
        .member("name", name)
        .member("events", &history)
        .lines(columns(&shown)))
}
