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

/// Joins the messages of an error and its sources, the outermost first. Messages that a later one repeats, or that say
/// nothing, are left out.
pub(crate) fn said_once(error: &(dyn Error + 'static)) -> String {
    let links: Vec<String> = links(error).map(ToString::to_string).collect();
    let mut said: Vec<&str> = Vec::new();
    for (index, link) in links.iter().enumerate() {
        let is_repeated = links[index + 1..]
            .iter()
            .any(|inner| inner.contains(link.as_str()));
        let is_empty = matches!(link.as_str(), "dispatch failure" | "io error" | "other");
        if !is_repeated && !is_empty && !said.iter().any(|outer| outer.contains(link.as_str())) {
            said.push(link);
        }
    }
    said.join(": ")
}
