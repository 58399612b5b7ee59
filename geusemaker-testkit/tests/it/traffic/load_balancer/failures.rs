//! Targets that fail, and the answers of the load balancer to their clients.

use std::time::Duration;

use geusemaker_testkit::traffic::{Place, TrafficFault};
use tokio::time::Instant;

use crate::traffic::world::Served;

/// Adds a fault of all targets that health checks do not notice.
fn hit(served: &Served, fault: TrafficFault) {
    served.traffic.fault(fault.spare_health_checks());
}

#[tokio::test(start_paused = true)]
async fn target_that_hangs_is_gateway_timeout() {
    let served = Served::with_instances(1).await;
    hit(&served, TrafficFault::hangs(Place::anywhere()));
    let started = Instant::now();
    let answer = served.get("/").await;
    assert_eq!(answer.status(), 504);
    assert_eq!(started.elapsed(), Duration::from_secs(60));
    assert_eq!(answer.text().await.unwrap().len(), 132);
}

#[tokio::test(start_paused = true)]
async fn idle_timeout_follows_attribute() {
    let served = Served::with_instances(1).await;
    let attribute = "idle_timeout.timeout_seconds";
    served.balancer_attribute(attribute, "400").await;
    hit(
        &served,
        TrafficFault::answers_late(Place::anywhere(), Duration::from_secs(300)),
    );
    assert_eq!(served.get("/").await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn broken_target_is_bad_gateway() {
    for fault in [
        TrafficFault::closes_early(Place::anywhere()),
        TrafficFault::refuses(Place::anywhere()),
        TrafficFault::answers_malformed(Place::anywhere()),
    ] {
        let served = Served::with_instances(1).await;
        let text = fault.to_string();
        hit(&served, fault);
        let answer = served.get("/").await;
        assert_eq!(answer.status(), 502, "{text}");
        assert_eq!(answer.text().await.unwrap().len(), 122);
    }
}

#[tokio::test(start_paused = true)]
async fn status_of_target_passes_through() {
    let served = Served::with_instances(1).await;
    hit(&served, TrafficFault::answers(Place::anywhere(), 500));
    let answer = served.get("/").await;
    assert_eq!(answer.status(), 500);
    assert_ne!(answer.header("server"), Some("awselb/2.0"));
}

#[tokio::test(start_paused = true)]
async fn headers_over_32_kib_are_bad_gateway() {
    let served = Served::with_instances(1).await;
    served.traffic.program(Place::anywhere(), |_| async {
        let mut response = http::Response::new(String::new());
        for number in 0..5 {
            let name: http::HeaderName = format!("x-{number}").parse().unwrap();
            let value = "v".repeat(8000).parse().unwrap();
            response.headers_mut().insert(name, value);
        }
        response
    });
    assert_eq!(served.get("/").await.status(), 502);
}

#[tokio::test(start_paused = true)]
async fn stream_that_dies_breaks_off() {
    let served = Served::with_instances(1).await;
    hit(
        &served,
        TrafficFault::breaks_off_after_pieces(Place::anywhere(), 2),
    );
    let mut answer = served.get("/?echo-pieces=5&echo-interval=1").await;
    assert_eq!(answer.status(), 200);
    let mut pieces = 0;
    let end = loop {
        match answer.chunk().await {
            Ok(Some(_)) => pieces += 1,
            end => break end,
        }
    };
    assert_eq!(pieces, 2);
    assert!(end.is_err());
}

#[tokio::test(start_paused = true)]
async fn silent_stream_is_cut_when_idle() {
    let served = Served::with_instances(1).await;
    let mut answer = served.get("/?echo-pieces=3&echo-interval=90").await;
    assert!(answer.chunk().await.unwrap().is_some());
    let started = Instant::now();
    assert!(answer.chunk().await.is_err());
    assert_eq!(started.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn failing_target_leaves_the_rest() {
    let served = Served::with_instances(2).await;
    let place = Place::instance(&served.instances[0]);
    served.traffic.fault(TrafficFault::hangs(place));
    served.world.seconds(60).await;
    assert_eq!(
        served
            .world
            .state(&served.group, &served.instances[0])
            .await,
        "unhealthy Target.Timeout"
    );
    for _ in 0..4 {
        let instance = served.instances[1].as_str();
        assert_eq!(served.echo("/").await["instance"], instance);
    }
    served.traffic.lift_faults();
    served.world.seconds(60).await;
    assert_eq!(
        served
            .world
            .state(&served.group, &served.instances[0])
            .await,
        "healthy"
    );
}

#[tokio::test(start_paused = true)]
async fn draining_ends_running_requests() {
    let served = Served::with_instances(1).await;
    let attributes = [("deregistration_delay.timeout_seconds", "20")];
    served.group_attributes(&attributes).await;
    let attribute = "idle_timeout.timeout_seconds";
    served.balancer_attribute(attribute, "4000").await;
    let instance = &served.instances[0];
    let mut stream = served.get("/?echo-pieces=100&echo-interval=1").await;
    assert!(stream.chunk().await.unwrap().is_some());
    let url = format!("http://{}/?echo-delay=600", served.host);
    let slow = tokio::spawn({
        let traffic = served.traffic.clone();
        async move { traffic.get(&url).await.unwrap().status() }
    });
    served.world.seconds(1).await;
    let started = Instant::now();
    served.world.deregister(&served.group, instance).await;
    assert_eq!(slow.await.unwrap(), 502);
    assert_eq!(started.elapsed().as_secs(), 20);
    while let Ok(Some(_)) = stream.chunk().await {}
    assert!(started.elapsed().as_secs() <= 21);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "faults that never fired")]
async fn unfired_fault_is_told_despite_connections() {
    let served = Served::with_instances(1).await;
    let answer = served.get("/").await;
    assert_eq!(answer.status(), 200);
    let open = served.traffic.connect(&served.host, 80).await.unwrap();
    hit(&served, TrafficFault::hangs(Place::service("nobody")));
    drop(served);
    drop(open);
}
