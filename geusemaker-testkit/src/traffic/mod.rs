//! The data plane: instances that answer, load balancers and distributions that carry requests.
//!
//! Every hop is a byte stream with hyper on both ends. In a test the streams are in memory, in the time of the runtime;
//! a server puts the same ends on sockets.

mod authority;
pub(crate) mod body;
mod client;
mod cloudfront;
mod connect;
mod data_plane;
mod destination;
mod directory;
pub(crate) mod fault;
mod fault_schedule;
mod health_checks;
mod hop_by_hop;
mod instance;
mod listing;
mod load_balancer;
mod outside;
mod pattern;
mod place;
mod served;
mod service;
mod source;
mod stream;
mod streamed_body;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

pub use self::client::{RequestError, Response};
pub use self::directory::AddressKind;
pub use self::fault::TrafficFault;
pub use self::instance::Stub;
pub use self::listing::ServedAddress;
pub use self::outside::Listener;
pub use self::place::Place;
pub use self::service::Service;
pub use self::stream::Stream;
pub use self::streamed_body::{Pieces, StreamedBody};

pub(crate) use self::body::Body;
pub(crate) use self::data_plane::DataPlane;
pub(crate) use self::destination::Destination;
pub(crate) use self::directory::Entry;
pub(crate) use self::listing::Listing;
use self::source::Source;
use crate::aws::Aws;

/// The traffic of a simulated account: its viewers' side of the internet. [`Aws::traffic`] returns it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use geusemaker_testkit::Aws;
/// use geusemaker_testkit::traffic::TrafficFault;
///
/// let aws = Aws::new();
/// let traffic = aws.traffic();
/// // What answers on instances: a function, and a real program.
/// traffic.program("web", |request| async move { http::Response::new(format!("hello, {}\n", request.uri())) });
/// traffic.forward("api", "127.0.0.1:8080");
/// // The third request gets no answer.
/// traffic.fault(TrafficFault::hangs("web").nth(3).times(1).optional());
/// // Nothing is deployed yet.
/// assert!(traffic.get("http://web.example.com/").await.is_err());
/// # }
/// ```
#[derive(Clone)]
pub struct Traffic {
    aws: Aws,
    plane: Arc<DataPlane>,
    source: Source,
}

impl Traffic {
    /// Returns the traffic of an account, whose health checks are made from now on.
    pub(crate) fn start(aws: Aws) -> Self {
        let plane = aws.data_plane();
        plane.start_health_checks(&aws);
        Self {
            aws,
            plane,
            source: Source::default(),
        }
    }

    /// Returns the same internet as a viewer with another address sees it. The default is `203.0.113.10`.
    #[must_use]
    pub fn from(&self, address: impl Into<IpAddr>) -> Self {
        let source = Source::viewer(address.into(), self.source.port);
        Self {
            source,
            ..self.clone()
        }
    }

    /// Connects to a port of a load balancer, a distribution or an instance: by its DNS name, by a record of a hosted
    /// zone, or by its public address. The stream is plain: a client of HTTPS does its handshake on it, and trusts
    /// [`Traffic::root_certificate`].
    ///
    /// A connection that no security group allows is never made, as packets are dropped at AWS: a caller needs a
    /// time limit.
    ///
    /// # Errors
    /// Returns an error if the name leads nowhere, or if nothing listens on the port.
    pub fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> impl Future<Output = io::Result<Stream>> + Send + use<> {
        let (aws, plane, source) = (
            self.aws.clone(),
            Arc::clone(&self.plane),
            self.source.clone(),
        );
        let host = host.to_owned();
        async move { connect::to_host(&aws, &plane, &source, &host, port).await }
    }

    /// Returns the certificate of the account's own authority, in PEM: the one that viewers have to trust.
    #[must_use]
    pub fn root_certificate(&self) -> String {
        self.plane.authority().root_pem()
    }
}

impl fmt::Debug for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traffic")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
