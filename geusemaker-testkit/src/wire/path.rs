//! The paths of the REST protocols: a version, and segments.

use super::form::{self, FormError};

/// Returns the API version, and the path's segments after it.
///
/// A slash at the end does not matter. An empty segment within the path is kept, so that it is not taken for an id; so
/// are `.` and `..`, which have no meaning at AWS.
pub(super) fn segments(path: &str) -> Result<(String, Vec<String>), FormError> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut segments = path.split('/').map(form::decoded);
    let version = segments.next().transpose()?.unwrap_or_default();
    Ok((version, segments.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::segments;

    proptest! {
        #[test]
        fn arbitrary_path_is_read_or_refused(path in ".{0,60}") {
            let _ = segments(&path);
        }
    }

    #[test]
    fn segments_are_decoded_separately() {
        let (version, segments) = segments("/2015-02-01/a%2Fb/fs-1=x&y+z/").unwrap();
        assert_eq!(version, "2015-02-01");
        assert_eq!(segments, ["a/b", "fs-1=x&y+z"]);
    }
}
