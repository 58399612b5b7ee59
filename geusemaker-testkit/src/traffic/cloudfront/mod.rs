//! CloudFront: edges that answer viewers from a cache, or pass their requests on to an origin.
//!
//! There is one edge location, and all viewers are in one country. Logs, web ACLs and the price class have no effect.

mod answer;
mod asked;
mod behavior;
mod cache;
mod cache_key;
mod compression;
mod connections;
mod entry;
mod exchange;
mod fetch;
mod filling;
mod freshness;
mod generated_headers;
mod hit;
mod identity;
mod invalidation;
mod origin;
mod origin_request;
mod origin_settings;
mod origin_tls;
mod page;
mod path_pattern;
mod response_headers;
mod selection;
mod serve;
mod settings;
mod timed_body;
mod viewer_connection;
mod web_socket;

use std::sync::atomic::{AtomicU64, Ordering};

use self::cache::Cache;
use self::settings::Known;
pub(crate) use self::viewer_connection::accept;

/// The state of the edges: their caches.
#[derive(Debug, Default)]
pub(crate) struct Edges {
    cache: Cache,
    known: Known,
    requests: AtomicU64,
}

impl Edges {
    /// Returns the number of a new request.
    fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }
}
