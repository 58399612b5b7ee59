//! Invalidations: what they drop.

use super::world::{Edge, ORIGIN_CACHE_CONTROL_QUERY, Reply, policies};

async fn filled(edge: &Edge, paths: &[&str]) {
    edge.origin
        .answers(|_| Reply::ok("body").header("Cache-Control", "max-age=3600"));
    for path in paths {
        assert_eq!(edge.fetch(path).await.1, "Miss", "{path}");
    }
}

async fn outcomes(edge: &Edge, paths: &[&str]) -> Vec<String> {
    let mut outcomes = Vec::new();
    for path in paths {
        outcomes.push(edge.fetch(path).await.1);
    }
    outcomes
}

#[tokio::test(start_paused = true)]
async fn invalidation_drops_matching_objects() {
    let edge = Edge::new().await;
    let paths = ["/a", "/a/b", "/A", "/c"];
    filled(&edge, &paths).await;
    edge.invalidate("/a*").await;
    assert_eq!(
        outcomes(&edge, &paths).await,
        ["Miss", "Miss", "Hit", "Hit"]
    );
    assert_eq!(outcomes(&edge, &paths).await, ["Hit"; 4]);
    edge.invalidate("/c").await;
    assert_eq!(outcomes(&edge, &paths).await, ["Hit", "Hit", "Hit", "Miss"]);
}

#[tokio::test(start_paused = true)]
async fn query_counts_in_invalidation() {
    let edge = Edge::with(policies(ORIGIN_CACHE_CONTROL_QUERY, None)).await;
    let paths = ["/a?x=1", "/a?x=2", "/a"];
    filled(&edge, &paths).await;
    edge.invalidate("/a").await;
    assert_eq!(outcomes(&edge, &paths).await, ["Hit", "Hit", "Miss"]);
    edge.invalidate("/a?x=2").await;
    assert_eq!(outcomes(&edge, &paths).await, ["Hit", "Miss", "Hit"]);
}

/// The origin was asked before the invalidation, and has answered after it.
#[tokio::test(start_paused = true)]
async fn object_on_its_way_is_invalidated() {
    let edge = Edge::new().await;
    edge.origin.answers(|_| Reply::ok("old").after(5));
    let slow = edge.fetch("/");
    let meanwhile = async {
        edge.seconds(1).await;
        edge.invalidate("/*").await;
    };
    let (slow, ()) = tokio::join!(slow, meanwhile);
    assert_eq!(slow.0, "old");
    edge.origin.answers(|_| Reply::ok("new"));
    assert_eq!(edge.fetch("/").await.0, "new");
}
