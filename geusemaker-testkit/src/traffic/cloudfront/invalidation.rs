//! Invalidations: the objects that an edge drops. Amazon CloudFront Developer Guide: Invalidate files to remove content.

use jiff::Timestamp;

/// An invalidation. An edge starts with it at once, and then has none of the objects that were asked for before.
#[derive(Clone, Debug)]
pub(super) struct Invalidation {
    created_at: Timestamp,
    paths: Vec<String>,
}

impl Invalidation {
    /// Returns an invalidation of paths, whose leading slash may be absent.
    pub(super) fn new(created_at: Timestamp, paths: &[&str]) -> Self {
        let paths = paths.iter().map(|path| match path.starts_with('/') {
            true => (*path).to_owned(),
            false => format!("/{path}"),
        });
        Self {
            created_at,
            paths: paths.collect(),
        }
    }

    /// Returns true if an edge has dropped an object: its path, with the part of the query that the cache key has, and
    /// the time at which the edge has asked the origin for it.
    pub(super) fn drops(&self, object: &str, asked_at: Timestamp) -> bool {
        asked_at <= self.created_at
            && self.paths.iter().any(|path| match path.strip_suffix('*') {
                Some(beginning) => object.starts_with(beginning),
                None => object == path,
            })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Invalidation;

    #[test]
    fn later_objects_stay() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let invalidation = Invalidation::new(at(5), &["/a/*", "b?x=1"]);
        for (object, asked_at, expected) in [
            ("/a/c", 4, true),
            ("/a/c", 6, false),
            ("/a", 4, false),
            ("/b", 4, false),
            ("/b?x=1", 4, true),
            ("/b?x=12", 4, false),
            ("/A/c", 4, false),
        ] {
            assert_eq!(
                invalidation.drops(object, at(asked_at)),
                expected,
                "{object} {asked_at}"
            );
        }
    }
}
