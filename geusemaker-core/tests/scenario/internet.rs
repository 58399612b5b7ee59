//! Internets of one server each, in memory, which stands for what is at AWS.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use geusemaker_core::Internet;
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// The treatment of a request by a server that stands for the load balancer and the service behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behavior {
    Status(u16),
    /// 200 with the header of a cache.
    Cached,
    SentTo(&'static str),
    /// A status of the load balancer's own.
    OfLoadBalancer(u16),
    /// The first answers are 502.
    OkAfter(usize),
    /// Pieces with a pause between them.
    Pieces(usize, Duration),
    /// A piece, and the end of the connection.
    BreaksOff,
    WebSocket,
    ClosesWebSocket,
    /// 200 with an `Authorization` header, and 401 without one.
    AsksForToken,
}

type Body = StreamBody<BoxStream<'static, io::Result<Frame<Bytes>>>>;
type Served = Arc<dyn Fn(&Request<Incoming>) -> Behavior + Send + Sync>;

/// Returns an internet in which all hosts are one server.
pub(crate) fn internet(
    served: impl Fn(&Request<Incoming>) -> Behavior + Send + Sync + 'static,
) -> Internet {
    let served: Served = Arc::new(served);
    let asked = Arc::new(AtomicUsize::new(0));
    Internet::through(move |_, _| {
        let (client, server) = tokio::io::duplex(64 * 1024);
        serve(server, Arc::clone(&served), Arc::clone(&asked));
        async move { Ok(client) }
    })
}

/// Returns an internet in which all hosts are one server with a certificate for this name, by the port.
pub(crate) fn secure_internet(
    name: &str,
    served: impl Fn(u16, &str) -> Option<Behavior> + Send + Sync + 'static,
) -> Internet {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let asked = Arc::new(AtomicUsize::new(0));
    let internet = Internet::through(move |host, port| {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let (acceptor, asked) = (acceptor.clone(), Arc::clone(&asked));
        let behavior = served(port, &host);
        async move {
            let Some(behavior) = behavior else {
                return std::future::pending().await;
            };
            let served: Served = Arc::new(move |_| behavior);
            tokio::spawn(async move {
                if port != 443 {
                    serve(server, served, asked);
                } else if let Ok(server) = acceptor.accept(server).await {
                    serve(server, served, asked);
                }
                // Otherwise the client does not trust the certificate.
            });
            Ok(client)
        }
    });
    internet.trusting(&made.cert.pem()).unwrap()
}

fn serve(
    server: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    served: Served,
    asked: Arc<AtomicUsize>,
) {
    tokio::spawn(async move {
        let service = service_fn(move |request| {
            let behavior = served(&request);
            let before = asked.fetch_add(1, Ordering::Relaxed);
            async move { Ok::<_, Infallible>(answer(behavior, request, before)) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
        // The client notices a broken connection itself.
        let _ = connection.with_upgrades().await;
    });
}

fn answer(behavior: Behavior, mut request: Request<Incoming>, before: usize) -> Response<Body> {
    let mut response = Response::new(StreamBody::new(stream::empty().boxed()));
    let status = match behavior {
        Behavior::Status(status) => status,
        Behavior::Cached => {
            let miss = "Miss from cloudfront".parse().unwrap();
            response.headers_mut().insert("x-cache", miss);
            200
        }
        Behavior::SentTo(place) => {
            let place = place.parse().unwrap();
            response.headers_mut().insert("location", place);
            302
        }
        Behavior::OfLoadBalancer(status) => {
            let own = "awselb/2.0".parse().unwrap();
            response.headers_mut().insert("server", own);
            status
        }
        Behavior::OkAfter(count) if before < count => 502,
        Behavior::OkAfter(_) => 200,
        Behavior::AsksForToken if request.headers().contains_key("authorization") => 200,
        Behavior::AsksForToken => 401,
        Behavior::Pieces(count, pause) => {
            let pieces = stream::iter(0..count).then(move |_| async move {
                tokio::time::sleep(pause).await;
                Ok(piece())
            });
            *response.body_mut() = StreamBody::new(pieces.boxed());
            200
        }
        Behavior::BreaksOff => {
            let end = stream::once(async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Err(io::Error::other("gone"))
            });
            let pieces = stream::iter([Ok(piece())]).chain(end);
            *response.body_mut() = StreamBody::new(pieces.boxed());
            200
        }
        Behavior::WebSocket | Behavior::ClosesWebSocket => {
            let key = request.headers().get("sec-websocket-key").unwrap();
            let accepted = derive_accept_key(key.as_bytes());
            let headers = response.headers_mut();
            headers.insert("sec-websocket-accept", accepted.parse().unwrap());
            headers.insert(CONNECTION, "Upgrade".parse().unwrap());
            headers.insert(UPGRADE, "websocket".parse().unwrap());
            let upgraded = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let stream = TokioIo::new(upgraded.await.unwrap());
                let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
                if matches!(behavior, Behavior::ClosesWebSocket) {
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    let _ = socket.close(None).await;
                }
                while socket.next().await.is_some_and(|message| message.is_ok()) {}
            });
            101
        }
    };
    *response.status_mut() = status.try_into().unwrap();
    response
}

fn piece() -> Frame<Bytes> {
    Frame::data(Bytes::from_static(b"data: x\n\n"))
}

/// Nobody answers, as if a firewall dropped all packets.
pub(crate) fn silence() -> Internet {
    Internet::through(|_, _| std::future::pending::<io::Result<DuplexStream>>())
}
