//! The programs that a test puts on instances, and their lives.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;
use geusemaker_testkit::traffic::{Place, RequestError, StreamedBody};
use http::{Request, Response, Version};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::traffic::machine::{Machine, json};

#[tokio::test(start_paused = true)]
async fn program_answers_for_its_service() {
    let machine = Machine::new().await;
    machine
        .traffic
        .program("web", |request: Request<_>| async move {
            let body: hyper::body::Incoming = request.into_body();
            let said = body.collect().await.unwrap().to_bytes();
            Response::new(format!("got {said:?}"))
        });
    let request = Request::post(machine.url(80, "/")).body("this").unwrap();
    let answer = machine.traffic.send(request).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "got b\"this\"");
    let other = json(machine.get(8000, "/").await.unwrap()).await;
    assert_eq!(other["service"], "llm");
    machine.traffic.remove_program("web");
    let echo = json(machine.get(80, "/").await.unwrap()).await;
    assert_eq!(echo["service"], "web");
}

#[tokio::test(start_paused = true)]
async fn last_program_at_a_place_counts() {
    let machine = Machine::new().await;
    let traffic = &machine.traffic;
    traffic.program(Place::anywhere(), |_| async {
        Response::new("any".to_owned())
    });
    traffic.program(80, |_| async { Response::new("port".to_owned()) });
    traffic.program(machine.id.as_str(), |_| async {
        Response::new("machine".to_owned())
    });
    let second = Place::service("web").on_instance(2);
    traffic.program(second, |_| async { Response::new("second".to_owned()) });
    let answer = machine.get(80, "/").await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "machine");
    traffic.remove_program(machine.id.as_str());
    let answer = machine.get(80, "/").await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "port");
    let answer = machine.get(8000, "/").await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "any");
}

#[tokio::test(start_paused = true)]
async fn program_streams_its_body() {
    let machine = Machine::new().await;
    machine.traffic.program("web", |_| async {
        Response::new(StreamedBody::new(|pieces| async move {
            pieces.send("one").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            pieces.send("two").await;
            pieces.break_off().await;
        }))
    });
    let mut answer = machine.get(80, "/").await.unwrap();
    assert_eq!(answer.chunk().await.unwrap(), Some(Bytes::from("one")));
    assert_eq!(answer.chunk().await.unwrap(), Some(Bytes::from("two")));
    assert!(answer.chunk().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn stream_program_gets_bytes() {
    let machine = Machine::new().await;
    machine
        .traffic
        .stream_program("web", |mut stream| async move {
            let mut start = [0; 5];
            stream.read_exact(&mut start).await.unwrap();
            stream.write_all(&start).await.unwrap();
        });
    let mut stream = machine.traffic.connect(&machine.address, 80).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut back = String::new();
    stream.read_to_string(&mut back).await.unwrap();
    assert_eq!(back, "hello");
}

#[tokio::test(start_paused = true)]
async fn programs_speak_http2_without_tls() {
    let machine = Machine::new().await;
    let stream = machine.traffic.connect(&machine.address, 80).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io)
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get(machine.url(80, "/")).version(Version::HTTP_2);
    let request = request.body(String::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    let echo: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(echo["version"], "HTTP/2.0");
}

#[tokio::test(start_paused = true)]
async fn port_answers_once_its_service_is_up() {
    let machine = Machine::starting().await;
    assert_eq!(machine.traffic.services(), []);
    machine.sleep(1200).await;
    let services = machine.traffic.services();
    let names: Vec<_> = services
        .iter()
        .map(|it| (it.name.as_str(), it.port))
        .collect();
    assert_eq!(names, [("web", 80), ("llm", 8000)]);
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 200);
    let error = machine.get(81, "/").await.unwrap_err();
    assert_eq!(kind(&error), ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn stopping_instance_breaks_connections() {
    let machine = Machine::new().await;
    let request = Request::get(machine.url(80, "/?echo-pieces=1000&echo-interval=1"));
    let mut answer = machine
        .traffic
        .send(request.body("").unwrap())
        .await
        .unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    let stop = machine.ec2.stop_instances().instance_ids(&machine.id);
    stop.send().await.unwrap();
    while let Ok(piece) = answer.chunk().await {
        assert!(piece.is_some(), "the stream ends as if it were whole");
    }
    let begun = tokio::time::Instant::now();
    assert!(begun.elapsed() < Duration::from_secs(1));
    // Its address leads nowhere now.
    let error = machine.get(80, "/").await.unwrap_err();
    assert_eq!(kind(&error), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn rebooting_instance_breaks_connections() {
    let machine = Machine::new().await;
    let mut stream = machine.traffic.connect(&machine.address, 80).await.unwrap();
    let reboot = machine.ec2.reboot_instances().instance_ids(&machine.id);
    reboot.send().await.unwrap();
    let mut rest = Vec::new();
    // Broken or closed, as the operating system has it.
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");
    let error = machine.get(80, "/").await.unwrap_err();
    assert_eq!(kind(&error), ErrorKind::ConnectionRefused);
    machine.sleep(1200).await;
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 200);
}

pub(super) fn kind(error: &RequestError) -> ErrorKind {
    let source = error.source().unwrap();
    source.downcast_ref::<std::io::Error>().unwrap().kind()
}
