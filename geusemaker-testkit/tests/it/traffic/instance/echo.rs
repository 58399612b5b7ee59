//! The program that answers every request with what it got.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use http::Request;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::traffic::machine::{Machine, json};

#[tokio::test(start_paused = true)]
async fn echo_names_what_it_got() {
    let machine = Machine::new().await;
    let request = Request::put(machine.url(80, "/a/b?x=1"))
        .header("x-color", "red")
        .header("x-color", "blue")
        .body("hello");
    let answer = machine.traffic.send(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let echo = json(answer).await;
    assert_eq!(echo["service"], "web");
    assert_eq!(echo["instance"], machine.id.as_str());
    assert_eq!(echo["method"], "PUT");
    assert_eq!(echo["path"], "/a/b");
    assert_eq!(echo["query"], "x=1");
    assert_eq!(
        echo["headers"]["x-color"],
        serde_json::json!(["red", "blue"])
    );
    assert_eq!(echo["body_bytes"], 5);
    assert_eq!(echo["body"], "hello");
}

#[tokio::test(start_paused = true)]
async fn answer_is_as_query_says() {
    let machine = Machine::new().await;
    let begun = Instant::now();
    let path = "/?echo-status=418&echo-size=3&echo-delay=2.5&echo-header=Cache-Control:max-age=60\
                &echo-header=Set-Cookie:a=b&echo-header=Set-Cookie:c=d";
    let answer = machine.get(80, path).await.unwrap();
    assert_eq!(answer.status(), 418);
    assert_eq!(answer.header("cache-control"), Some("max-age=60"));
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=b", "c=d"]);
    assert_eq!(answer.text().await.unwrap(), "xxx");
    assert_eq!(begun.elapsed().as_millis() / 100, 25);
}

#[tokio::test(start_paused = true)]
async fn wrong_wishes_are_refused() {
    let machine = Machine::new().await;
    for (wish, says) in [
        (
            "echo-status=99",
            "echo-status=99 is not a status from 200 to 599",
        ),
        ("echo-delay=soon", "is not a number of seconds, such as 1.5"),
        (
            "echo-size=1e3",
            "echo-size=1e3 is not a number up to 67108864",
        ),
        ("echo-header=%0A", "is not of the form NAME:VALUE"),
    ] {
        let answer = machine.get(80, &format!("/?{wish}")).await.unwrap();
        assert_eq!(answer.status(), 400, "{wish}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(says), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn known_content_is_not_sent_again() {
    let machine = Machine::new().await;
    let request = Request::get(machine.url(80, "/?echo-header=ETag:%22one%22"));
    let request = request.header("if-none-match", "\"one\"").body("");
    let answer = machine.traffic.send(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 304);
    assert_eq!(answer.text().await.unwrap(), "");
}

/// Answers have the time of the account, not of the machine.
#[tokio::test(start_paused = true)]
async fn date_is_of_the_account() {
    let machine = Machine::new().await;
    let answer = machine.get(80, "/").await.unwrap();
    let date = answer.header("date").unwrap();
    assert!(date.starts_with("Sun, 01 Nov 2026 00:20:"), "{date}");
}

#[tokio::test(start_paused = true)]
async fn events_arrive_one_by_one() {
    let machine = Machine::new().await;
    let request = Request::get(machine.url(80, "/events?echo-interval=1"));
    let request = request.header("accept", "text/event-stream").body("");
    let mut answer = machine.traffic.send(request.unwrap()).await.unwrap();
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let begun = Instant::now();
    let mut seconds = Vec::new();
    while let Some(event) = answer.chunk().await.unwrap() {
        assert!(event.starts_with(b"data: {\"event\":"), "{event:?}");
        seconds.push(begun.elapsed().as_millis() / 1000);
    }
    assert_eq!(seconds, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn web_socket_echoes_messages() {
    let machine = Machine::new().await;
    let stream = machine.traffic.connect(&machine.address, 80).await.unwrap();
    let url = format!("ws://{}/chat", machine.address);
    let (mut socket, answer) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    assert_eq!(answer.status(), 101);
    socket.send(Message::text("hello")).await.unwrap();
    socket
        .send(Message::Ping("are you there".into()))
        .await
        .unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("hello")
    );
    let pong = socket.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("are you there".into()));
    // It stays open.
    tokio::time::sleep(Duration::from_secs(300)).await;
    socket.send(Message::binary(vec![1, 2])).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::binary(vec![1, 2])
    );
    socket.close(None).await.unwrap();
    assert!(socket.next().await.unwrap().unwrap().is_close());
}

#[tokio::test(start_paused = true)]
async fn web_socket_without_key_is_refused() {
    let machine = Machine::new().await;
    let request = Request::get(machine.url(80, "/"))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .body("");
    let answer = machine.traffic.send(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
}
