//! `gm rotate-origin-secret`: changes the secret between the CDN and the load balancer of a stack.

use geusemaker_core::{Error, RotatedOriginSecret};

use crate::arguments::RotateOriginSecret;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(
    context: &Context,
    rotate: &RotateOriginSecret,
) -> Result<Document, Failure> {
    let name = &rotate.name.name;
    let unchanged = |error: Error| Failure::unchanged(&error, name.as_str());
    let status = context.session.summary(name).await.map_err(unchanged)?;
    if !(rotate.yes.yes || context.is_sandbox) {
        let question = format!(
            "Change the secret between the CDN and the load balancer of {name} in account {}, {}? No request is dropped, \
             and it takes about 10 minutes.",
            status.account, status.region
        );
        confirm(context, &question, &Consent::Yes).await?;
    }
    let next = context.command(&format!("rotate-origin-secret {name}"));
    let half_way = format!(
        "{name} serves all requests; its load balancer may admit two secrets until the next rotation"
    );
    let rotation = Box::pin(context.session.rotate_origin_secret(name));
    let rotated = context.finished(rotation, &next, &half_way).await?;
    match rotated {
        Ok(rotated) => Ok(document(context, name.as_str(), &rotated)),
        Err(error @ (Error::Aws { .. } | Error::Wait(_) | Error::Stopped { .. })) => {
            Err(unchanged(error).state(half_way).next(next))
        }
        Err(error) => Err(unchanged(error)),
    }
}

fn document(context: &Context, name: &str, rotated: &RotatedOriginSecret) -> Document {
    let mut document = Document::ok()
        .member("name", name)
        .members_of(rotated)
        .member("elapsed_seconds", context.display.elapsed().as_secs());
    if rotated.finished_earlier {
        document = document.line(format!(
            "{name}: an earlier rotation was interrupted, and was finished first"
        ));
    }
    document.line(format!(
        "{name}: the CDN sends a new secret, and the load balancer admits it alone ({})",
        context.elapsed()
    ))
}
