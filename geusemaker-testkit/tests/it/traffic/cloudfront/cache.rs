//! The cache: times to live, keys, and requests for the same object.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::world::{
    CACHING_DISABLED, Edge, ORIGIN_CACHE_CONTROL, ORIGIN_CACHE_CONTROL_QUERY, Reply, outcome,
    policies,
};

/// Answers with the number of the request.
fn count(edge: &Edge, reply: impl Fn(Reply) -> Reply + Send + 'static) {
    let mut number = 0;
    edge.origin.answers(move |_| {
        number += 1;
        reply(Reply::ok(&number.to_string()))
    });
}

async fn sequence(edge: &Edge, path: &str, steps: &[(u64, &str, &str)]) {
    for (pause, body, outcome) in steps {
        edge.seconds(*pause).await;
        let (found_body, found_outcome) = edge.fetch(path).await;
        assert_eq!(
            (&*found_body, &*found_outcome),
            (*body, *outcome),
            "after {pause} s"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn object_is_served_until_it_expires() {
    let edge = Edge::new().await;
    count(&edge, |reply| reply.header("Cache-Control", "max-age=60"));
    sequence(
        &edge,
        "/",
        &[(0, "1", "Miss"), (59, "1", "Hit"), (2, "2", "Miss")],
    )
    .await;
    edge.seconds(30).await;
    let answer = edge.get("/").await;
    assert_eq!(answer.header("age"), Some("30"));
}

#[tokio::test(start_paused = true)]
async fn object_without_times_has_those_of_policy() {
    let edge = Edge::new().await;
    count(&edge, |reply| reply);
    let day = 86_400;
    sequence(
        &edge,
        "/",
        &[(0, "1", "Miss"), (day - 1, "1", "Hit"), (2, "2", "Miss")],
    )
    .await;
    // The minimum of a second outweighs what forbids to cache.
    count(&edge, |reply| reply.header("Cache-Control", "private"));
    sequence(
        &edge,
        "/a",
        &[(0, "1", "Miss"), (0, "1", "Hit"), (2, "2", "Miss")],
    )
    .await;
    edge.update(policies(ORIGIN_CACHE_CONTROL, None)).await;
    edge.deployed().await;
    sequence(&edge, "/b", &[(0, "3", "Miss"), (0, "4", "Miss")]).await;
}

#[tokio::test(start_paused = true)]
async fn disabled_cache_keeps_nothing() {
    let edge = Edge::with(policies(CACHING_DISABLED, None)).await;
    count(&edge, |reply| reply.header("Cache-Control", "max-age=60"));
    sequence(&edge, "/", &[(0, "1", "Miss"), (0, "2", "Miss")]).await;
}

#[tokio::test(start_paused = true)]
async fn viewer_cannot_refresh_object() {
    let edge = Edge::new().await;
    count(&edge, |reply| reply);
    edge.get("/").await.bytes().await.unwrap();
    let headers = [("cache-control", "no-cache"), ("pragma", "no-cache")];
    let answer = edge.get_with("/", &headers).await;
    assert_eq!(outcome(&answer), "Hit");
}

#[tokio::test(start_paused = true)]
async fn protocols_share_objects() {
    let edge = Edge::new().await;
    edge.get("/").await.bytes().await.unwrap();
    let url = format!("https://{}/", edge.host);
    assert_eq!(outcome(&edge.traffic.get(&url).await.unwrap()), "Hit");
}

#[tokio::test(start_paused = true)]
async fn query_and_cookies_count_if_in_key() {
    let edge = Edge::with(policies(ORIGIN_CACHE_CONTROL_QUERY, None)).await;
    count(&edge, |reply| reply.header("Cache-Control", "max-age=60"));
    let get = async |path: &str, cookie: &str| {
        let answer = edge.get_with(path, &[("cookie", cookie)]).await;
        answer.text().await.unwrap()
    };
    assert_eq!(get("/?a=1", "c=1").await, "1");
    assert_eq!(get("/?a=2", "c=1").await, "2");
    assert_eq!(get("/?a=1", "c=2").await, "3");
    assert_eq!(get("/?a=1", "c=1").await, "1");
    let other = Edge::new().await;
    count(&other, |reply| reply);
    assert_eq!(other.fetch("/?a=1").await.0, "1");
    assert_eq!(other.fetch("/?a=2").await.0, "1");
}

#[tokio::test(start_paused = true)]
async fn expired_object_is_revalidated() {
    let edge = Edge::new().await;
    edge.origin.answers(|got| {
        let reply = match got.header("if-none-match") {
            Some("\"v1\"") => Reply::status("304 Not Modified", ""),
            _ => Reply::ok("body"),
        };
        reply
            .header("ETag", "\"v1\"")
            .header("Cache-Control", "max-age=10")
    });
    sequence(
        &edge,
        "/",
        &[
            (0, "body", "Miss"),
            (11, "body", "RefreshHit"),
            (5, "body", "Hit"),
        ],
    )
    .await;
    assert_eq!(edge.get("/").await.header("age"), Some("5"));
    edge.seconds(6).await;
    // The viewer's own condition is answered by the edge.
    let answer = edge.get_with("/", &[("if-none-match", "\"v1\"")]).await;
    assert_eq!(
        (answer.status().as_u16(), &*outcome(&answer)),
        (304, "RefreshHit")
    );
}

#[tokio::test(start_paused = true)]
async fn viewer_with_object_gets_no_body() {
    let edge = Edge::new().await;
    edge.origin.answers(|_| {
        let date = "Sun, 01 Nov 2026 00:00:00 GMT";
        Reply::ok("body")
            .header("ETag", "\"v1\"")
            .header("Last-Modified", date)
    });
    edge.get("/").await.bytes().await.unwrap();
    for (name, value, status) in [
        ("if-none-match", "W/\"v1\"", 304),
        ("if-none-match", "\"v2\", \"v1\"", 304),
        ("if-none-match", "\"v2\"", 200),
        ("if-modified-since", "Sun, 01 Nov 2026 00:00:00 GMT", 304),
        ("if-modified-since", "Sat, 31 Oct 2026 00:00:00 GMT", 200),
    ] {
        let answer = edge.get_with("/", &[(name, value)]).await;
        assert_eq!(
            (answer.status().as_u16(), &*outcome(&answer)),
            (status, "Hit"),
            "{value}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn simultaneous_requests_wait_for_one() {
    let edge = Edge::new().await;
    count(&edge, |reply| reply.after(5));
    let requests = (0..10).map(|_| edge.fetch("/"));
    let answers = futures::future::join_all(requests).await;
    assert_eq!(edge.origin.got().len(), 1);
    assert!(answers.iter().all(|(body, _)| body == "1"));
    let misses = answers.iter().filter(|(_, outcome)| outcome == "Miss");
    assert_eq!(misses.count(), 1);
}

/// Their answers are not cached, so that each has to ask. None waits for longer than the first answer takes.
#[tokio::test(start_paused = true)]
async fn requests_wait_once_for_uncached_object() {
    let edge = Edge::new().await;
    let got = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&got);
    edge.origin.answers(move |_| {
        asked.fetch_add(1, Ordering::Relaxed);
        Reply::status("401 Unauthorized", "").after(5)
    });
    let start = edge.aws.clock().now();
    futures::future::join_all((0..10).map(|_| edge.fetch("/"))).await;
    assert_eq!(got.load(Ordering::Relaxed), 10);
    assert_eq!(edge.aws.clock().now().duration_since(start).as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn uncached_requests_do_not_wait() {
    let edge = Edge::with(policies(CACHING_DISABLED, None)).await;
    count(&edge, |reply| reply.after(5));
    let start = edge.aws.clock().now();
    futures::future::join_all((0..10).map(|_| edge.fetch("/"))).await;
    assert_eq!(edge.aws.clock().now().duration_since(start).as_secs(), 5);
    assert_eq!(edge.origin.got().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn head_is_answered_from_object() {
    let edge = Edge::new().await;
    edge.get("/").await.bytes().await.unwrap();
    let answer = edge.send("HEAD", "/", &[], "").await;
    assert_eq!(outcome(&answer), "Hit");
    assert_eq!(answer.header("content-length"), Some("5"));
    assert_eq!(answer.text().await.unwrap(), "");
    for expected in ["Miss", "Hit"] {
        let answer = edge.send("HEAD", "/other", &[], "").await;
        assert_eq!(outcome(&answer), expected);
        assert_eq!(answer.header("content-length"), Some("5"));
    }
    assert_eq!(edge.fetch("/other").await.1, "Miss");
}

#[tokio::test(start_paused = true)]
async fn truncated_body_is_not_cached() {
    let edge = Edge::new().await;
    edge.origin.answers(|_| Reply::ok("half").length(8));
    for _ in 0..2 {
        let answer = edge.get("/").await;
        assert_eq!(
            (answer.status().as_u16(), &*outcome(&answer)),
            (200, "Miss")
        );
        assert!(answer.bytes().await.is_err());
    }
    edge.origin.answers(|_| Reply::ok("whole"));
    assert_eq!(edge.fetch("/").await, ("whole".into(), "Miss".into()));
    assert_eq!(edge.fetch("/").await, ("whole".into(), "Hit".into()));
}

#[tokio::test(start_paused = true)]
async fn large_object_is_not_cached() {
    let edge = Edge::new().await;
    let body = "a".repeat(17 * 1024 * 1024);
    edge.origin.answers(move |_| Reply::ok(&body));
    for _ in 0..2 {
        let (body, outcome) = edge.fetch("/").await;
        assert_eq!((body.len(), &*outcome), (17 * 1024 * 1024, "Miss"));
    }
}

#[tokio::test(start_paused = true)]
async fn stale_object_is_served_during_revalidation() {
    let edge = Edge::new().await;
    count(&edge, |reply| {
        reply.header("Cache-Control", "max-age=10, stale-while-revalidate=20")
    });
    sequence(
        &edge,
        "/",
        &[
            (0, "1", "Miss"),
            (15, "1", "Hit"),
            (1, "2", "Hit"),
            (40, "3", "Miss"),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn response_for_anything_is_not_reused() {
    let edge = Edge::with(policies(ORIGIN_CACHE_CONTROL, None)).await;
    count(&edge, |reply| {
        reply
            .header("Cache-Control", "max-age=60")
            .header("Vary", "*")
    });
    sequence(&edge, "/", &[(0, "1", "Miss"), (0, "2", "Miss")]).await;
}
