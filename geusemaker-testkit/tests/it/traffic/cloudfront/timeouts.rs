//! Limits of time: for connections, answers, and the pieces of answers.

use std::time::Duration;

use super::viewer::all_methods;
use super::world::{CACHING_DISABLED, Edge, Reply, behavior, origin, policies};

async fn elapsed<T>(edge: &Edge, work: impl Future<Output = T>) -> (T, u64) {
    let start = edge.aws.clock().now();
    let done = work.await;
    let seconds = edge.aws.clock().now().duration_since(start).as_secs();
    (done, seconds.try_into().unwrap())
}

/// A GET request is sent again, as often as the origin has connection attempts.
#[tokio::test(start_paused = true)]
async fn silent_origin_times_out() {
    let edge = Edge::with(|config| {
        policies(CACHING_DISABLED, None)(config);
        behavior(all_methods)(config);
    })
    .await;
    edge.origin.answers(|_| Reply::ok("late").after(100));
    let (answer, seconds) = elapsed(&edge, edge.get("/")).await;
    assert_eq!((answer.status().as_u16(), seconds), (504, 90));
    assert_eq!(edge.origin.got().len(), 3);
    let (answer, seconds) = elapsed(&edge, edge.send("POST", "/", &[], "a")).await;
    assert_eq!((answer.status().as_u16(), seconds), (504, 30));
    assert_eq!(edge.origin.got().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn slow_second_attempt_succeeds() {
    let edge = Edge::new().await;
    let mut number = 0;
    edge.origin.answers(move |_| {
        number += 1;
        Reply::ok("at last").after(if number == 1 { 100 } else { 1 })
    });
    let ((body, _), seconds) = elapsed(&edge, edge.fetch("/")).await;
    assert_eq!((&*body, seconds), ("at last", 31));
}

#[tokio::test(start_paused = true)]
async fn read_timeout_counts_between_pieces() {
    let edge = Edge::new().await;
    edge.origin.answers(|_| {
        Reply::ok("a")
            .then(25, "b")
            .then(25, "c")
            .then(40, "d")
            .chunked()
    });
    let mut answer = edge.get("/").await;
    assert_eq!(answer.status(), 200);
    for piece in ["a", "b", "c"] {
        assert_eq!(answer.chunk().await.unwrap().unwrap(), piece);
    }
    let (broken, seconds) = elapsed(&edge, answer.chunk()).await;
    assert!(broken.is_err());
    assert_eq!(seconds, 30);
}

#[tokio::test(start_paused = true)]
async fn whole_response_has_limit_of_its_own() {
    let edge = Edge::with(origin(|origin| {
        origin.response_completion_timeout = Some(40)
    }))
    .await;
    edge.origin
        .answers(|_| Reply::ok("late").after(25).then(20, "more").chunked());
    let mut answer = edge.get("/").await;
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "late");
    let (broken, seconds) = elapsed(&edge, answer.chunk()).await;
    assert!(broken.is_err());
    assert_eq!(seconds, 15);
    edge.origin.answers(|_| Reply::ok("late").after(100));
    let (answer, seconds) = elapsed(&edge, edge.get("/late")).await;
    assert_eq!((answer.status().as_u16(), seconds), (504, 40));
}

/// As long as the viewer sends, the origin need not answer.
#[tokio::test(start_paused = true)]
async fn slow_upload_is_no_silence() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let edge = Edge::with(behavior(all_methods)).await;
    let mut viewer = edge.traffic.connect(&edge.host, 80).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: 4\r\n\r\n",
        edge.host
    );
    viewer.write_all(head.as_bytes()).await.unwrap();
    for byte in b"slow" {
        tokio::time::sleep(Duration::from_secs(20)).await;
        viewer.write_all(&[*byte]).await.unwrap();
    }
    let mut answer = vec![0; 4096];
    let count = viewer.read(&mut answer).await.unwrap();
    assert!(answer[..count].starts_with(b"HTTP/1.1 200 OK"));
    assert_eq!(edge.origin.last().body, "slow");
}
