//! Connections to origins, which are kept for further requests of the same viewer's connection.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::origin_settings::{OriginSettings, Place};
use super::origin_tls;
use crate::aws::Aws;
use crate::lock::lock;
use crate::traffic::body::Body;
use crate::traffic::connect;
use crate::traffic::data_plane::DataPlane;
use crate::traffic::stream::Stream;

/// The connections to origins that are free.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<HashMap<End, Vec<Idle>>>);

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct End {
    origin: String,
    port: u16,
    /// The name that TLS asks for; none without TLS.
    tls_name: Option<String>,
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Body>,
    since: Instant,
}

/// A connection in use.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Body>,
    /// True if it has carried a request before, and may have been closed since.
    pub(super) is_reused: bool,
    end: End,
}

impl Connections {
    /// Returns a free connection to an origin, or a new one. `host` is the host that the request names.
    ///
    /// # Errors
    /// Returns an error if nothing listens there, or if its certificate is not trusted.
    pub(super) async fn open(
        &self,
        aws: &Aws,
        plane: &Arc<DataPlane>,
        origin: &OriginSettings,
        is_https: bool,
        host: &str,
    ) -> io::Result<Connection> {
        let end = End {
            origin: format!("{} {}", origin.id, origin.domain_name),
            port: origin.port(is_https),
            tls_name: is_https.then(|| host.to_owned()),
        };
        if let Some(sender) = self.take(&end, origin.keep_alive) {
            return Ok(Connection {
                sender,
                is_reused: true,
                end,
            });
        }
        let mut stream = reach(aws, plane, origin, end.port).await?;
        if let Some(name) = &end.tls_name {
            let authority = plane.authority();
            stream = origin_tls::connect(authority, stream, name, &origin.domain_name).await?;
        }
        let opened = Builder::new()
            .title_case_headers(true)
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, connection) = opened.map_err(io::Error::other)?;
        // The requests on it notice if it breaks.
        tokio::spawn(connection.with_upgrades());
        Ok(Connection {
            sender,
            is_reused: false,
            end,
        })
    }

    fn take(&self, end: &End, keep_alive: Duration) -> Option<SendRequest<Body>> {
        let mut idle = lock(&self.0);
        let free = idle.get_mut(end)?;
        while let Some(one) = free.pop() {
            if one.since.elapsed() < keep_alive && one.sender.is_ready() {
                return Some(one.sender);
            }
        }
        None
    }

    /// Keeps a connection once its response has been read.
    pub(super) fn keep(self: &Arc<Self>, connection: Connection) {
        let Connection {
            mut sender, end, ..
        } = connection;
        // The viewer's connection may be gone by then.
        let connections = Arc::downgrade(self);
        tokio::spawn(async move {
            if sender.ready().await.is_ok()
                && let Some(connections) = connections.upgrade()
            {
                let since = Instant::now();
                let mut idle = lock(&connections.0);
                idle.entry(end).or_default().push(Idle { sender, since });
            }
        });
    }
}

async fn reach(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    origin: &OriginSettings,
    port: u16,
) -> io::Result<Stream> {
    match &origin.place {
        Place::Internet(source) => {
            connect::to_host(aws, plane, source, &origin.domain_name, port).await
        }
        Place::Private(destination, source) => {
            connect::to(aws, plane, source, destination, port).await
        }
        Place::Unknown => Err(io::ErrorKind::NotFound.into()),
    }
}
