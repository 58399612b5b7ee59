//! Compression at the edge.

use std::io::Read as _;

use super::world::{CACHING_DISABLED, Edge, Reply, behavior, outcome, policies};

fn compressing() -> impl FnOnce(&mut aws_sdk_cloudfront::types::DistributionConfig) {
    behavior(|behavior| behavior.compress = Some(true))
}

fn text() -> String {
    "a line of text\n".repeat(200)
}

#[tokio::test(start_paused = true)]
async fn text_is_compressed_for_viewer() {
    let edge = Edge::with(compressing()).await;
    edge.origin.answers(|_| {
        Reply::ok(&text())
            .header("Content-Type", "text/html; charset=utf-8")
            .header("ETag", "\"v1\"")
    });
    for expected in ["Miss", "Hit"] {
        let answer = edge.get_with("/", &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(outcome(&answer), expected);
        assert_eq!(answer.header("content-encoding"), Some("br"));
        assert_eq!(answer.header("etag"), Some("W/\"v1\""));
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        let bytes = answer.bytes().await.unwrap();
        let mut found = String::new();
        brotli::Decompressor::new(&bytes[..], 4096)
            .read_to_string(&mut found)
            .unwrap();
        assert_eq!(found, text());
        assert!(bytes.len() < 500);
    }
    assert_eq!(
        edge.origin.last().header("accept-encoding"),
        Some("br,gzip")
    );
    let answer = edge.get_with("/", &[("accept-encoding", "gzip")]).await;
    assert_eq!(
        (&*outcome(&answer), answer.header("content-encoding")),
        ("Miss", Some("gzip"))
    );
    let bytes = answer.bytes().await.unwrap();
    let mut found = String::new();
    flate2::read::GzDecoder::new(&bytes[..])
        .read_to_string(&mut found)
        .unwrap();
    assert_eq!(found, text());
    let answer = edge.get("/").await;
    assert_eq!(
        (&*outcome(&answer), answer.header("content-encoding")),
        ("Miss", None)
    );
    assert_eq!(answer.text().await.unwrap(), text());
}

#[tokio::test(start_paused = true)]
async fn other_content_stays_as_it_is() {
    let edge = Edge::with(compressing()).await;
    let accepted = [("accept-encoding", "gzip")];
    let html = || Reply::ok(&text()).header("Content-Type", "text/html");
    let replies = [
        (
            "/type",
            Reply::ok(&text()).header("Content-Type", "image/png"),
        ),
        (
            "/events",
            Reply::ok(&text()).header("Content-Type", "text/event-stream"),
        ),
        (
            "/short",
            Reply::ok("short").header("Content-Type", "text/html"),
        ),
        ("/encoded", html().header("Content-Encoding", "zstd")),
        ("/chunked", html().chunked()),
        ("/status", Reply::status("405 Method Not Allowed", &text())),
    ];
    for (path, reply) in replies {
        let encoding = (path == "/encoded").then_some("zstd");
        edge.origin.answers(move |_| reply.clone());
        let answer = edge.get_with(path, &accepted).await;
        assert_eq!(answer.header("content-encoding"), encoding, "{path}");
    }
    edge.origin.answers(move |_| html());
    edge.update(policies(CACHING_DISABLED, None)).await;
    edge.deployed().await;
    let answer = edge.get_with("/disabled", &accepted).await;
    assert_eq!(answer.header("content-encoding"), None);
}
