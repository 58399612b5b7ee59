//! The search for something that is listed twice.

use std::collections::HashSet;
use std::hash::Hash;

/// Returns the first item that equals an earlier one, with its index.
pub(super) fn first_repeated<T: Copy + Eq + Hash>(
    items: impl IntoIterator<Item = T>,
) -> Option<(usize, T)> {
    let mut seen = HashSet::new();
    items
        .into_iter()
        .enumerate()
        .find(|(_, item)| !seen.insert(*item))
}
