//! `gm unlock`: ends the claim of another process on a stack.

use geusemaker_core::{DeploymentStatus, Holder};

use crate::age;
use crate::arguments::Unlock;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, unlock: &Unlock) -> Result<Document, Failure> {
    let name = &unlock.name.name;
    let status = context
        .unless_interrupted(async { Ok(context.session.summary(name).await?) })
        .await?;
    let Some(holder) = &status.held_by else {
        return Ok(document(&status, None).line(format!("{name} is not locked")));
    };
    if !unlock.yes.yes {
        let question = format!(
            "{name} in account {}, {} is locked by {holder}{}.\nA process that still works stops at its next record; \
             nothing is lost. Unlock {name}?",
            status.account,
            status.region,
            since(context, &status)
        );
        confirm(context, &question, &Consent::Yes).await?;
    }
    let unlocked = context.session.unlock(name, holder).await;
    let was_locked = unlocked.map_err(|error| Failure::unchanged(&error, name.as_str()))?;
    Ok(match was_locked {
        true => document(&status, Some(holder))
            .line(format!("{name} is unlocked; it was locked by {holder}")),
        false => document(&status, None).line(format!("{name} is not locked any more")),
    })
}

fn document(status: &DeploymentStatus, unlocked: Option<&Holder>) -> Document {
    Document::ok()
        .member("name", &status.name)
        .member("unlocked", unlocked.is_some())
        .member("held_by", unlocked.map(ToString::to_string))
}

fn since(context: &Context, status: &DeploymentStatus) -> String {
    match status.held_since {
        Some(since) => format!(" since {}", age::between(since, context.session.now())),
        None => String::new(),
    }
}
