//! `gm leftovers`: lists or removes resources that gm created and no local journal knows.

use std::collections::BTreeMap;
use std::time::Duration;

use geusemaker_core::words::{count, duration};
use geusemaker_core::{
    FileSystems, KeepReason, KeptResource, Orphans, Phase, ResourceKind, StackName, TaggedResource,
    Undone,
};

use super::cost;
use crate::arguments::Leftovers;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::{Document, columns};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt;
use crate::short_id::shorten_ids;

pub(crate) async fn run(context: &Context, leftovers: &Leftovers) -> Result<Document, Failure> {
    let found = context.unless_interrupted(look(context, leftovers)).await?;
    if !leftovers.delete {
        return Ok(listed(context, leftovers, &found).await);
    }
    let goes_ahead = found.orphans.is_empty() || leftovers.yes.yes || context.is_sandbox;
    if !goes_ahead {
        let question = question(leftovers, &found);
        confirm(context, &question, &Consent::Name("delete")).await?;
    }
    let file_systems = if leftovers.keep_file_systems {
        FileSystems::Keep
    } else {
        FileSystems::Delete
    };
    let removed = tokio::select! {
        removed = context.session.remove_orphans(&found, file_systems) => Ok(removed?),
        code = context.interrupts.next() => Err(code),
    };
    let undone = match removed {
        Ok(undone) => undone,
        Err(code) => return Err(interrupted(context, leftovers, code).await),
    };
    if !undone.is_complete() {
        return Err(Failure::leftovers(undone).next(command(context, leftovers)));
    }
    let kept = undone
        .kept
        .iter()
        .map(|kept| format!("  kept: {} {}", kept.kind, kept.id));
    Ok(document(&found)
        .member("deleted", &undone.deleted)
        .member("kept", &undone.kept)
        .member("leftovers", &undone.left)
        .member("elapsed_seconds", context.display.elapsed().as_secs())
        .line(format!(
            "{} removed in {}",
            count(undone.deleted.len(), "resource"),
            context.elapsed()
        ))
        .lines(kept))
}

/// Finishes the current calls after the first signal, and ends at once after the second. Resources that are left are
/// found again by their tags.
async fn interrupted(context: &Context, leftovers: &Leftovers, code: ExitCode) -> Failure {
    context.display.note(&interrupt::answer(
        code,
        "finishing the current calls",
        &command(context, leftovers),
    ));
    let finished = async {
        // What is left is found by its tags.
        let _ = context.session.close().await;
        look(context, leftovers).await.ok()
    };
    let (code, found) = tokio::select! {
        found = finished => (code, found),
        code = context.interrupts.next() => (code, None),
    };
    let state = match found {
        Some(found) => format!(
            "left in account {1}, {2}: {0}",
            count(found.orphans.len(), "resource"),
            found.account,
            found.region
        ),
        None => "the resources that are left keep their tags, so gm leftovers finds them again"
            .to_owned(),
    };
    Failure::interrupted(code, Undone::default(), command(context, leftovers)).state(state)
}

/// Returns the orphans and the kept resources of the stacks that were named, or of all stacks.
async fn look(context: &Context, leftovers: &Leftovers) -> Result<Orphans, Failure> {
    let mut found = context.session.orphans(None).await?;
    let names = &leftovers.names;
    let is_asked_for = |found: &TaggedResource| names.is_empty() || names.contains(&found.stack);
    found.orphans.retain(is_asked_for);
    found.spared.retain(|spared| is_asked_for(&spared.resource));
    Ok(found)
}

/// Lists what was found, with the commands that remove it.
async fn listed(context: &Context, leftovers: &Leftovers, found: &Orphans) -> Document {
    let Orphans {
        account, region, ..
    } = found;
    let held = found
        .spared
        .iter()
        .filter_map(|spared| spared.command(region));
    let held: Vec<_> = held.collect();
    let mut document = document(found);
    document = match found.orphans.len() {
        0 if !held.is_empty() => document,
        0 => document.line(format!(
            "No leftovers: every gm resource in account {account}, {region} belongs to a stack known here."
        )),
        number => document
            .line(format!(
                "{} in account {account}, {region} without a stack that is known here:",
                count(number, "resource")
            ))
            .lines(lines(found))
            .lines(cost::line(&found.cost())),
    };
    for (why, resources) in spared(&found.spared) {
        let what = match resources.as_slice() {
            [only] => format!("{} {}", only.kind, shorten_ids(only.id.as_str())),
            more => count(more.len(), "resource"),
        };
        document = document.line(match why {
            KeepReason::BelongsTo { by, .. } => {
                let (belong, them) = match resources.as_slice() {
                    [_] => ("belongs", "it"),
                    _ => ("belong", "them"),
                };
                let command = format!("{} {by}", removal(context, by).await);
                let remove = context.command(&command);
                format!("{what} {belong} to stack {by}; not leftovers ({remove} removes {them})")
            }
            why => format!("left alone: {what}: {why}"),
        });
    }
    // The AWS CLI works on a real account, which does not have the sandbox's resources.
    if !context.is_sandbox {
        document = document.lines(held.iter().map(|command| format!("  by hand: {command}")));
    }
    let then = match (found.orphans.is_empty(), held.is_empty()) {
        (true, true) => return document,
        (true, false) => "once that is deleted, remove the rest:",
        (false, _) => "remove them, unless another machine has their journals:",
    };
    let next = command(context, leftovers);
    document
        .line(then)
        .line(format!("  next: {next}"))
        .member("next", next)
}

/// Returns the subcommand that removes a stack with a local journal.
async fn removal(context: &Context, stack: &StackName) -> &'static str {
    match context.session.summary(stack).await {
        Ok(status) if status.phase == Phase::Committed => "destroy",
        Ok(_) | Err(_) => "rollback",
    }
}

fn document(found: &Orphans) -> Document {
    Document::ok()
        .member("account", &found.account)
        .member("region", &found.region)
        .member("at", format!("{:.3}", found.at))
        .member("found", &found.orphans)
        .member("spared", &found.spared)
        .member("cost", found.cost())
}

fn question(leftovers: &Leftovers, found: &Orphans) -> String {
    let is_file_system = |orphan: &TaggedResource| orphan.kind == ResourceKind::FileSystem;
    let data = match found.orphans.iter().any(is_file_system) {
        true if leftovers.keep_file_systems => " File systems are kept.",
        true => " File systems are deleted with all their data (--keep-file-systems keeps them).",
        false => "",
    };
    format!(
        "{}\nRemove {} in account {}, {}? A deployment whose journal is on another machine looks the same, even \
         while it is in progress.{data}",
        lines(found).join("\n"),
        count(found.orphans.len(), "resource"),
        found.account,
        found.region
    )
}

/// Returns the orphans in columns, grouped by deployment.
fn lines(found: &Orphans) -> Vec<String> {
    let mut deployments: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for orphan in &found.orphans {
        let deployment = (&orphan.stack, &orphan.deployment);
        deployments.entry(deployment).or_default().push(orphan);
    }
    let mut lines = Vec::new();
    for ((stack, deployment), orphans) in deployments {
        lines.push(format!("{stack}, deployment {deployment}:"));
        let rows: Vec<_> = orphans
            .iter()
            .map(|orphan| {
                [
                    orphan.kind.to_string(),
                    shorten_ids(orphan.id.as_str()),
                    orphan.name.clone(),
                    age(orphan, found),
                ]
            })
            .collect();
        lines.extend(columns(&rows));
    }
    lines
}

/// Returns the age of an orphan, where AWS reports its creation time.
fn age(orphan: &TaggedResource, found: &Orphans) -> String {
    let age = orphan.since.map(|since| found.at.duration_since(since));
    match age.map(|age| Duration::try_from(age).unwrap_or_default()) {
        Some(age) => format!("{} old", duration(age)),
        None => "age unknown".to_owned(),
    }
}

/// Groups the kept resources by the reason for keeping them.
fn spared(spared: &[KeptResource]) -> Vec<(&KeepReason, Vec<&TaggedResource>)> {
    let mut reasons: Vec<(&KeepReason, Vec<&TaggedResource>)> = Vec::new();
    for KeptResource { resource, why, .. } in spared {
        match reasons.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, resources)) => resources.push(resource),
            None => reasons.push((why, vec![resource])),
        }
    }
    reasons
}

/// Returns the command that removes the same resources.
fn command(context: &Context, leftovers: &Leftovers) -> String {
    let mut words = vec!["leftovers".to_owned()];
    words.extend(leftovers.names.iter().map(ToString::to_string));
    if let Some(region) = context.settings.region_of_flag() {
        words.push(format!("--region {region}"));
    }
    words.push("--delete".to_owned());
    if leftovers.keep_file_systems {
        words.push("--keep-file-systems".to_owned());
    }
    context.command(&words.join(" "))
}
