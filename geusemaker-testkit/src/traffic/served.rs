//! The parts of traffic that servers on sockets need.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;

use serde_json::Value;

use super::destination::Destination;
use super::directory::{self, Entry};
use super::listing::{Listing, ServedAddress};
use super::source::Source;
use super::stream::Stream;
use super::{Traffic, connect, instance};
use crate::lock::lock;

impl Traffic {
    /// Returns the same internet as the other end of a socket sees it.
    pub(crate) fn seen_from(&self, peer: SocketAddr) -> Self {
        Self {
            source: Source::viewer(peer.ip(), peer.port()),
            ..self.clone()
        }
    }

    /// Returns the places to which viewers can connect.
    pub(crate) fn entries(&self) -> BTreeSet<Entry> {
        directory::entries(&self.aws)
    }

    /// Connects to a resource through its security groups.
    pub(crate) async fn connect_to(
        &self,
        destination: &Destination,
        port: u16,
    ) -> io::Result<Stream> {
        connect::to(&self.aws, &self.plane, &self.source, destination, port).await
    }

    /// Connects to a port of an instance as from the instance itself.
    pub(crate) async fn connect_inside(
        &self,
        region: &str,
        instance: &str,
        port: u16,
    ) -> io::Result<Stream> {
        instance::accept(&self.aws, &self.plane, region, instance, port).await
    }

    /// Tells what a server of traffic offers, for as long as there is one.
    pub(crate) fn list(&self, listing: Option<Listing>) {
        *lock(&self.plane.listing) = listing;
    }

    /// Returns the addresses of this machine that lead into the account.
    pub(crate) fn served_addresses(&self) -> Vec<ServedAddress> {
        let listing = lock(&self.plane.listing).clone();
        listing.map_or_else(Vec::new, |listing| listing.entries.borrow().clone())
    }

    /// Returns what a server of traffic offers, as documents have it.
    pub(crate) async fn listing(&self) -> Option<Value> {
        let listing = lock(&self.plane.listing).clone()?;
        let listing = listing.refreshed().await;
        Some(listing.to_json(&self.root_certificate()))
    }
}
