//! The state of the traffic of an account, which no call shows: counters, connections, caches.

use std::fmt;
use std::sync::{Mutex, OnceLock};

use super::authority::Authority;
use super::cloudfront::Edges;
use super::health_checks;
use super::instance::Programs;
use super::listing::Listing;
use super::load_balancer::Nodes;
use super::outside::Outside;
use crate::aws::Aws;

/// The state of an account's traffic. Snapshots do not have it.
#[derive(Default)]
pub(crate) struct DataPlane {
    /// Made when the first TLS connection needs it.
    authority: OnceLock<Authority>,
    health_checks: OnceLock<()>,
    pub(crate) edges: Edges,
    pub(crate) nodes: Nodes,
    pub(crate) outside: Outside,
    pub(crate) programs: Programs,
    /// The offer of a server on sockets, if there is one.
    pub(crate) listing: Mutex<Option<Listing>>,
}

impl DataPlane {
    /// Lets load balancers make their health checks, if they do not yet.
    pub(crate) fn start_health_checks(&self, aws: &Aws) {
        self.health_checks.get_or_init(|| {
            tokio::spawn(health_checks::run(aws.downgrade(), aws.clock().clone()));
        });
    }

    pub(crate) fn authority(&self) -> &Authority {
        self.authority.get_or_init(Authority::new)
    }
}

impl fmt::Debug for DataPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataPlane").finish_non_exhaustive()
    }
}
