//! The messages of an error and of its sources in one line.

use std::error::Error;

/// Joins the messages of an error and its sources, the outermost first.
pub(crate) fn joined(error: &(dyn Error + 'static)) -> String {
    let messages: Vec<_> = links(error).map(ToString::to_string).collect();
    messages.join(": ")
}

/// Returns the error and its sources, the outermost first.
pub(crate) fn links<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}
