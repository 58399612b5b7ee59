//! Clients that stay with a target.

use std::collections::BTreeSet;

use http::Request;

use crate::traffic::world::Served;

/// Returns the instance that answers a client with that cookie, and the cookie of the answer.
async fn ask(served: &Served, cookie: Option<&str>) -> (String, Option<String>) {
    let mut request = Request::get(format!("http://{}/", served.host));
    if let Some(cookie) = cookie {
        request = request.header("cookie", format!("other=1; {cookie}"));
    }
    let answer = served.traffic.send(request.body("").unwrap()).await;
    let answer = answer.unwrap();
    let cookie = answer.headers().get_all("set-cookie").iter().next();
    let cookie = cookie.map(|it| it.to_str().unwrap().split(';').next().unwrap().to_owned());
    let echo: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    (echo["instance"].as_str().unwrap().to_owned(), cookie)
}

#[tokio::test(start_paused = true)]
async fn requests_go_round_robin() {
    let served = Served::with_instances(3).await;
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let (instance, cookie) = ask(&served, None).await;
        assert_eq!(cookie, None);
        seen.insert(instance);
    }
    assert_eq!(seen.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn cookie_keeps_client_with_target() {
    let served = Served::with_instances(3).await;
    served
        .group_attributes(&[
            ("stickiness.enabled", "true"),
            ("stickiness.lb_cookie.duration_seconds", "60"),
        ])
        .await;
    let (first, cookie) = ask(&served, None).await;
    let cookie = cookie.unwrap();
    assert!(cookie.starts_with("AWSALB="), "{cookie}");
    for _ in 0..4 {
        assert_eq!(ask(&served, Some(&cookie)).await.0, first);
    }
    served.world.seconds(61).await;
    let mut later = BTreeSet::new();
    for _ in 0..3 {
        later.insert(ask(&served, Some(&cookie)).await.0);
    }
    assert_eq!(later.len(), 3);
    // An unreadable cookie is no error.
    assert!(ask(&served, Some("AWSALB=nonsense")).await.1.is_some());
}

#[tokio::test(start_paused = true)]
async fn client_of_lost_target_gets_another() {
    let served = Served::with_instances(2).await;
    let attributes = [("stickiness.enabled", "true")];
    served.group_attributes(&attributes).await;
    let (first, cookie) = ask(&served, None).await;
    served.world.deregister(&served.group, &first).await;
    let (second, new_cookie) = ask(&served, cookie.as_deref()).await;
    assert_ne!(first, second);
    assert_ne!(cookie, new_cookie);
}
