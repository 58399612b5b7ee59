//! The requests that an origin gets.

use std::time::Duration;

use aws_sdk_cloudfront::types::{
    CookiePreference, DefaultCacheBehavior, ForwardedValues, Headers, ItemSelection,
    OriginProtocolPolicy,
};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::viewer::all_methods;
use super::world::{
    ALL_VIEWER, ALL_VIEWER_AND_CLOUDFRONT, ALL_VIEWER_EXCEPT_HOST, CACHING_DISABLED, Edge, ORIGIN,
    ORIGIN_CACHE_CONTROL, Origin, behavior, origin, outcome, policies,
};

const MINUTE: Duration = Duration::from_secs(60);

const VIEWER: &[(&str, &str)] = &[
    ("user-agent", "curl/8"),
    ("accept", "text/plain"),
    ("cookie", "a=1; b=2"),
    ("authorization", "Bearer secret"),
    ("x-own", "1"),
    ("x-forwarded-proto", "gopher"),
    ("x-edge-own", "1"),
    ("cache-control", "no-cache"),
    ("connection", "x-hop"),
    ("x-hop", "1"),
    ("origin", "https://example.org"),
];

#[tokio::test(start_paused = true)]
async fn nothing_goes_to_origin_unless_listed() {
    let edge = Edge::with(policies(CACHING_DISABLED, None)).await;
    edge.get_with("/a/b?c=d", VIEWER).await;
    let got = edge.origin.last();
    assert_eq!(got.line, "GET /a/b HTTP/1.1");
    let names: Vec<&str> = got.headers.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "accept-encoding",
            "cache-control",
            "connection",
            "host",
            "user-agent",
            "via",
            "x-amz-cf-id",
            "x-forwarded-for",
            "x-origin-verify",
        ]
    );
    assert_eq!(got.header("host"), Some(ORIGIN));
    assert_eq!(got.header("user-agent"), Some("Amazon CloudFront"));
    assert_eq!(got.header("accept-encoding"), Some("identity"));
    assert_eq!(got.header("connection"), Some("Keep-Alive"));
    assert_eq!(got.header("x-forwarded-for"), Some("203.0.113.10"));
    assert_eq!(got.header("x-origin-verify"), Some("secret"));
    let via = got.header("via").unwrap();
    assert!(
        via.starts_with("1.1 ") && via.ends_with(".cloudfront.net (CloudFront)"),
        "{via}"
    );
}

#[tokio::test(start_paused = true)]
async fn all_viewer_policy_forwards_request() {
    let edge = Edge::with(policies(CACHING_DISABLED, Some(ALL_VIEWER))).await;
    edge.get_with("/a?c=d&e", VIEWER).await;
    let got = edge.origin.last();
    assert_eq!(got.line, "GET /a?c=d&e HTTP/1.1");
    assert_eq!(got.header("host"), Some(&*edge.host));
    for (name, value) in &VIEWER[..5] {
        assert_eq!(got.header(name), Some(*value), "{name}");
    }
    for name in ["x-forwarded-proto", "x-edge-own", "x-hop"] {
        assert_eq!(got.header(name), None, "{name}");
    }
    edge.update(policies(CACHING_DISABLED, Some(ALL_VIEWER_EXCEPT_HOST)))
        .await;
    edge.deployed().await;
    edge.get_with("/", VIEWER).await;
    assert_eq!(edge.origin.last().header("host"), Some(ORIGIN));
    assert_eq!(edge.origin.last().header("x-own"), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn cache_key_goes_to_origin() {
    let edge = Edge::with(policies(ORIGIN_CACHE_CONTROL, Some(ALL_VIEWER_EXCEPT_HOST))).await;
    edge.get_with("/", VIEWER).await;
    assert_eq!(edge.origin.last().header("host"), Some(&*edge.host));
    edge.update(policies(ORIGIN_CACHE_CONTROL, None)).await;
    edge.deployed().await;
    edge.get_with("/?a=b", VIEWER).await;
    let got = edge.origin.last();
    assert_eq!(got.line, "GET / HTTP/1.1");
    assert_eq!(got.header("cookie"), Some("a=1; b=2"));
    assert_eq!(got.header("origin"), Some("https://example.org"));
    assert_eq!(got.header("x-own"), None);
    assert_eq!(got.header("authorization"), None);
}

#[tokio::test(start_paused = true)]
async fn forwarding_addresses_add_up_without_blank() {
    let edge = Edge::with(policies(CACHING_DISABLED, Some(ALL_VIEWER))).await;
    edge.get_with(
        "/",
        &[("x-forwarded-for", "192.0.2.1"), ("via", "1.1 proxy")],
    )
    .await;
    let got = edge.origin.last();
    assert_eq!(
        got.header("x-forwarded-for"),
        Some("192.0.2.1,203.0.113.10")
    );
    assert!(got.header("via").unwrap().starts_with("1.1 proxy, 1.1 "));
}

#[tokio::test(start_paused = true)]
async fn custom_headers_replace_those_of_viewer() {
    let edge = Edge::with(policies(CACHING_DISABLED, Some(ALL_VIEWER))).await;
    edge.get_with("/", &[("x-origin-verify", "guess")]).await;
    assert_eq!(edge.origin.last().header("x-origin-verify"), Some("secret"));
}

/// Sets the older settings: all query strings, and these cookies and headers.
#[expect(deprecated, reason = "older configurations still say it so")]
fn forward(behavior: &mut DefaultCacheBehavior, cookies: ItemSelection, header: &str) {
    behavior.cache_policy_id = None;
    behavior.min_ttl = Some(0);
    let cookies = CookiePreference::builder().forward(cookies);
    let headers = Headers::builder().quantity(1).items(header);
    let values = ForwardedValues::builder()
        .query_string(true)
        .cookies(cookies.build().unwrap())
        .headers(headers.build().unwrap());
    behavior.forwarded_values = Some(values.build().unwrap());
}

#[tokio::test(start_paused = true)]
async fn forwarded_values_pass_other_headers() {
    let edge = Edge::with(behavior(|behavior| {
        all_methods(behavior);
        forward(behavior, ItemSelection::None, "Accept");
    }))
    .await;
    let viewer: Vec<_> = VIEWER.iter().copied().chain([("referer", "a")]).collect();
    edge.get_with("/?a=b", &viewer).await;
    let got = edge.origin.last();
    assert_eq!(got.line, "GET /?a=b HTTP/1.1");
    assert_eq!(got.header("x-own"), Some("1"));
    assert_eq!(got.header("accept"), Some("text/plain"));
    assert_eq!(got.header("user-agent"), Some("Amazon CloudFront"));
    assert_eq!(got.header("host"), Some(ORIGIN));
    for name in ["cookie", "authorization", "referer"] {
        assert_eq!(got.header(name), None, "{name}");
    }
    edge.send("POST", "/", VIEWER, "a").await;
    assert_eq!(
        edge.origin.last().header("authorization"),
        Some("Bearer secret")
    );
}

#[tokio::test(start_paused = true)]
async fn forwarding_all_headers_disables_cache() {
    let edge = Edge::with(behavior(|behavior| {
        forward(behavior, ItemSelection::All, "*");
    }))
    .await;
    for _ in 0..2 {
        assert_eq!(outcome(&edge.get_with("/", VIEWER).await), "Miss");
    }
    assert_eq!(edge.origin.last().header("host"), Some(&*edge.host));
    assert_eq!(edge.origin.last().header("cookie"), Some("a=1; b=2"));
}

#[tokio::test(start_paused = true)]
async fn policy_asks_what_edge_knows_of_viewer() {
    let edge = Edge::with(policies(CACHING_DISABLED, Some(ALL_VIEWER_AND_CLOUDFRONT))).await;
    let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148";
    let forged = [
        ("user-agent", agent),
        ("cloudfront-viewer-address", "192.0.2.1:1"),
        ("cloudfront-viewer-city", "Atlantis"),
    ];
    edge.get_with("/", &forged).await;
    let got = edge.origin.last();
    for (name, value) in [
        ("cloudfront-forwarded-proto", Some("http")),
        ("cloudfront-viewer-address", Some("203.0.113.10:40000")),
        ("cloudfront-viewer-country", Some("US")),
        ("cloudfront-viewer-http-version", Some("1.1")),
        ("cloudfront-is-mobile-viewer", Some("true")),
        ("cloudfront-is-ios-viewer", Some("true")),
        ("cloudfront-is-desktop-viewer", Some("false")),
        ("cloudfront-viewer-city", None),
        ("user-agent", Some(agent)),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn origin_is_asked_by_its_protocol() {
    let edge = Edge::with(origin(|origin| {
        let custom = origin.custom_origin_config.as_mut().unwrap();
        custom.origin_protocol_policy = OriginProtocolPolicy::MatchViewer;
    }))
    .await;
    let tls = edge
        .traffic
        .listen(ORIGIN, 443)
        .with_certificate(ORIGIN)
        .unwrap();
    let secure = Origin::listen(tls);
    edge.get("/http").await;
    let url = format!("https://{}/https", edge.host);
    assert_eq!(edge.traffic.get(&url).await.unwrap().status(), 200);
    let lines =
        |origin: &Origin| -> Vec<String> { origin.got().into_iter().map(|got| got.line).collect() };
    assert_eq!(lines(&edge.origin), ["GET /http HTTP/1.1"]);
    assert_eq!(lines(&secure), ["GET /https HTTP/1.1"]);
}

/// The certificate may also be for the host that the viewer names, if that goes to the origin.
#[tokio::test(start_paused = true)]
async fn certificate_of_origin_must_fit() {
    let https = |port| {
        origin(move |origin| {
            let custom = origin.custom_origin_config.as_mut().unwrap();
            custom.origin_protocol_policy = OriginProtocolPolicy::HttpsOnly;
            custom.https_port = port;
        })
    };
    let edge = Edge::with(|config| {
        https(8443)(config);
        policies(CACHING_DISABLED, Some(ALL_VIEWER))(config);
    })
    .await;
    let listen = |name: &str| {
        let listener = edge.traffic.listen(ORIGIN, 8443);
        Origin::listen(listener.with_certificate(name).unwrap())
    };
    let mut path = 0;
    let mut status = async || {
        path += 1;
        edge.get(&format!("/{path}")).await.status()
    };
    let _other = listen("other.example.org");
    assert_eq!(status().await, 502);
    let _own = listen(ORIGIN);
    assert_eq!(status().await, 200);
    let _of_viewer = listen(&edge.host);
    assert_eq!(status().await, 200);
}

/// Serves a host, and returns the number of connections once none comes for a minute.
fn count_connections(edge: &Edge, answers_of_connection: usize) -> tokio::task::JoinHandle<usize> {
    let mut listener = edge.traffic.listen(ORIGIN, 80);
    tokio::spawn(async move {
        let mut connections = 0;
        while let Ok(Ok((mut stream, _))) = timeout(MINUTE, listener.accept()).await {
            connections += 1;
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                for _ in 0..answers_of_connection {
                    if stream.read(&mut buffer).await.unwrap_or_default() == 0 {
                        return;
                    }
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                    stream.write_all(answer).await.unwrap();
                }
            });
        }
        connections
    })
}

/// Sends requests on one connection of a viewer, with pauses after them.
async fn ask(edge: &Edge, method: &str, pauses: &[u64]) {
    let mut viewer = edge.traffic.connect(&edge.host, 80).await.unwrap();
    for (number, pause) in pauses.iter().enumerate() {
        let request = format!("{method} /{number} HTTP/1.1\r\nHost: {}\r\n\r\n", edge.host);
        viewer.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 4096];
        let count = viewer.read(&mut answer).await.unwrap();
        assert!(answer[..count].starts_with(b"HTTP/1.1 200 OK"));
        edge.seconds(*pause).await;
    }
}

#[tokio::test(start_paused = true)]
async fn connection_to_origin_is_kept() {
    let edge = Edge::new().await;
    let connections = count_connections(&edge, usize::MAX);
    // Three requests on one connection, and after more than five seconds another one.
    ask(&edge, "GET", &[1, 1, 6, 1]).await;
    assert_eq!(connections.await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn closed_connection_is_replaced() {
    let edge = Edge::with(behavior(all_methods)).await;
    let connections = count_connections(&edge, 1);
    ask(&edge, "GET", &[0, 1]).await;
    ask(&edge, "POST", &[0, 1]).await;
    assert_eq!(connections.await.unwrap(), 4);
}
