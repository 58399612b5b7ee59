//! The state of the traffic of an account, which no call shows: counters, connections, caches.

use std::fmt;
use std::sync::OnceLock;

use super::authority::Authority;
use super::cloudfront::Edges;
use super::instance::Programs;
use super::load_balancer::Nodes;

/// The state of an account's traffic. Snapshots do not have it.
#[derive(Default)]
pub(crate) struct DataPlane {
    /// Made when the first TLS connection needs it.
    authority: OnceLock<Authority>,
    pub(crate) edges: Edges,
    pub(crate) nodes: Nodes,
    pub(crate) programs: Programs,
}

impl DataPlane {
    pub(crate) fn authority(&self) -> &Authority {
        self.authority.get_or_init(Authority::new)
    }
}

impl fmt::Debug for DataPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataPlane").finish_non_exhaustive()
    }
}
