//! The sender of a connection, as security groups and forwarded headers see it.

use std::net::{IpAddr, Ipv4Addr};

/// The address of a viewer that has said nothing else: one of those kept for documentation.
const VIEWER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);

/// The sender of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    /// The security groups of the interface that sends; empty outside of networks of the account.
    pub(crate) groups: Vec<String>,
}

impl Source {
    /// Returns a viewer on the internet.
    pub(crate) fn viewer(address: IpAddr, port: u16) -> Self {
        Self {
            address,
            port,
            groups: Vec::new(),
        }
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::viewer(VIEWER.into(), 40_000)
    }
}
