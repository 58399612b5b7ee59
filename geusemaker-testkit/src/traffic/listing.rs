//! The addresses of this machine at which the account's names answer.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use super::directory::AddressKind;

/// An address of this machine that leads to a name of the account, or to an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServedAddress {
    /// The kind of the place.
    pub kind: AddressKind,
    /// The name, such as `d111111abcdef8.cloudfront.net`, or the id of the instance.
    pub name: String,
    /// The port there.
    pub port: u16,
    /// The service, on an instance.
    pub service: Option<String>,
    /// The address of this machine.
    pub address: SocketAddr,
}

impl ServedAddress {
    /// Returns the address as documents have it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "port": self.port,
            "address": self.address.to_string(),
            "kind": self.kind.name(),
            "service": self.service,
        })
    }
}

/// The offer of a server of traffic.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) proxy: SocketAddr,
    pub(crate) entries: watch::Receiver<Vec<ServedAddress>>,
    /// Marked as changed whenever the addresses have been compared with the account.
    pub(crate) compared: watch::Receiver<()>,
    /// Asks for a comparison now.
    pub(crate) ask: Arc<Notify>,
}

impl Listing {
    /// Waits until the addresses are those of the account as it is now.
    pub(crate) async fn refreshed(mut self) -> Self {
        // A comparison on its way may have begun before the latest change.
        for _ in 0..2 {
            self.compared.mark_unchanged();
            self.ask.notify_one();
            if self.compared.changed().await.is_err() {
                break;
            }
        }
        self
    }

    /// Returns the listing as documents have it.
    pub(crate) fn to_json(&self, root_certificate: &str) -> Value {
        let addresses: Vec<Value> = self
            .entries
            .borrow()
            .iter()
            .map(ServedAddress::to_json)
            .collect();
        json!({
            "proxy": format!("http://{}", self.proxy),
            "root_certificate": root_certificate,
            "addresses": addresses,
        })
    }
}
