//! The traffic of a simulated account on sockets of this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::aws_server::reachable;
use super::loopback::{self, Key};
use super::traffic_proxy;
use crate::aws::Aws;
use crate::traffic::{Entry, Listing, ServedAddress};

/// The time between two looks at the account: some names appear as time goes on.
const INTERVAL: Duration = Duration::from_millis(200);

/// Serves the traffic of an [`Aws`] on sockets of this machine until it is dropped: its load balancers, distributions and
/// instances.
///
/// There are two ways in. [`proxy`](Self::proxy) is an HTTP proxy that knows the account's names:
/// `curl --proxy http://127.0.0.1:PORT --cacert root.pem https://d111111abcdef8.cloudfront.net/`. Beside that, each
/// name has an address of its own, [`addresses`](Self::addresses): where the system allows it, one of 127.0.0.0/8 with the
/// real port, and otherwise a free port of 127.0.0.1.
///
/// A viewer's address is that of its socket, 127.0.0.1. Clients trust
/// [`Traffic::root_certificate`](crate::traffic::Traffic::root_certificate).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::Aws;
/// use geusemaker_testkit::serve::TrafficServer;
///
/// let aws = Aws::builder().speed(60.0).build();
/// let server = TrafficServer::start(aws.clone()).await?;
/// println!("proxy: http://{}", server.proxy());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TrafficServer {
    aws: Aws,
    proxy: SocketAddr,
    entries: watch::Receiver<Vec<ServedAddress>>,
    /// They end when the server is dropped.
    _tasks: JoinSet<()>,
}

impl TrafficServer {
    /// Serves the traffic, with the proxy on a free port of the loopback interface.
    ///
    /// # Errors
    /// Returns an error if this machine has no free port.
    pub async fn start(aws: Aws) -> io::Result<Self> {
        Self::bind(aws, (Ipv4Addr::LOCALHOST, 0)).await
    }

    /// Serves the traffic, with the proxy on an address; port 0 chooses a free one.
    ///
    /// # Errors
    /// Returns an error if the address is not one of this machine, or is in use.
    pub async fn bind(aws: Aws, proxy: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(proxy).await?;
        let proxy = reachable(listener.local_addr()?);
        let (sender, entries) = watch::channel(Vec::new());
        let (compared, told) = watch::channel(());
        let ask = Arc::new(Notify::new());
        let listing = Listing {
            proxy,
            entries: entries.clone(),
            compared: told,
            ask: Arc::clone(&ask),
        };
        aws.traffic().list(Some(listing));
        let mut tasks = JoinSet::new();
        tasks.spawn(traffic_proxy::serve(listener, aws.clone()));
        tasks.spawn(follow(aws.clone(), sender, compared, ask));
        Ok(Self {
            aws,
            proxy,
            entries,
            _tasks: tasks,
        })
    }

    /// Returns the address of the proxy for programs on this machine.
    #[must_use]
    pub fn proxy(&self) -> SocketAddr {
        self.proxy
    }

    /// Returns the addresses of the account's names, as they come and go.
    #[must_use]
    pub fn addresses(&self) -> watch::Receiver<Vec<ServedAddress>> {
        self.entries.clone()
    }
}

impl Drop for TrafficServer {
    fn drop(&mut self) {
        self.aws.traffic().list(None);
    }
}

/// Opens and closes sockets as the account changes.
async fn follow(
    aws: Aws,
    sender: watch::Sender<Vec<ServedAddress>>,
    compared: watch::Sender<()>,
    ask: Arc<Notify>,
) {
    let mut open = BTreeMap::new();
    let mut seen = BTreeSet::new();
    loop {
        let entries = aws.traffic().entries();
        if entries != seen {
            update(&aws, &entries, &mut open).await;
            sender.send_replace(listed(&entries, &open));
            seen = entries;
        }
        compared.send_replace(());
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = ask.notified() => {}
        }
    }
}

async fn update(
    aws: &Aws,
    entries: &BTreeSet<Entry>,
    open: &mut BTreeMap<Key, loopback::Acceptor>,
) {
    let wanted: BTreeSet<Key> = entries.iter().map(Key::of).collect();
    let gone: Vec<Key> = open
        .keys()
        .filter(|key| !wanted.contains(key))
        .cloned()
        .collect();
    for key in gone {
        if let Some(acceptor) = open.remove(&key) {
            acceptor.close().await;
        }
    }
    for key in wanted {
        if !open.contains_key(&key)
            && let Ok(acceptor) = loopback::Acceptor::open(aws, &key).await
        {
            open.insert(key, acceptor);
        }
    }
}

fn listed(
    entries: &BTreeSet<Entry>,
    open: &BTreeMap<Key, loopback::Acceptor>,
) -> Vec<ServedAddress> {
    let entries = entries.iter().filter_map(|entry| {
        let acceptor = open.get(&Key::of(entry))?;
        Some(ServedAddress {
            kind: entry.kind,
            name: entry.name.clone(),
            port: entry.port,
            service: entry.service.clone(),
            address: acceptor.address(),
        })
    });
    entries.collect()
}
