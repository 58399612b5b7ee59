//! Answers that arrive piece by piece, and WebSockets.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::traffic::world::Served;

async fn web_socket(served: &Served) -> WebSocketStream<geusemaker_testkit::traffic::Stream> {
    let stream = served.traffic.connect(&served.host, 80).await.unwrap();
    let url = format!("ws://{}/socket", served.host);
    let (socket, answer) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    assert_eq!(answer.status(), 101);
    socket
}

#[tokio::test(start_paused = true)]
async fn pieces_arrive_when_they_are_sent() {
    let served = Served::with_instances(1).await;
    let started = Instant::now();
    let mut answer = served.get("/?echo-pieces=3&echo-interval=10").await;
    let mut times = Vec::new();
    while answer.chunk().await.unwrap().is_some() {
        times.push(started.elapsed().as_secs());
    }
    assert_eq!(times, [0, 10, 20]);
}

#[tokio::test(start_paused = true)]
async fn web_socket_echoes_through() {
    let served = Served::with_instances(1).await;
    let mut socket = web_socket(&served).await;
    for number in 0..3 {
        let text = format!("message {number}");
        socket.send(Message::text(text.clone())).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap();
        assert_eq!(answer.into_text().unwrap().as_str(), text);
        tokio::time::sleep(Duration::from_secs(50)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn silent_web_socket_is_closed() {
    let served = Served::with_instances(1).await;
    let mut socket = web_socket(&served).await;
    let started = Instant::now();
    let end = socket.next().await;
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
    assert_eq!(started.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn web_socket_ends_with_its_target() {
    let served = Served::with_instances(1).await;
    let mut socket = web_socket(&served).await;
    served.world.terminate(&served.instances[0]).await;
    let end = socket.next().await;
    assert!(!matches!(end, Some(Ok(Message::Text(_)))), "{end:?}");
}
