//! `gm wait`: waits for a deployment that only CloudFront has to finish.

use geusemaker_core::{AnyDeployment, Phase};

use super::advance::{Manner, Patience, advance};
use super::{resume, status};
use crate::arguments::{OnFailure, Wait};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, wait: &Wait) -> Result<Document, Failure> {
    let name = &wait.name.name;
    let existing = context
        .unless_interrupted(async { Ok(context.session.summary(name).await) })
        .await?
        .map_err(|error| Failure::unchanged(&error, name.as_str()))?;
    match existing.phase {
        Phase::Committed => return status::up_already(context, name).await,
        Phase::Ending => return Err(resume::ending(context, &existing)),
        Phase::CdnPending | Phase::CdnDeployed => {}
        phase => {
            let message = format!(
                "there is nothing to wait for: {name} is {phase}, and more has to be created"
            );
            return Err(Failure::usage(message)
                .state(format!("{name} is unchanged"))
                .next(context.command(&format!("resume {name}"))));
        }
    }
    // Whatever happens while this only waits, nothing is undone.
    context.session.keep_dropped();
    let keep = Some(OnFailure::Keep);
    let deployment = resume::open(context, name, keep).await?;
    let is_as_expected = matches!(
        deployment,
        AnyDeployment::CdnPending(_) | AnyDeployment::CdnDeployed(_)
    );
    if !is_as_expected {
        let message = format!("{name} was changed by another process in the meantime");
        return Err(Failure::usage(message).next(context.command(&format!("status {name}"))));
    }
    let manner = Manner {
        on_failure: keep,
        patience: Patience::Only,
        verifies: false,
        is_continued: true,
    };
    advance(context, name, deployment, manner).await
}
