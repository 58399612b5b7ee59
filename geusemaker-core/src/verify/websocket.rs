//! The check that a WebSocket opens and stays open.

use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use hyper::Request;
use hyper::header::{
    CONNECTION, HOST, HeaderName, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::answer::remedy;
use super::finding::{Finding, Seen};
use super::internet::Stream;
use super::place::Place;
use super::trouble::Trouble;
use super::viewer::{Asked, Viewer};
use crate::words;

/// The time for which the WebSocket must stay open.
const OPEN_FOR: Duration = Duration::from_secs(5);

/// The time in which the other side must agree, and answer a ping.
const TO_ANSWER: Duration = Duration::from_secs(10);

const PING: &[u8] = b"geusemaker";

/// Checks that a WebSocket opens, and that a ping is answered some seconds later.
pub(super) async fn check(
    viewer: &Viewer,
    place: &Place,
    asked: &Asked,
    closed_to: Option<&str>,
) -> Finding {
    let start = viewer.clock().now();
    let stream = match viewer.open(place).await {
        Ok(stream) => stream,
        Err(trouble) => return Finding::of_trouble(&trouble, closed_to),
    };
    let request = match upgrade(place, asked) {
        Ok(request) => request,
        Err(error) => {
            return Finding::of_trouble(&Trouble::Broken(error.to_string()), closed_to);
        }
    };
    let agreed = viewer
        .within(TO_ANSWER, client_async(request, stream))
        .await;
    let mut seen = Seen {
        latency: Some(viewer.clock().since(start)),
        ..Seen::default()
    };
    let mut socket = match agreed {
        Some(Ok((socket, answer))) => {
            seen.status = Some(answer.status().as_u16());
            let x_cache = answer.headers().get("x-cache");
            seen.x_cache = x_cache.and_then(|it| it.to_str().ok()).map(str::to_owned);
            socket
        }
        Some(Err(tungstenite::Error::Http(answer))) => {
            let status = answer.status().as_u16();
            seen.status = Some(status);
            let problem = format!("answered {status}, and opened no WebSocket");
            return seen.failed(problem, remedy_of(status));
        }
        Some(Err(error)) => {
            return Finding::of_trouble(&Trouble::Broken(error.to_string()), closed_to);
        }
        None => return Finding::of_trouble(&Trouble::Unanswered(TO_ANSWER), closed_to),
    };
    match stays_open(viewer, &mut socket).await {
        Ok(()) => {
            // The other side may have gone.
            let _ = viewer.within(TO_ANSWER, socket.close(None)).await;
            let open = words::duration(OPEN_FOR);
            seen.passed(Some(format!("open for {open}, and a ping is answered")))
        }
        Err(problem) => seen.failed(
            problem,
            "look at the logs of the service: it may close WebSockets of those who do not sign in",
        ),
    }
}

fn upgrade(place: &Place, asked: &Asked) -> Result<Request<()>, hyper::http::Error> {
    let authority = asked.authority(place);
    let scheme = if place.is_secure { "https" } else { "http" };
    let of_sockets = if place.is_secure { "wss" } else { "ws" };
    // Of the URL, tungstenite sends the path.
    let mut request = Request::get(format!("{of_sockets}://{authority}{}", asked.path))
        .header(HOST, &authority)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, generate_key())
        // A page of the service itself has this one.
        .header(ORIGIN, format!("{scheme}://{authority}"));
    let headers: &[(HeaderName, _)] = &asked.headers;
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(())
}

async fn stays_open(viewer: &Viewer, socket: &mut WebSocketStream<Stream>) -> Result<(), String> {
    if let Some(end) = viewer.within(OPEN_FOR, until_end(socket)).await {
        return Err(end);
    }
    let ping = socket.send(Message::Ping(Bytes::from_static(PING)));
    ping.await
        .map_err(|error| format!("it cannot be pinged: {error}"))?;
    let answered = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Pong(payload))) if payload == PING => return Ok(()),
                Some(Ok(Message::Close(_))) | None => return Err(closed()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(format!("it breaks: {error}")),
            }
        }
    };
    match viewer.within(TO_ANSWER, answered).await {
        Some(answered) => answered,
        None => Err(format!(
            "no answer to a ping in {}",
            words::duration(TO_ANSWER)
        )),
    }
}

/// Reads until the other side ends the WebSocket, and returns how.
async fn until_end(socket: &mut WebSocketStream<Stream>) -> String {
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(_))) | None => return closed(),
            Some(Ok(_)) => {}
            Some(Err(error)) => return format!("it breaks: {error}"),
        }
    }
}

fn closed() -> String {
    format!("the service closes it within {}", words::duration(OPEN_FOR))
}

fn remedy_of(status: u16) -> &'static str {
    match status {
        200..=499 => "name a path that takes WebSockets, in verify.websocket of the spec",
        status => remedy(status),
    }
}
