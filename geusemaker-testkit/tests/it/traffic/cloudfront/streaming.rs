//! Streams: events as they come, and WebSockets.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::world::{ALL_VIEWER, CACHING_DISABLED, Edge, ORIGIN, Reply, outcome, policies};

const HANDSHAKE: &[(&str, &str)] = &[
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-version", "13"),
];

#[tokio::test(start_paused = true)]
async fn events_arrive_as_they_are_sent() {
    let edge = Edge::with(policies(CACHING_DISABLED, Some(ALL_VIEWER))).await;
    edge.origin.answers(|_| {
        Reply::ok("data: 1\n\n")
            .then(5, "data: 2\n\n")
            .then(5, "data: 3\n\n")
            .header("Content-Type", "text/event-stream")
            .chunked()
    });
    let start = edge.aws.clock().now();
    let mut answer = edge.get("/").await;
    assert_eq!(outcome(&answer), "Miss");
    for (piece, second) in [("data: 1\n\n", 0), ("data: 2\n\n", 5), ("data: 3\n\n", 10)] {
        assert_eq!(answer.chunk().await.unwrap().unwrap(), piece);
        let passed = edge.aws.clock().now().duration_since(start);
        assert_eq!(passed.as_secs(), second);
    }
    assert!(answer.chunk().await.unwrap().is_none());
}

/// A stream that is cached does not hold up others: nobody knows its end.
#[tokio::test(start_paused = true)]
async fn stream_of_unknown_length_is_not_waited_for() {
    let edge = Edge::new().await;
    edge.origin
        .answers(|_| Reply::ok("a").then(20, "b").chunked());
    let mut first = edge.get("/").await;
    assert_eq!(first.chunk().await.unwrap().unwrap(), "a");
    let start = edge.aws.clock().now();
    let mut second = edge.get("/").await;
    assert_eq!(second.chunk().await.unwrap().unwrap(), "a");
    assert_eq!(edge.aws.clock().now(), start);
    assert_eq!(first.text().await.unwrap(), "b");
    assert_eq!(edge.fetch("/").await, ("ab".into(), "Hit".into()));
}

/// Answers one WebSocket handshake, and echoes what comes after it.
fn echo(edge: &Edge) {
    let mut listener = edge.traffic.listen(ORIGIN, 80);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let answer: &[u8] = match head.contains("sec-websocket-key: ") {
            true => b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            false => b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        };
        stream.write_all(answer).await.unwrap();
        let mut buffer = [0; 64];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            stream.write_all(&buffer[..count]).await.unwrap();
        }
    });
}

#[tokio::test(start_paused = true)]
async fn web_socket_stays_open_while_used() {
    let edge = Edge::with(policies(CACHING_DISABLED, Some(ALL_VIEWER))).await;
    echo(&edge);
    let answer = edge.get_with("/socket", HANDSHAKE).await;
    assert_eq!(answer.status(), 101);
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(outcome(&answer), "Miss");
    let mut socket = answer.upgraded().await.unwrap();
    for text in [b"one", b"two"] {
        socket.write_all(text).await.unwrap();
        let mut back = [0; 3];
        socket.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, text);
        tokio::time::sleep(Duration::from_secs(590)).await;
    }
    let start = edge.aws.clock().now();
    assert_eq!(socket.read(&mut [0; 8]).await.unwrap(), 0);
    assert_eq!(edge.aws.clock().now().duration_since(start).as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn web_socket_needs_its_headers_forwarded() {
    let edge = Edge::with(policies(CACHING_DISABLED, None)).await;
    echo(&edge);
    let answer = edge.get_with("/socket", HANDSHAKE).await;
    assert_eq!(answer.status(), 400);
}
