//! Hosts on the internet that are no part of the account, such as a distribution's origin elsewhere.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::Traffic;
use super::source::Source;
use super::stream::Stream;
use crate::lock::lock;

/// The hosts outside of the account, by their names.
#[derive(Debug, Default)]
pub(crate) struct Outside(Mutex<HashMap<String, HashMap<u16, Sender>>>);

type Sender = mpsc::UnboundedSender<(Stream, SocketAddr)>;

impl Outside {
    /// Connects to a port of a host; returns `None` if there is no such host.
    pub(crate) fn connect(
        &self,
        source: &Source,
        host: &str,
        port: u16,
    ) -> Option<io::Result<Stream>> {
        let hosts = lock(&self.0);
        let ports = hosts.get(&host.to_ascii_lowercase())?;
        let (client, server) = Stream::pair();
        let peer = SocketAddr::new(source.address, source.port);
        let sent = ports.get(&port).map(|sender| sender.send((server, peer)));
        Some(match sent {
            Some(Ok(())) => Ok(client),
            Some(Err(_)) | None => Err(io::ErrorKind::ConnectionRefused.into()),
        })
    }
}

impl Traffic {
    /// Listens on a port of a host that is no part of the account, such as an origin elsewhere. A host of that name and
    /// port takes the place of an earlier one.
    #[must_use]
    pub fn listen(&self, host: &str, port: u16) -> Listener {
        let (sender, connections) = mpsc::unbounded_channel();
        let mut hosts = lock(&self.plane.outside.0);
        let ports = hosts.entry(host.to_ascii_lowercase()).or_default();
        ports.insert(port, sender);
        Listener {
            connections,
            tls: None,
            traffic: self.clone(),
        }
    }
}

/// A port of a host outside of the account. Nothing listens on it after this is dropped.
#[derive(Debug)]
pub struct Listener {
    connections: mpsc::UnboundedReceiver<(Stream, SocketAddr)>,
    tls: Option<Arc<ServerConfig>>,
    traffic: Traffic,
}

impl Listener {
    /// Speaks TLS, with a certificate for a host name by the account's own authority.
    ///
    /// # Errors
    /// Returns an error if the name cannot be in a certificate.
    pub fn with_certificate(self, name: &str) -> io::Result<Self> {
        let authority = self.traffic.plane.authority();
        let config = authority.server_config(&[vec![name.to_owned()]], &["http/1.1"]);
        let tls = Some(config.map_err(io::Error::other)?);
        Ok(Self { tls, ..self })
    }

    /// Waits for a connection. Returns its stream, and the address from which it comes.
    ///
    /// # Errors
    /// Returns an error if the TLS handshake fails, or if another listener has taken the port.
    pub async fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let next = self.connections.recv().await;
        let (stream, peer) = next.ok_or(io::ErrorKind::NotConnected)?;
        match &self.tls {
            None => Ok((stream, peer)),
            Some(config) => {
                let stream = TlsAcceptor::from(Arc::clone(config)).accept(stream).await?;
                Ok((Stream::new(stream), peer))
            }
        }
    }
}
