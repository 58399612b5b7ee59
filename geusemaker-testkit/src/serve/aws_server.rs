//! A simulated account behind a socket.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::aws::{Aws, ConnectionLost};

/// The size from which a body is refused. The largest that AWS accepts here, user data in base64, is far smaller.
const BODY_LIMIT: usize = 1 << 20;

/// The path that tells where the account's traffic is served.
#[cfg(feature = "traffic")]
const TRAFFIC: &str = "/_geusemaker/traffic";

/// The time that a shutdown waits for calls in progress.
const GRACE: Duration = Duration::from_secs(1);

/// Serves an [`Aws`] over HTTP/1.1 until it is shut down or dropped.
///
/// Point a program at it with `AWS_ENDPOINT_URL`, or with the SDK's `endpoint_url`; any credentials will do. Time
/// follows the account's clock, so the runtime's clock must not be paused: it would jump ahead whenever only a socket
/// is waited for. [`crate::AwsBuilder::speed`] makes the time between the calls pass quickly.
///
/// A request that has arrived takes effect even if its caller does not wait for the answer, as at AWS. A fault that
/// loses the connection closes it without a byte of an answer, and one that stalls keeps it open.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::Aws;
/// use geusemaker_testkit::serve::AwsServer;
///
/// let aws = Aws::builder().speed(600.0).build();
/// let server = AwsServer::start(aws.clone()).await?;
/// println!("AWS_ENDPOINT_URL={}", server.uri());
/// // Run a program against it.
/// server.shutdown().await;
/// assert!(aws.leftovers().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AwsServer {
    address: SocketAddr,
    running: watch::Sender<bool>,
    acceptor: JoinHandle<()>,
}

impl AwsServer {
    /// Serves the account on a free port of the loopback interface.
    ///
    /// # Errors
    /// Returns an error if this machine has no free port.
    pub async fn start(aws: Aws) -> io::Result<Self> {
        Self::bind(aws, (Ipv4Addr::LOCALHOST, 0)).await
    }

    /// Serves the account on an address; port 0 chooses a free one.
    ///
    /// # Errors
    /// Returns an error if the address is not one of this machine, or is in use.
    pub async fn bind(aws: Aws, address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (running, stop) = watch::channel(true);
        let acceptor = tokio::spawn(accept(listener, aws, stop));
        Ok(Self {
            address,
            running,
            acceptor,
        })
    }

    /// Returns the address on which the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the endpoint for programs on this machine: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("http://{}", reachable(self.address))
    }

    /// Stops accepting calls, and returns once those that have arrived are answered. A call that is not answered within
    /// a second, because a fault stalls it, never gets an answer.
    pub async fn shutdown(mut self) {
        self.running.send_replace(false);
        // The task ends by itself, or is cancelled together with the runtime.
        let _ = (&mut self.acceptor).await;
    }
}

impl Drop for AwsServer {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

/// Returns the address at which programs of this machine reach a server. One that listens on all interfaces is reached
/// through the loopback interface.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address
}

async fn accept(listener: TcpListener, aws: Aws, stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    while let Some(accepted) = unless_stopped(&stop, listener.accept()).await {
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, aws.clone(), stop.clone()));
            }
            // The caller has gone, or there are too many connections: the others get time to end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    // The tasks still left after that are cancelled with the set.
    let _ = tokio::time::timeout(GRACE, all_ended).await;
}

/// Answers the requests of one connection, one after the other.
async fn converse(stream: TcpStream, aws: Aws, stop: watch::Receiver<bool>) {
    // Answers are small, and their callers wait for them. If this option cannot be set, the answers are only slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| respond(request, aws.clone(), stop.clone()));
    let mut connection =
        pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    // The caller notices a broken connection itself.
    if unless_stopped(&stop, connection.as_mut()).await.is_none() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// Answers one request; an error closes the connection without an answer.
async fn respond(
    request: Request<Incoming>,
    aws: Aws,
    stop: watch::Receiver<bool>,
) -> Result<Response<Full<Bytes>>, ConnectionLost> {
    #[cfg(feature = "traffic")]
    if request.method() == http::Method::GET && request.uri().path() == TRAFFIC {
        return Ok(traffic(&aws).await);
    }
    let (parts, body) = request.into_parts();
    let announced = parts
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_LIMIT as u64) {
        return Ok(too_large());
    }
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => return Ok(too_large()),
        // The caller has gone in the middle of the request.
        Err(_) => return Err(ConnectionLost),
    };
    let request = Request::from_parts(parts, body);
    // Runs in a task of its own, so that the call takes effect even if the caller does not wait for it.
    let answering = tokio::spawn(async move {
        let mut answer = pin!(aws.answer(request));
        match unless_stopped(&stop, answer.as_mut()).await {
            Some(answered) => answered,
            None => tokio::time::timeout(GRACE, answer)
                .await
                .unwrap_or(Err(ConnectionLost)),
        }
    });
    let answered = answering.await.unwrap_or(Err(ConnectionLost))?;
    Ok(answered.map(Full::new))
}

/// Answers where the account's traffic is served, which no AWS has.
#[cfg(feature = "traffic")]
async fn traffic(aws: &Aws) -> Response<Full<Bytes>> {
    let Some(listing) = aws.traffic().listing().await else {
        let mut missing = Response::new(Full::from("no traffic is served\n"));
        *missing.status_mut() = StatusCode::NOT_FOUND;
        return missing;
    };
    let mut response = Response::new(Full::from(format!("{listing}\n")));
    let json = http::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, json);
    response
}

fn too_large() -> Response<Full<Bytes>> {
    let text = format!("the request's body has more than {BODY_LIMIT} bytes\n");
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}

/// Returns the future's output, or `None` if the server stops first.
async fn unless_stopped<T>(
    stop: &watch::Receiver<bool>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut stop = stop.clone();
    // A dropped sender means a stop, too.
    let mut stopped = pin!(async move { drop(stop.wait_for(|running| !running).await) });
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => stopped.as_mut().poll(context).map(|()| None),
    })
    .await
}
