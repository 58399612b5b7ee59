//! Application Load Balancers that carry requests.

use super::world::Served;

#[tokio::test(start_paused = true)]
async fn load_balancer_serves_traffic() {
    let served = Served::with_instances(1).await;
    let answer = served.get("/hello?x=1").await;
    assert_eq!(answer.status(), 200);
    let echo: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(echo["instance"], served.instances[0].as_str());
    assert_eq!(echo["path"], "/hello");
    assert_eq!(echo["query"], "x=1");
}

#[tokio::test(start_paused = true)]
async fn empty_target_group_is_unavailable() {
    let served = Served::with_instances(0).await;
    let answer = served.get("/").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.header("server"), Some("awselb/2.0"));
    assert_eq!(answer.text().await.unwrap().len(), 162);
}
