//! The names of operations.

/// Returns true if an operation changes nothing. It is named as AWS names it, or, in a cassette of a REST protocol, by
/// its method and path.
pub(crate) fn is_read(operation: &str) -> bool {
    const PREFIXES: [&str; 6] = ["Describe", "Get", "List", "Search", "GET ", "HEAD "];
    PREFIXES.iter().any(|prefix| operation.starts_with(prefix))
}
