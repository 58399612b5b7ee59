//! `gm resume`: the rest of a deployment that was interrupted.

use geusemaker_core::Phase;

use super::advance::advance;
use super::status;
use crate::arguments::Resume;
use crate::confirm::{Consent, confirm};
use crate::document::Document;
use crate::failure::Failure;
use crate::context::Context;

pub(crate) async fn run(context: &Context, resume: &Resume) -> Result<Document, Failure> {
    let name = &resume.name.name;
    let existing = context.session.status(name).await?;
    if existing.phase == Phase::Committed {
        context.display.note(&format!("{name} is up already"));
        return Ok(status::document(context, &existing));
    }
    if !(resume.yes.yes || context.is_sandbox) {
        confirm(&format!("Finish deploying {name}, now {}?", existing.phase), &Consent::Yes)?;
    }
    let deployment = context.session.open(name).await?;
    advance(context, name, deployment, resume.on_failure.on_failure).await
}
