//! Services that answer on instances, for programs that run beside the account.

use std::net::Ipv4Addr;

use super::instance::Endpoint;

/// A service that answers on a port of an instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Service {
    /// The name of the service.
    pub name: String,
    /// The id of the instance.
    pub instance: String,
    /// The private address of the instance.
    pub address: Ipv4Addr,
    /// The port of the instance.
    pub port: u16,
}

impl Service {
    pub(super) fn of(endpoint: Endpoint) -> Self {
        Self {
            name: endpoint.service.map(|it| it.name).unwrap_or_default(),
            instance: endpoint.instance,
            address: endpoint.address,
            port: endpoint.port,
        }
    }
}
