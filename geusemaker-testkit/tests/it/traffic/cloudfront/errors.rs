//! Errors: of the origin and of the edge, how long they stay, and what viewers see in place of them.

use aws_sdk_cloudfront::types::{CustomErrorResponse, CustomErrorResponses, DistributionConfig};

use super::world::{CACHING_DISABLED, Edge, ORIGIN, Reply, outcome, policies};

fn error_response(
    code: i32,
    page: Option<(&'static str, &'static str)>,
    seconds: i64,
) -> impl FnOnce(&mut DistributionConfig) {
    move |config| {
        let mut response = CustomErrorResponse::builder()
            .error_code(code)
            .error_caching_min_ttl(seconds);
        if let Some((path, status)) = page {
            response = response.response_page_path(path).response_code(status);
        }
        let responses = CustomErrorResponses::builder().quantity(1);
        let responses = responses.items(response.build().unwrap());
        config.custom_error_responses = Some(responses.build().unwrap());
    }
}

/// Even where nothing else is cached.
#[tokio::test(start_paused = true)]
async fn errors_stay_for_ten_seconds() {
    let edge = Edge::with(policies(CACHING_DISABLED, None)).await;
    for status in ["404 Not Found", "502 Bad Gateway"] {
        edge.origin.answers(move |_| Reply::status(status, "no"));
        let path = format!("/{}", &status[..3]);
        let answer = edge.get(&path).await;
        assert_eq!(answer.status().to_string(), status);
        assert_eq!(outcome(&answer), "Error");
        assert_eq!(answer.text().await.unwrap(), "no");
        edge.origin.answers(|_| Reply::ok("yes"));
        edge.seconds(9).await;
        let answer = edge.get(&path).await;
        assert_eq!(
            (answer.status().to_string(), outcome(&answer)),
            (status.into(), "Error".into())
        );
        edge.seconds(2).await;
        assert_eq!(edge.fetch(&path).await.0, "yes");
    }
}

#[tokio::test(start_paused = true)]
async fn other_errors_stay_only_on_request() {
    let edge = Edge::new().await;
    edge.origin
        .answers(|_| Reply::status("403 Forbidden", "no"));
    assert_eq!(edge.get("/").await.status(), 403);
    edge.origin
        .answers(|_| Reply::status("403 Forbidden", "no").header("Cache-Control", "max-age=60"));
    edge.fetch("/").await;
    edge.origin.answers(|_| Reply::ok("yes"));
    edge.seconds(59).await;
    assert_eq!(edge.get("/").await.status(), 403);
    edge.seconds(2).await;
    assert_eq!(edge.get("/").await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn time_of_errors_is_a_setting() {
    let edge = Edge::with(error_response(404, None, 0)).await;
    edge.origin
        .answers(|_| Reply::status("404 Not Found", "no"));
    edge.fetch("/").await;
    edge.origin.answers(|_| Reply::ok("yes"));
    assert_eq!(edge.fetch("/").await.0, "yes");
}

#[tokio::test(start_paused = true)]
async fn stale_object_stands_in_for_error() {
    let edge = Edge::new().await;
    edge.origin
        .answers(|_| Reply::ok("old").header("Cache-Control", "max-age=10"));
    edge.fetch("/").await;
    edge.seconds(11).await;
    edge.origin
        .answers(|_| Reply::status("500 Internal Server Error", "no"));
    assert_eq!(edge.fetch("/").await, ("old".into(), "Hit".into()));
    let asked = edge.origin.got().len();
    edge.seconds(5).await;
    assert_eq!(edge.fetch("/").await.0, "old");
    assert_eq!(edge.origin.got().len(), asked);
    edge.seconds(6).await;
    edge.origin.answers(|_| Reply::broken());
    assert_eq!(edge.fetch("/").await.0, "old");
    assert_eq!(edge.origin.got().len(), asked + 1);
    edge.seconds(11).await;
    // The client's fault is no reason to serve the old object.
    edge.origin
        .answers(|_| Reply::status("404 Not Found", "no"));
    assert_eq!(edge.get("/").await.status(), 404);
}

#[tokio::test(start_paused = true)]
async fn origin_can_forbid_stale_objects() {
    let edge = Edge::new().await;
    edge.origin
        .answers(|_| Reply::ok("old").header("Cache-Control", "max-age=10, stale-if-error=5"));
    edge.fetch("/").await;
    edge.origin.answers(|_| Reply::broken());
    edge.seconds(12).await;
    assert_eq!(edge.fetch("/").await.0, "old");
    edge.seconds(11).await;
    assert_eq!(edge.get("/").await.status(), 502);
}

#[tokio::test(start_paused = true)]
async fn custom_page_replaces_error() {
    let edge = Edge::with(error_response(503, Some(("/sorry.html", "200")), 5)).await;
    edge.origin
        .answers(|got| match got.line.contains("/sorry.html") {
            true => Reply::ok("sorry"),
            false => Reply::status("503 Service Unavailable", "no"),
        });
    let answer = edge.get("/").await;
    assert_eq!(
        (answer.status().as_u16(), &*outcome(&answer)),
        (200, "Error")
    );
    assert_eq!(answer.text().await.unwrap(), "sorry");
    // The error and its page are in the cache.
    edge.seconds(4).await;
    assert_eq!(edge.fetch("/").await.0, "sorry");
    assert_eq!(edge.origin.got().len(), 2);
    edge.origin
        .answers(|_| Reply::status("503 Service Unavailable", "no"));
    edge.seconds(2).await;
    assert_eq!(edge.fetch("/").await.0, "sorry");
    assert_eq!(edge.origin.got().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn missing_custom_page_shows_own_error() {
    let edge = Edge::with(error_response(403, Some(("/sorry.html", "200")), 5)).await;
    edge.origin
        .answers(|got| match got.line.contains("/sorry.html") {
            true => Reply::status("404 Not Found", "no page"),
            false => Reply::status("403 Forbidden", "no"),
        });
    let answer = edge.get("/").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.text().await.unwrap(), "no page");
}

#[tokio::test(start_paused = true)]
async fn unreachable_origin_is_bad_gateway() {
    let edge = Edge::new().await;
    drop(edge.traffic.listen(ORIGIN, 80));
    let answer = edge.get("/").await;
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.header("server"), Some("CloudFront"));
    let id = answer.header("x-amz-cf-id").unwrap().to_owned();
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("<H1>502 ERROR</H1>") && page.contains(&id),
        "{page}"
    );
    // The error is cached, and its page is made for each viewer.
    let _listener = edge.traffic.listen(ORIGIN, 80);
    let answer = edge.get("/").await;
    assert_eq!(answer.status(), 502);
    let other = answer.header("x-amz-cf-id").unwrap().to_owned();
    assert_ne!(id, other);
    assert!(answer.text().await.unwrap().contains(&other));
}

#[tokio::test(start_paused = true)]
async fn unknown_origin_is_bad_gateway() {
    let edge = Edge::with(super::world::origin(|origin| {
        origin.domain_name = "nowhere.example.org".to_owned();
    }))
    .await;
    assert_eq!(edge.get("/").await.status(), 502);
}

#[tokio::test(start_paused = true)]
async fn broken_answer_is_bad_gateway() {
    let edge = Edge::new().await;
    edge.origin.answers(|_| Reply::broken());
    assert_eq!(edge.get("/").await.status(), 502);
    assert_eq!(edge.origin.got().len(), 1);
    let long = "a".repeat(33_000);
    edge.origin
        .answers(move |_| Reply::ok("").header("X-Long", &long));
    assert_eq!(edge.get("/long").await.status(), 502);
}
