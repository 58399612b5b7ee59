//! Parts of objects.

use super::world::{Edge, Reply, outcome};

#[tokio::test(start_paused = true)]
async fn part_is_served_from_cache() {
    let edge = Edge::new().await;
    edge.origin
        .answers(|_| Reply::ok("0123456789").header("ETag", "\"v1\""));
    edge.get("/").await.bytes().await.unwrap();
    for (range, status, body, shown) in [
        ("bytes=2-4", 206, "234", Some("bytes 2-4/10")),
        ("bytes=-3", 206, "789", Some("bytes 7-9/10")),
        ("bytes=8-", 206, "89", Some("bytes 8-9/10")),
        ("bytes=20-", 416, "", Some("bytes */10")),
        ("bytes=0-1,4-5", 200, "0123456789", None),
    ] {
        let answer = edge.get_with("/", &[("range", range)]).await;
        assert_eq!(answer.status(), status, "{range}");
        assert_eq!(answer.header("content-range"), shown, "{range}");
        assert_eq!(answer.text().await.unwrap(), body, "{range}");
    }
    let changed = [("range", "bytes=2-4"), ("if-range", "\"v2\"")];
    assert_eq!(edge.get_with("/", &changed).await.status(), 200);
    let same = [("range", "bytes=2-4"), ("if-range", "\"v1\"")];
    assert_eq!(edge.get_with("/", &same).await.status(), 206);
    assert_eq!(edge.origin.got().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn part_of_missing_object_comes_from_origin() {
    let edge = Edge::new().await;
    edge.origin.answers(|got| match got.header("range") {
        Some("bytes=2-4") => {
            let range = "bytes 2-4/10";
            Reply::status("206 Partial Content", "234").header("Content-Range", range)
        }
        _ => Reply::ok("0123456789"),
    });
    for _ in 0..2 {
        let answer = edge.get_with("/", &[("range", "bytes=2-4")]).await;
        assert_eq!(
            (answer.status().as_u16(), &*outcome(&answer)),
            (206, "Miss")
        );
        assert_eq!(answer.text().await.unwrap(), "234");
    }
    assert_eq!(edge.fetch("/").await, ("0123456789".into(), "Miss".into()));
    assert_eq!(
        edge.get_with("/", &[("range", "bytes=2-4")]).await.status(),
        206
    );
    assert_eq!(edge.origin.got().len(), 3);
}
