//! `gm rotate-token`: changes the bearer token of a stack, in two steps.

use geusemaker_core::{BearerTokenRotation, Error};

use crate::arguments::RotateToken;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, rotate: &RotateToken) -> Result<Document, Failure> {
    let name = &rotate.name.name;
    let unchanged = |error: Error| Failure::unchanged(&error, name.as_str());
    let status = context.session.summary(name).await.map_err(unchanged)?;
    // The first step shuts nobody out.
    if rotate.finish && !(rotate.yes.yes || context.is_sandbox) {
        let question = format!(
            "Drop the former bearer token of {name} in account {}, {}? Requests that still use it are refused.",
            status.account, status.region
        );
        confirm(context, &question, &Consent::Yes).await?;
    }
    let next = match rotate.finish {
        false => context.command(&format!("rotate-token {name}")),
        true => context.command(&format!("rotate-token {name} --finish")),
    };
    let half_way = match rotate.finish {
        false => {
            format!("{name} admits its present token everywhere, and may admit a new one somewhere")
        }
        true => format!(
            "{name} admits its new token everywhere, and may admit the former one somewhere"
        ),
    };
    let step = async {
        match rotate.finish {
            false => context.session.rotate_bearer_token(name).await,
            true => context.session.finish_token_rotation(name).await,
        }
    };
    let rotated = context.finished(Box::pin(step), &next, &half_way).await?;
    match rotated {
        Ok(rotated) => Ok(document(context, rotate, &rotated)),
        Err(error @ (Error::Aws { .. } | Error::Stopped { .. })) => {
            Err(unchanged(error).state(half_way).next(next))
        }
        Err(error) => Err(unchanged(error)),
    }
}

/// Returns the result. The new token is the text of the first step, alone, for pipes.
fn document(context: &Context, rotate: &RotateToken, rotated: &BearerTokenRotation) -> Document {
    let name = &rotate.name.name;
    let document = Document::ok()
        .member("name", name)
        .member("rules", rotated.rules)
        .member("changed", rotated.changed);
    if rotate.finish {
        return document.line(match rotated.changed {
            true => format!("{name}: the load balancer admits the new token alone"),
            false => format!("{name}: the load balancer admits one token; there was none to drop"),
        });
    }
    let begun = match rotated.changed {
        true => "the load balancer admits this token beside the former one, within seconds",
        false => "the change was begun before: this token is admitted beside the former one",
    };
    let next = context.command(&format!("rotate-token {name} --finish"));
    context
        .display
        .note(&format!("{name}: {begun}; when everybody uses it: {next}"));
    document
        .member("token", rotated.token.expose())
        .member("next", next)
        .line(rotated.token.expose())
}
