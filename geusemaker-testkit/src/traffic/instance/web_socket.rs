//! WebSockets that send back what they get.

use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::connection::Connection;
use super::socket::Ended;
use crate::traffic::body::{self, Body};

/// The only version of the protocol (RFC 6455, 4.1).
const VERSION: &str = "13";

/// Returns true if the client asks for a WebSocket.
pub(super) fn is_asked_for(request: &Request<Incoming>) -> bool {
    let upgrade = text(request.headers(), header::UPGRADE);
    request.method() == Method::GET && upgrade.eq_ignore_ascii_case("websocket")
}

/// Agrees to a WebSocket, and echoes its messages for as long as the instance runs.
pub(super) fn accept(connection: &Connection, mut request: Request<Incoming>) -> Response<Body> {
    let headers = request.headers();
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let Some(key) = key.filter(|_| text(headers, header::SEC_WEBSOCKET_VERSION) == VERSION) else {
        return refused();
    };
    let accept = derive_accept_key(key.as_bytes());
    let offered = text(headers, header::SEC_WEBSOCKET_PROTOCOL);
    let protocol = offered.split(',').next().unwrap_or_default().trim();
    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let agreed = response.headers_mut();
    agreed.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    agreed.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        agreed.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Ok(protocol) = HeaderValue::from_str(protocol)
        && !protocol.is_empty()
    {
        agreed.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let ended = connection.ended.clone();
    tokio::spawn(async move {
        // The client may have gone meanwhile.
        if let Ok(upgraded) = upgrade.await {
            echo(TokioIo::new(upgraded), ended).await;
        }
    });
    response
}

async fn echo(upgraded: TokioIo<hyper::upgrade::Upgraded>, ended: Ended) {
    let mut socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, None).await;
    let echoing = async {
        while let Some(Ok(message)) = socket.next().await {
            // The library answers pings and the closing handshake.
            if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = echoing => {}
        () = ended => {}
    }
}

fn refused() -> Response<Body> {
    let mut response = Response::new(body::full(
        "a WebSocket needs the headers Sec-WebSocket-Key and Sec-WebSocket-Version: 13\n",
    ));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let headers = response.headers_mut();
    let version = HeaderValue::from_static(VERSION);
    headers.insert(header::SEC_WEBSOCKET_VERSION, version);
    response
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    let value = headers.get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
