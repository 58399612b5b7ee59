//! The internet, as a verification reaches it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::endpoint;
use super::proxy::Proxy;

/// The way on which [`Session::verify`](crate::Session::verify) reaches hosts: the network of this machine, a proxy, or
/// the internet of a simulator.
///
/// ```
/// use geusemaker_core::Internet;
///
/// let direct = Internet::direct();
/// // The simulated account of another process says where its proxy is.
/// let simulated = Internet::through_proxy("http://127.0.0.1:8080")?;
/// # let _ = (direct, simulated);
/// # Ok::<(), geusemaker_core::InvalidInternet>(())
/// ```
#[derive(Clone)]
pub struct Internet {
    connect: Arc<Connect>,
    authorities: Authorities,
}

type Connect = dyn Fn(String, u16) -> Connecting + Send + Sync;
type Connecting = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

/// A connection.
pub(super) type Stream = Box<dyn Connection>;

/// A stream of bytes in both directions.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection for S {}

/// The certificate authorities that are trusted.
#[derive(Clone)]
pub(super) enum Authorities {
    OfSystem,
    Only(Arc<[CertificateDer<'static>]>),
}

/// Error returned when a proxy or a certificate authority cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
#[non_exhaustive]
pub struct InvalidInternet(pub(super) String);

impl Internet {
    /// Reaches hosts from this machine, and trusts the certificate authorities of its operating system.
    #[must_use]
    pub fn direct() -> Self {
        Self::through(|host, port| async move {
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
    }

    /// Reaches hosts through an HTTP proxy, as in `http://127.0.0.1:8080`, which opens the connections (CONNECT).
    ///
    /// # Errors
    /// Returns an error if the URL is not that of an HTTP proxy.
    pub fn through_proxy(url: &str) -> Result<Self, InvalidInternet> {
        let proxy = Arc::new(Proxy::parse(url)?);
        Ok(Self::through(move |host, port| {
            let proxy = Arc::clone(&proxy);
            async move { proxy.connect(&host, port).await }
        }))
    }

    /// Reaches hosts by a function of the host and the port: the internet of a simulator in this process, for example.
    pub fn through<F, C, S>(connect: F) -> Self
    where
        F: Fn(String, u16) -> C + Send + Sync + 'static,
        C: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let connect = move |host, port| -> Connecting {
            let connecting = connect(host, port);
            Box::pin(async move {
                let stream: Stream = Box::new(connecting.await?);
                Ok(stream)
            })
        };
        Self {
            connect: Arc::new(connect),
            authorities: Authorities::OfSystem,
        }
    }

    /// Asks a simulated account on this machine how its hosts are reached, by the URL of its endpoint. Returns none if
    /// nothing answers there for the hosts of the account, as with emulators that simulate the calls alone.
    ///
    /// # Errors
    /// Returns an error if nothing can be connected to at the endpoint.
    pub async fn of_endpoint(url: &str) -> io::Result<Option<Self>> {
        endpoint::internet(url).await
    }

    /// Trusts these certificate authorities, in PEM, in place of those of the operating system.
    ///
    /// # Errors
    /// Returns an error if the text has no certificate.
    pub fn trusting(self, pem: &str) -> Result<Self, InvalidInternet> {
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        match certificates {
            Ok(certificates) if !certificates.is_empty() => Ok(Self {
                authorities: Authorities::Only(certificates.into()),
                ..self
            }),
            Ok(_) => Err(InvalidInternet("the text has no certificate".to_owned())),
            Err(error) => Err(InvalidInternet(format!(
                "the text has no certificate that can be read: {error}"
            ))),
        }
    }

    pub(super) async fn connect(&self, host: &str, port: u16) -> io::Result<Stream> {
        (self.connect)(host.to_owned(), port).await
    }

    pub(super) fn authorities(&self) -> &Authorities {
        &self.authorities
    }
}

impl fmt::Debug for Internet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Internet").finish_non_exhaustive()
    }
}
