//! `gm invalidate`: has the CDN of a stack drop cached answers.

use geusemaker_core::spec::InvalidationPaths;
use geusemaker_core::words::count;
use geusemaker_core::{Error, Invalidation};

use crate::arguments::Invalidate;
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, invalidate: &Invalidate) -> Result<Document, Failure> {
    let name = &invalidate.name.name;
    let paths = match &invalidate.paths[..] {
        [] => InvalidationPaths::everything(),
        paths => InvalidationPaths::try_from(paths.to_vec())
            .map_err(|error| Failure::usage(error.to_string()))?,
    };
    let work = async {
        let accepted = context.session.invalidate(name, paths).await?;
        if invalidate.no_wait {
            return Ok(accepted);
        }
        context.session.await_invalidation(name, &accepted).await
    };
    let (ended, code) = context.even_if_interrupted(work).await;
    match (ended, code) {
        (Some(Ok(invalidation)), _) => Ok(document(context, name.as_str(), &invalidation)),
        (Some(Err(error)), None) => Err(failure(&error, name.as_str())),
        (_, Some(code)) => Err(Failure::canceled(
            code,
            "interrupted; an invalidation that CloudFront has accepted goes on",
        )),
        // Without a signal, the work ends by itself.
        (None, None) => Err(Failure::local("the invalidation ended without a result")),
    }
}

/// An invalidation changes nothing in the stack.
fn failure(error: &Error, name: &str) -> Failure {
    Failure::unchanged(error, name)
}

fn document(context: &Context, name: &str, invalidation: &Invalidation) -> Document {
    let paths = invalidation.paths.as_slice();
    let what = match paths {
        [path] => path.to_string(),
        paths => count(paths.len(), "path"),
    };
    let document = Document::ok()
        .member("name", name)
        .member("invalidation", invalidation)
        .member("elapsed_seconds", context.display.elapsed().as_secs());
    if invalidation.is_completed {
        document.line(format!(
            "{name}: all edge locations have dropped {what} ({}, {})",
            invalidation.id,
            context.elapsed()
        ))
    } else {
        document.line(format!(
            "{name}: CloudFront is dropping {what} from all edge locations ({}), which takes a minute or two",
            invalidation.id
        ))
    }
}
