//! `gm events`: shows the journal of a stack as a history.

use geusemaker_core::{HistoryEntry, HistoryEvent, ResourceKey, StackName};

use crate::arguments::Events;
use crate::context::Context;
use crate::document::{Document, columns};
use crate::failure::Failure;
use crate::short_id::shorten_ids;

pub(crate) async fn run(context: &Context, events: &Events) -> Result<Document, Failure> {
    let name = &events.name.name;
    let mut history = context.session.history(name).await?;
    if events.console {
        history.retain(|entry| entry.event == HistoryEvent::Console);
        return Ok(consoles(name, &history));
    }
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

/// Returns the ends of consoles that were kept.
fn consoles(name: &StackName, history: &[HistoryEntry]) -> Document {
    let document = Document::ok()
        .member("name", name)
        .member("events", history);
    if history.is_empty() {
        return document.line(format!(
            "no console of {name} was kept: that is done when a failure on an instance removes it"
        ));
    }
    history.iter().fold(document, |document, entry| {
        let at = entry.at.strftime("%Y-%m-%d %H:%M:%SZ");
        let lines = entry.lines.iter().map(|line| format!("  {line}"));
        document
            .line(format!("{at} {}", entry.message))
            .lines(lines.collect::<Vec<_>>())
    })
}
