//! Faults of programs, as a client sees them.

use std::io::ErrorKind;
use std::time::Duration;

use geusemaker_testkit::traffic::TrafficFault;
use http::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use super::program::kind;
use crate::traffic::machine::Machine;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn hanging_program_never_answers() {
    let machine = Machine::new().await;
    machine
        .traffic
        .fault(TrafficFault::hangs("web").nth(2).times(1));
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 200);
    assert!(timeout(MINUTE, machine.get(80, "/")).await.is_err());
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn refused_connections_are_counted() {
    let machine = Machine::new().await;
    machine.traffic.fault(TrafficFault::refuses("web").times(2));
    for _ in 0..2 {
        let error = machine.get(80, "/").await.unwrap_err();
        assert_eq!(kind(&error), ErrorKind::ConnectionRefused);
    }
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn fault_answers_with_its_status() {
    let machine = Machine::new().await;
    machine.traffic.fault(TrafficFault::answers("web", 503));
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 503);
    assert_eq!(machine.get(8000, "/").await.unwrap().status(), 200);
    assert_eq!(machine.traffic.lift_faults(), []);
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn early_close_gives_no_answer() {
    let machine = Machine::new().await;
    machine.traffic.fault(TrafficFault::closes_early("web"));
    let error = machine.get(80, "/").await.unwrap_err();
    assert_eq!(error.to_string(), "no answer");
}

#[tokio::test(start_paused = true)]
async fn body_breaks_off_where_fault_says() {
    let machine = Machine::new().await;
    machine
        .traffic
        .fault(TrafficFault::breaks_off_after_bytes("web", 1000).times(1));
    machine
        .traffic
        .fault(TrafficFault::breaks_off_after_pieces("web", 2));
    let mut answer = machine.get(80, "/?echo-size=5000").await.unwrap();
    assert_eq!(answer.header("content-length"), Some("5000"));
    let mut bytes = 0;
    while let Ok(piece) = answer.chunk().await {
        bytes += piece.unwrap().len();
    }
    assert_eq!(bytes, 1000);
    let mut answer = machine.get(80, "/?echo-pieces=5").await.unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    assert!(answer.chunk().await.unwrap().is_some());
    assert!(answer.chunk().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn slow_program_takes_its_time() {
    let machine = Machine::new().await;
    let second = Duration::from_secs(1);
    machine
        .traffic
        .fault(TrafficFault::answers_late("web", 10 * second));
    machine
        .traffic
        .fault(TrafficFault::streams_slowly("web", 5 * second));
    let begun = Instant::now();
    let mut answer = machine
        .get(80, "/?echo-pieces=2&echo-interval=0")
        .await
        .unwrap();
    assert_eq!(begun.elapsed().as_secs(), 10);
    answer.chunk().await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 15);
    answer.chunk().await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn malformed_answer_is_not_http() {
    let machine = Machine::new().await;
    machine
        .traffic
        .fault(TrafficFault::answers_malformed("web"));
    let mut stream = machine.traffic.connect(&machine.address, 80).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"\0simulated malformed answer\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn fault_can_spare_health_checks() {
    let machine = Machine::new().await;
    machine
        .traffic
        .fault(TrafficFault::answers("web", 500).spare_health_checks());
    machine
        .traffic
        .fault(TrafficFault::answers("llm", 500).only_health_checks());
    let check = |port| {
        let request = Request::get(machine.url(port, "/healthz"));
        let request = request
            .header("user-agent", "ELB-HealthChecker/2.0")
            .body("");
        machine.traffic.send(request.unwrap())
    };
    assert_eq!(check(80).await.unwrap().status(), 200);
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 500);
    assert_eq!(check(8000).await.unwrap().status(), 500);
    assert_eq!(machine.get(8000, "/").await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn fault_waits_for_path_and_time() {
    let machine = Machine::new().await;
    let later = machine.aws.clock().elapsed() + MINUTE;
    machine
        .traffic
        .fault(TrafficFault::answers("web", 500).on_path("/v1/"));
    machine
        .traffic
        .fault(TrafficFault::answers("web", 503).after(later));
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 200);
    assert_eq!(machine.get(80, "/v1/x").await.unwrap().status(), 500);
    machine.sleep(60).await;
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 503);
}

/// A program that gets bytes has the faults of requests too, on connections that are made after them.
#[tokio::test(start_paused = true)]
async fn fault_hits_programs_of_bytes() {
    let machine = Machine::new().await;
    machine
        .traffic
        .stream_program("web", |mut stream| async move {
            let mut request = [0; 1024];
            while stream
                .read(&mut request)
                .await
                .is_ok_and(|length| length > 0)
            {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
                stream.write_all(answer).await.unwrap();
            }
        });
    machine
        .traffic
        .fault(TrafficFault::answers("web", 500).times(1));
    assert_eq!(machine.get(80, "/").await.unwrap().status(), 500);
    let answer = machine.get(80, "/").await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn fault_hits_programs_of_tests() {
    let machine = Machine::new().await;
    machine
        .traffic
        .program("web", |_| async { Response::new("hello".to_owned()) });
    machine
        .traffic
        .fault(TrafficFault::breaks_off_after_bytes("web", 2));
    let mut answer = machine.get(80, "/").await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "he");
    assert!(answer.chunk().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn unfired_fault_is_told() {
    let machine = Machine::new().await;
    let fault = TrafficFault::hangs("nobody");
    machine.traffic.fault(fault.clone());
    machine
        .traffic
        .fault(TrafficFault::hangs("nobody").optional());
    assert_eq!(machine.aws.unfired_traffic_faults(), [fault]);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "every request to nobody is never answered")]
async fn unfired_fault_fails_the_test() {
    let machine = Machine::new().await;
    machine.traffic.fault(TrafficFault::hangs("nobody"));
    // An open connection does not hide it.
    let stream = machine.traffic.connect(&machine.address, 80).await.unwrap();
    drop((machine, stream));
}
