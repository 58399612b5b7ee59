//! An HTTP proxy whose internet is the simulated account.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::aws::Aws;
use crate::traffic::{Body, Stream, body};

/// Accepts connections of clients until the task is aborted.
pub(super) async fn serve(listener: TcpListener, aws: Aws) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, peer)) => {
                connections.spawn(converse(stream, peer, aws.clone()));
            }
            // The client has gone, or there are too many connections: the others get time to end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn converse(stream: TcpStream, peer: SocketAddr, aws: Aws) {
    // Pieces of a stream are small, and somebody waits for them. Without this option they are only slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let aws = aws.clone();
        async move { Ok::<_, Infallible>(respond(&aws, peer, request).await) }
    });
    // The client notices a broken connection itself.
    let _ = http1::Builder::new()
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

async fn respond(aws: &Aws, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    if request.method() == Method::CONNECT {
        return tunnel(aws, peer, request).await;
    }
    let uri = request.uri();
    match (uri.scheme_str(), uri.authority()) {
        (Some("http"), Some(authority)) => {
            let authority = authority.clone();
            pass_on(aws, peer, &authority, request).await
        }
        (None, _) if request.method() == Method::GET => text(StatusCode::OK, guide(aws)),
        _ => text(
            StatusCode::BAD_REQUEST,
            "this is an HTTP proxy: give it to a client, such as `curl --proxy`\n".to_owned(),
        ),
    }
}

/// Answers CONNECT: connects to a host of the account, and carries bytes.
async fn tunnel(aws: &Aws, peer: SocketAddr, mut request: Request<Incoming>) -> Response<Body> {
    let Some(authority) = request.uri().authority().cloned() else {
        return text(
            StatusCode::BAD_REQUEST,
            "CONNECT needs a host and a port\n".to_owned(),
        );
    };
    let port = authority.port_u16().unwrap_or(443);
    let stream = match connect(aws, peer, authority.host(), port).await {
        Ok(stream) => stream,
        Err(error) => return unreachable_host(authority.host(), port, &error),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(join(upgrade, stream));
    Response::new(body::empty())
}

/// Sends a request of plain HTTP to its host, and returns the answer.
async fn pass_on(
    aws: &Aws,
    peer: SocketAddr,
    authority: &Authority,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let port = authority.port_u16().unwrap_or(80);
    let stream = match connect(aws, peer, authority.host(), port).await {
        Ok(stream) => stream,
        Err(error) => return unreachable_host(authority.host(), port, &error),
    };
    let on_client = hyper::upgrade::on(&mut request);
    to_origin(&mut request, authority);
    match send(stream, request).await {
        Ok(mut response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let on_host = hyper::upgrade::on(&mut response);
            tokio::spawn(async move {
                if let Ok(upgraded) = on_host.await {
                    join(on_client, TokioIo::new(upgraded)).await;
                }
            });
            response.map(body::boxed)
        }
        Ok(response) => response.map(body::boxed),
        Err(error) => {
            let problem = format!("{} gave no answer: {error}\n", authority.host());
            text(StatusCode::BAD_GATEWAY, problem)
        }
    }
}

async fn send(stream: Stream, request: Request<Incoming>) -> hyper::Result<Response<Incoming>> {
    let mut builder = hyper::client::conn::http1::Builder::new();
    let handshake = builder.preserve_header_case(true);
    let (mut sender, connection) = handshake.handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await
}

/// Writes a request as its host gets it: without what is for the proxy.
fn to_origin(request: &mut Request<Incoming>, authority: &Authority) {
    let path = request.uri().path_and_query().cloned();
    if let Some(path) = path {
        *request.uri_mut() = Uri::from(path);
    }
    let headers: &mut HeaderMap = request.headers_mut();
    headers.remove("proxy-connection");
    headers.remove(header::PROXY_AUTHORIZATION);
    // RFC 9112, 3.2.2: the host of the target replaces the header.
    let host = authority.as_str().rsplit('@').next().unwrap_or_default();
    if let Ok(host) = HeaderValue::from_str(host) {
        headers.insert(header::HOST, host);
    }
}

async fn connect(aws: &Aws, peer: SocketAddr, host: &str, port: u16) -> io::Result<Stream> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let traffic = aws.traffic().seen_from(peer);
    traffic.connect(host, port).await
}

async fn join(upgrade: OnUpgrade, mut host: impl AsyncRead + AsyncWrite + Unpin) {
    // The client may have gone, and both ends notice themselves that the connection breaks.
    if let Ok(upgraded) = upgrade.await {
        let mut client = TokioIo::new(upgraded);
        let _ = copy_bidirectional(&mut client, &mut host).await;
    }
}

fn unreachable_host(host: &str, port: u16, error: &io::Error) -> Response<Body> {
    let problem = match error.kind() {
        io::ErrorKind::NotFound => format!(
            "{host} is no name or address of the simulated account; this proxy does not lead to the internet\n"
        ),
        _ => format!("cannot connect to port {port} of {host}: {error}\n"),
    };
    text(StatusCode::BAD_GATEWAY, problem)
}

/// Returns the page for those who open the proxy itself.
fn guide(aws: &Aws) -> String {
    let mut guide =
        "This is an HTTP proxy whose internet is a simulated AWS account.\n\n".to_owned();
    for entry in aws.traffic().served_addresses() {
        let service = entry
            .service
            .map(|it| format!(" ({it})"))
            .unwrap_or_default();
        let line = format!(
            "{} {}:{}{service} at {}\n",
            entry.kind, entry.name, entry.port, entry.address
        );
        guide.push_str(&line);
    }
    guide
}

fn text(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(body::full(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
