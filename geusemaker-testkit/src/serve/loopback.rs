//! Sockets of the loopback interface, each for a port of a resource.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::aws::Aws;
use crate::traffic::{Destination, Entry, Stream};

/// The addresses of its own that are tried for a resource: another account on this machine may have the first.
const TRIES: u8 = 8;

/// The time after which a connection ends that no security group lets in, as Linux gives up to connect.
const PATIENCE: Duration = Duration::from_secs(127);

/// A port of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    destination: Destination,
    port: u16,
}

impl Key {
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            destination: entry.destination.clone(),
            port: entry.port,
        }
    }

    /// Returns an address for the resource: always the same for the same name.
    fn address(&self, attempt: u8) -> Ipv4Addr {
        let mut hasher = DefaultHasher::new();
        self.destination.hash(&mut hasher);
        attempt.hash(&mut hasher);
        let [one, two, three, ..] = hasher.finish().to_be_bytes();
        // 127.0.0.0/10 is left to others, and the ends of blocks are no hosts for some programs.
        Ipv4Addr::new(127, one | 64, two, three.clamp(1, 254))
    }
}

/// A socket that accepts connections for a resource, until it is dropped.
#[derive(Debug)]
pub(super) struct Acceptor {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Acceptor {
    /// Opens a socket at an address of its own with the real port, or at a free port of 127.0.0.1.
    pub(super) async fn open(aws: &Aws, key: &Key) -> io::Result<Self> {
        let listener = match own(key).await {
            Some(listener) => listener,
            None => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
        };
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, aws.clone(), key.clone()));
        Ok(Self { address, accepting })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the socket and its connections, and returns once they are closed.
    pub(super) async fn close(mut self) {
        self.accepting.abort();
        // It has been cancelled.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Listens on the real port of an address of the resource's own; returns `None` if the system does not allow it.
async fn own(key: &Key) -> Option<TcpListener> {
    for attempt in 0..TRIES {
        match TcpListener::bind((key.address(attempt), key.port)).await {
            Ok(listener) => return Some(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            // Ports below 1024 may be forbidden, and not all systems have these addresses.
            Err(_) => return None,
        }
    }
    None
}

async fn accept(listener: TcpListener, aws: Aws, key: Key) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, peer)) => {
                connections.spawn(carry(stream, peer, aws.clone(), key.clone()));
            }
            // The viewer has gone, or there are too many connections: the others get time to end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Carries the bytes of one connection.
async fn carry(mut viewer: TcpStream, peer: SocketAddr, aws: Aws, key: Key) {
    // Pieces of a stream are small, and somebody waits for them. Without this option they are only slower.
    let _ = viewer.set_nodelay(true);
    let connecting = connect(&aws, peer, &key);
    // Closing the socket is all that can be told of a refused connection, once it is accepted here.
    if let Ok(Ok(mut stream)) = tokio::time::timeout(PATIENCE, connecting).await {
        // Both ends notice themselves that the connection breaks.
        let _ = copy_bidirectional(&mut viewer, &mut stream).await;
    }
}

async fn connect(aws: &Aws, peer: SocketAddr, key: &Key) -> io::Result<Stream> {
    let traffic = aws.traffic();
    match &key.destination {
        Destination::Instance { region, id } => traffic.connect_inside(region, id, key.port).await,
        destination @ (Destination::Distribution { .. } | Destination::LoadBalancer { .. }) => {
            let traffic = traffic.seen_from(peer);
            traffic.connect_to(destination, key.port).await
        }
    }
}
