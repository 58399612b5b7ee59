//! `gm rollback`: removes a stack that was never committed.

use geusemaker_core::Error;

use super::destroy::{interruptible, report};
use super::list::gone_already;
use crate::arguments::Rollback;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, rollback: &Rollback) -> Result<Document, Failure> {
    let name = &rollback.name.name;
    let status = match context.session.summary(name).await {
        Ok(status) => status,
        Err(error) => return gone_already(context, name, error).await,
    };
    if !(rollback.yes.yes || context.is_sandbox) {
        let question = format!(
            "Roll back {name} ({}) in account {}, {}?",
            status.phase, status.account, status.region
        );
        confirm(context, &question, &Consent::Yes).await?;
    }
    let undone = interruptible(context, name, context.session.rollback(name))
        .await?
        .map_err(|error| {
            let failure = Failure::unchanged(&error, name.as_str());
            match error {
                Error::Committed { .. } => {
                    failure.next(context.command(&format!("destroy {name}")))
                }
                _ => failure,
            }
        })?;
    report(context, name, undone, "rollback")
}
