//! The names of operations.

/// The end of the name of a call that only checks if it would succeed: `RunInstances (dry run)`.
pub(crate) const DRY_RUN: &str = " (dry run)";

/// Returns true if an operation changes nothing. It is named as AWS names it, or, in a cassette of a REST protocol, by
/// its method and path. A dry run changes nothing.
pub(crate) fn is_read(operation: &str) -> bool {
    const PREFIXES: [&str; 6] = ["Describe", "Get", "List", "Search", "GET ", "HEAD "];
    operation.ends_with(DRY_RUN) || PREFIXES.iter().any(|prefix| operation.starts_with(prefix))
}
