//! Faults of programs, as health checks and the clients of a load balancer see them.

use std::time::Duration;

use geusemaker_testkit::traffic::{Place, TrafficFault};
use tokio::time::Instant;

use crate::traffic::world::Served;

/// Returns the state of the only target, and AWS's reason.
async fn health(served: &Served) -> (String, String) {
    let health = served
        .world
        .health(&served.group, &served.instances[0])
        .await;
    let state = health.state().unwrap().as_str().to_owned();
    let reason = health.reason().map(|reason| reason.as_str().to_owned());
    (state, reason.unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn faulty_program_fails_health_checks() {
    for (fault, reason) in [
        (
            TrafficFault::answers(Place::anywhere(), 500),
            "Target.ResponseCodeMismatch",
        ),
        (TrafficFault::hangs(Place::anywhere()), "Target.Timeout"),
        (
            TrafficFault::refuses(Place::anywhere()),
            "Target.FailedHealthChecks",
        ),
        (
            TrafficFault::closes_early(Place::anywhere()),
            "Target.FailedHealthChecks",
        ),
    ] {
        let served = Served::with_instances(1).await;
        assert_eq!(health(&served).await.0, "healthy");
        let words = fault.to_string();
        served.traffic.fault(fault);
        served.world.seconds(60).await;
        assert_eq!(
            health(&served).await,
            ("unhealthy".into(), reason.into()),
            "{words}"
        );
        // It comes back with its program.
        assert_eq!(served.traffic.lift_faults(), []);
        served.world.seconds(60).await;
        assert_eq!(health(&served).await.0, "healthy", "{words}");
    }
}

#[tokio::test(start_paused = true)]
async fn faulty_program_is_bad_gateway() {
    let served = Served::with_instances(1).await;
    for fault in [
        TrafficFault::closes_early(80),
        TrafficFault::answers_malformed(80),
    ] {
        let words = fault.to_string();
        served.traffic.fault(fault.spare_health_checks().times(1));
        assert_eq!(served.get("/").await.status(), 502, "{words}");
        assert_eq!(served.get("/").await.status(), 200, "{words}");
    }
    assert_eq!(health(&served).await.0, "healthy");
}

#[tokio::test(start_paused = true)]
async fn hanging_program_is_gateway_timeout() {
    let served = Served::with_instances(1).await;
    served
        .traffic
        .fault(TrafficFault::hangs(80).spare_health_checks());
    let begun = Instant::now();
    assert_eq!(served.get("/").await.status(), 504);
    assert_eq!(begun.elapsed().as_secs(), 60);
    assert_eq!(health(&served).await.0, "healthy");
}

#[tokio::test(start_paused = true)]
async fn body_that_breaks_off_reaches_client() {
    let served = Served::with_instances(1).await;
    let fault = TrafficFault::breaks_off_after_pieces(80, 2);
    served.traffic.fault(fault.on_path("/events"));
    let mut answer = served.get("/events?echo-pieces=5&echo-interval=1").await;
    assert_eq!(answer.status(), 200);
    assert!(answer.chunk().await.unwrap().is_some());
    assert!(answer.chunk().await.unwrap().is_some());
    assert!(answer.chunk().await.is_err());
}

/// The answer's pieces go on through the load balancer as slowly as they come.
#[tokio::test(start_paused = true)]
async fn slow_pieces_arrive_one_by_one() {
    let served = Served::with_instances(1).await;
    served
        .traffic
        .fault(TrafficFault::streams_slowly(80, Duration::from_secs(20)).spare_health_checks());
    let mut answer = served.get("/?echo-pieces=2&echo-interval=0").await;
    let begun = Instant::now();
    let mut times = Vec::new();
    while answer.chunk().await.unwrap().is_some() {
        times.push(begun.elapsed().as_secs());
    }
    assert_eq!(times, [20, 40]);
}
