//! The responses that viewers get.

use super::viewer::all_methods;
use super::world::{
    ALL_VIEWER, CACHING_DISABLED, Edge, ORIGIN_CACHE_CONTROL, Reply, behavior, policies,
};

const SIMPLE_CORS: &str = "60669652-455b-4ae9-85a4-c4c02393f86c";
const CORS_WITH_PREFLIGHT: &str = "5cc3b908-e619-4b99-88e5-2cf7f45965bd";
const SECURITY_HEADERS: &str = "67f7725c-6f97-4210-82d7-5512b31e9d03";

#[tokio::test(start_paused = true)]
async fn edge_names_itself_in_response() {
    let edge = Edge::new().await;
    edge.origin.answers(|_| {
        Reply::ok("body")
            .header("Server", "own")
            .header("Via", "1.0 back")
            .header("Trailer", "x")
            .header("Upgrade", "h2c")
            .header("X-Own", "1")
    });
    let answer = edge.get("/").await;
    assert_eq!(answer.header("server"), Some("own"));
    assert_eq!(answer.header("x-own"), Some("1"));
    let via = answer.header("via").unwrap();
    assert!(
        via.starts_with("1.0 back, 1.1 ") && via.ends_with("(CloudFront)"),
        "{via}"
    );
    assert_eq!(answer.header("x-amz-cf-id").unwrap().len(), 56);
    assert_eq!(answer.header("x-amz-cf-pop"), Some("IAD89-P1"));
    assert_eq!(answer.header("age"), None);
    assert_eq!(answer.header("trailer"), None);
    assert_eq!(answer.header("upgrade"), None);
    let date = answer.header("date").unwrap();
    assert!(date.starts_with("Sun, 01 Nov 2026 "), "{date}");
    let own = edge.origin.last();
    assert_eq!(own.header("x-amz-cf-id"), answer.header("x-amz-cf-id"));
}

#[tokio::test(start_paused = true)]
async fn cookies_reach_viewer_if_forwarded() {
    let edge = Edge::new().await;
    let reply = || Reply::ok("body").header("Set-Cookie", "a=1");
    edge.origin
        .answers(move |_| reply().header("Cache-Control", "max-age=60"));
    assert_eq!(edge.get("/").await.header("set-cookie"), None);
    edge.update(policies(ORIGIN_CACHE_CONTROL, None)).await;
    edge.deployed().await;
    // Another viewer gets the same cookie from the cache.
    for _ in 0..2 {
        let answer = edge.get("/b").await;
        assert_eq!(answer.header("set-cookie"), Some("a=1"));
        answer.bytes().await.unwrap();
    }
    let value = "max-age=60, no-cache=\"Set-Cookie\"";
    edge.origin
        .answers(move |_| reply().header("Cache-Control", value));
    for expected in [Some("a=1"), None] {
        let answer = edge.get("/c").await;
        assert_eq!(answer.header("set-cookie"), expected);
        answer.bytes().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn vary_names_what_reaches_origin() {
    let edge = Edge::with(policies(ORIGIN_CACHE_CONTROL, None)).await;
    let vary = "Accept-Encoding, User-Agent, Origin, Cookie";
    edge.origin
        .answers(move |_| Reply::ok("body").header("Vary", vary));
    let shown = edge.get("/").await;
    assert_eq!(
        shown.header("vary"),
        Some("Accept-Encoding, Origin, Cookie")
    );
}

#[tokio::test(start_paused = true)]
async fn policy_adds_security_headers() {
    let edge = Edge::with(behavior(|behavior| {
        behavior.response_headers_policy_id = Some(SECURITY_HEADERS.to_owned());
    }))
    .await;
    edge.origin.answers(|_| {
        Reply::ok("body")
            .header("X-Frame-Options", "DENY")
            .header("X-Content-Type-Options", "own")
    });
    let answer = edge.get("/").await;
    for (name, value) in [
        ("strict-transport-security", "max-age=31536000"),
        ("x-xss-protection", "1; mode=block"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("x-content-type-options", "nosniff"),
        // The origin's own stays.
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn policy_answers_cross_origin_requests() {
    let with = |policy: &'static str| {
        behavior(move |behavior| behavior.response_headers_policy_id = Some(policy.to_owned()))
    };
    let edge = Edge::with(|config| {
        policies(CACHING_DISABLED, Some(ALL_VIEWER))(config);
        behavior(all_methods)(config);
        with(SIMPLE_CORS)(config);
    })
    .await;
    let allowed = "access-control-allow-origin";
    let from = [("origin", "https://a.example.org")];
    assert_eq!(edge.get("/").await.header(allowed), None);
    assert_eq!(edge.get_with("/", &from).await.header(allowed), Some("*"));
    edge.origin.answers(|_| {
        Reply::ok("body").header("Access-Control-Allow-Origin", "https://own.example.org")
    });
    let answer = edge.get_with("/own", &from).await;
    assert_eq!(answer.header(allowed), Some("https://own.example.org"));
    edge.origin.answers(|_| Reply::ok("body"));
    edge.update(with(CORS_WITH_PREFLIGHT)).await;
    edge.deployed().await;
    let answer = edge.get_with("/", &from).await;
    assert_eq!(answer.header("access-control-expose-headers"), Some("*"));
    let preflight = [from[0], ("access-control-request-method", "PUT")];
    let answer = edge.send("OPTIONS", "/", &preflight, "").await;
    let methods = answer.header("access-control-allow-methods").unwrap();
    assert!(methods.contains("PUT"), "{methods}");
}
