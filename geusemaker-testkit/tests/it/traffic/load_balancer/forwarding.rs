//! Requests on their way to targets.

use std::time::Duration;

use crate::traffic::world::Served;

#[tokio::test(start_paused = true)]
async fn deregistered_target_gets_no_requests() {
    let served = Served::with_instances(2).await;
    let leaving = &served.instances[0];
    served.world.deregister(&served.group, leaving).await;
    for _ in 0..4 {
        assert_eq!(
            served.echo("/").await["instance"],
            served.instances[1].as_str()
        );
    }
    assert_eq!(
        served.world.state(&served.group, leaving).await,
        "draining Target.DeregistrationInProgress"
    );
    served.world.seconds(301).await;
    assert_eq!(
        served.world.state(&served.group, leaving).await,
        "unused Target.NotRegistered"
    );
}

#[tokio::test(start_paused = true)]
async fn body_of_request_reaches_target() {
    let served = Served::with_instances(1).await;
    let body = "x".repeat(300_000);
    let request = http::Request::post(format!("http://{}/upload", served.host));
    let answer = served.traffic.send(request.body(body).unwrap()).await;
    assert_eq!(answer.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn idle_connection_is_closed() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let served = Served::with_instances(1).await;
    let mut stream = served.traffic.connect(&served.host, 80).await.unwrap();
    let started = tokio::time::Instant::now();
    let request = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", served.host);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert_eq!(started.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn unfinished_request_times_out() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let served = Served::with_instances(1).await;
    let mut stream = served.traffic.connect(&served.host, 80).await.unwrap();
    let request = format!(
        "POST /?wait HTTP/1.1\r\nhost: {}\r\ncontent-length: 10\r\n\r\nabc",
        served.host
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 64];
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    // The stub answers without the body, or the load balancer gives up.
    assert!(
        answer.starts_with("HTTP/1.1 408") || answer.starts_with("HTTP/1.1 200"),
        "{answer}"
    );
}
