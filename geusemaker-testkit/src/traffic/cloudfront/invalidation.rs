//! Invalidations: the objects that an edge drops. Amazon CloudFront Developer Guide: Invalidate files to remove content.

/// An invalidation. An edge starts with it at once, and then has none of the objects that were asked for before.
#[derive(Clone, Debug)]
pub(super) struct Invalidation {
    paths: Vec<String>,
}

impl Invalidation {
    /// Returns an invalidation of paths, whose leading slash may be absent.
    pub(super) fn new(paths: &[&str]) -> Self {
        let paths = paths.iter().map(|path| match path.starts_with('/') {
            true => (*path).to_owned(),
            false => format!("/{path}"),
        });
        Self {
            paths: paths.collect(),
        }
    }

    /// Returns true if it drops an object: its path, with the part of the query that the cache key has.
    pub(super) fn drops(&self, object: &str) -> bool {
        self.paths.iter().any(|path| match path.strip_suffix('*') {
            Some(beginning) => object.starts_with(beginning),
            None => object == path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Invalidation;

    #[test]
    fn star_stands_for_any_rest() {
        let invalidation = Invalidation::new(&["/a/*", "b?x=1"]);
        for (object, expected) in [
            ("/a/c", true),
            ("/a/", true),
            ("/a", false),
            ("/b", false),
            ("/b?x=1", true),
            ("/b?x=12", false),
            ("/A/c", false),
        ] {
            assert_eq!(invalidation.drops(object), expected, "{object}");
        }
    }
}
