//! `gm destroy`: removes a stack.

use geusemaker_core::words::count;
use geusemaker_core::{FileSystems, Phase, ResourceKind, StackName, Undone};
use serde_json::json;

use super::list::{gone_already, size};
use crate::arguments::Destroy;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt;

pub(crate) async fn run(context: &Context, destroy: &Destroy) -> Result<Document, Failure> {
    let name = &destroy.name.name;
    if destroy.file_system {
        return delete_kept(context, destroy).await;
    }
    let status = match context.session.summary(name).await {
        Ok(status) => status,
        Err(error) => return gone_already(context, name, error).await,
    };
    let keeps = destroy.keep_file_system || status.spec.storage().keep_on_destroy();
    if !(destroy.yes.yes || context.is_sandbox) {
        let own_file_system = status
            .resources
            .iter()
            .find(|resource| resource.kind == ResourceKind::FileSystem && !resource.adopted);
        let data = match own_file_system {
            Some(_) if keeps => " The file system is kept.",
            Some(_) => {
                " The file system is deleted with all its data (--keep-file-system keeps it)."
            }
            None => "",
        };
        let question = format!(
            "Destroy {name} in account {}, {} ({})?{data}",
            status.account,
            status.region,
            count(status.resources.len(), "resource")
        );
        confirm(context, &question, &Consent::Name(name.as_str())).await?;
    }
    let file_systems = if keeps {
        FileSystems::Keep
    } else {
        FileSystems::Delete
    };
    let destroyed =
        interruptible(context, name, context.session.destroy(name, file_systems)).await?;
    let undone = destroyed.map_err(|error| Failure::unchanged(&error, name.as_str()))?;
    if !undone.is_complete()
        && let Ok(status) = context.session.summary(name).await
        && status.phase == Phase::Committed
    {
        let next = context.command(&format!("destroy {name}"));
        let resources = count(status.resources.len(), "resource");
        let state = format!("{name} is unchanged ({resources})");
        return Err(Failure::protected(undone).state(state).next(next));
    }
    report(context, name, undone, "destroy")
}

/// Deletes the file systems that earlier removals have kept.
async fn delete_kept(context: &Context, destroy: &Destroy) -> Result<Document, Failure> {
    let name = &destroy.name.name;
    let kept = context.session.kept_file_systems(name).await?;
    if kept.is_empty() {
        return none_kept(context, name).await;
    }
    let listed = context
        .unless_interrupted(async { Ok(context.session.measure(kept.clone()).await?) })
        .await?;
    if !(listed.is_empty() || destroy.yes.yes || context.is_sandbox) {
        let of_each = listed.iter().map(|kept| {
            format!(
                "{} ({} in account {}, {})",
                kept.id,
                kept.bytes.map(size).unwrap_or_default(),
                kept.account,
                kept.region
            )
        });
        let of_each: Vec<_> = of_each.collect();
        let question = format!(
            "Delete {} with all its data, which {name} has kept?",
            of_each.join(" and ")
        );
        confirm(context, &question, &Consent::Name(name.as_str())).await?;
    }
    // Those that do not exist any more are deleted as well, and then the journal knows it.
    let deleting = context.session.delete_kept(name, &kept);
    let (deleted, code) = context.even_if_interrupted(deleting).await;
    let next = || context.command(&format!("destroy {name} --file-system"));
    let deleted = match (deleted, code) {
        (Some(deleted), None) => deleted?,
        (_, code) => {
            let code = code.unwrap_or(ExitCode::Interrupted);
            return Err(Failure::interrupted(code, Undone::default(), next()));
        }
    };
    if !deleted.is_complete() {
        return Err(Failure::leftovers(deleted).next(next()));
    }
    let ids = deleted.deleted.iter();
    let lines = ids.map(|resource| format!("{} {} is deleted", resource.kind, resource.id));
    Ok(Document::ok()
        .member("name", name)
        .member("deleted", &deleted.deleted)
        .member("kept", &deleted.kept)
        .member("leftovers", &deleted.left)
        .member("elapsed_seconds", context.display.elapsed().as_secs())
        .lines(lines.collect::<Vec<_>>()))
}

/// Returns the document for a stack that has kept no file system, or none any more.
async fn none_kept(context: &Context, name: &StackName) -> Result<Document, Failure> {
    if !context.session.histories().await?.contains(name) {
        let known = context.session.summary(name).await.map(drop);
        let unknown = known.map_err(|error| Failure::unchanged(&error, name.as_str()));
        unknown?;
    }
    Ok(Document::ok()
        .member("name", name)
        .member("deleted", json!([]))
        .member("kept", json!([]))
        .member("leftovers", json!([]))
        .member("elapsed_seconds", 0)
        .line(format!("{name} has kept no file system")))
}

/// Runs a removal that a signal can end; the journal lists what is left, and the next removal continues from there.
pub(super) async fn interruptible<T>(
    context: &Context,
    name: &StackName,
    removal: impl Future<Output = T>,
) -> Result<T, Failure> {
    let code = tokio::select! {
        removed = removal => return Ok(removed),
        code = context.interrupts.next() => code,
    };
    let next = context.command(&format!("destroy {name}"));
    context.display.note(&interrupt::answer(
        code,
        "finishing the current call",
        &next,
    ));
    tokio::select! {
        _ = context.session.close() => {}
        code = context.interrupts.next() => {
            return Err(Failure::interrupted(code, Undone::default(), next)
                .state(format!("the journal lists what is left of {name}")));
        }
    }
    let left = match context.session.summary(name).await {
        Ok(status) => format!(
            "left of {name}: {}",
            count(status.resources.len(), "resource")
        ),
        Err(_) => format!("the journal lists what is left of {name}"),
    };
    Err(Failure::interrupted(code, Undone::default(), next).state(left))
}

/// Reports the result of a removal.
pub(super) fn report(
    context: &Context,
    name: &StackName,
    undone: Undone,
    verb: &str,
) -> Result<Document, Failure> {
    if !undone.is_complete() {
        return Err(Failure::leftovers(undone).next(context.command(&format!("{verb} {name}"))));
    }
    let kept = undone
        .kept
        .iter()
        .map(|kept| {
            format!(
                "  kept: {} {} (a later spec can use it: storage.file_system)",
                kept.kind, kept.id
            )
        })
        .collect::<Vec<_>>();
    Ok(Document::ok()
        .member("name", name)
        .member("state", "gone")
        .member("deleted", &undone.deleted)
        .member("kept", &undone.kept)
        .member("leftovers", &undone.left)
        .member("elapsed_seconds", context.display.elapsed().as_secs())
        .line(format!(
            "{name} is gone: {} removed in {}",
            count(undone.deleted.len(), "resource"),
            context.elapsed()
        ))
        .lines(kept))
}
