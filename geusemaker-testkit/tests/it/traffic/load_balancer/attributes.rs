//! Attributes of listeners, target groups and load balancers that show in requests and answers.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, ListenerAttribute, TargetGroupStickinessConfig,
    TargetGroupTuple,
};
use geusemaker_testkit::traffic::{Place, TrafficFault};
use http::Request;

use crate::elastic_load_balancing::world::paths;
use crate::traffic::world::Served;

#[tokio::test(start_paused = true)]
async fn weights_divide_requests() {
    let served = Served::with_instances(2).await;
    served
        .world
        .deregister(&served.group, &served.instances[1])
        .await;
    let second = served.second_group(&served.instances[1]).await;
    let tuple = |group: &str, weight| {
        let tuple = TargetGroupTuple::builder().target_group_arn(group);
        tuple.weight(weight).build()
    };
    let sticky = TargetGroupStickinessConfig::builder()
        .enabled(true)
        .duration_seconds(60);
    let config = ForwardActionConfig::builder()
        .target_groups(tuple(&served.group, 3))
        .target_groups(tuple(&second, 1))
        .target_group_stickiness_config(sticky.build());
    let forward = Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .forward_config(config.build());
    served.rule(1, paths("/*"), forward.build()).await;
    served.world.seconds(60).await;

    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut cookie = String::new();
    for _ in 0..40 {
        let answer = served.get("/").await;
        let set = answer.headers().get_all("set-cookie").iter();
        let mut set = set.map(|it| it.to_str().unwrap());
        let group = set.find(|it| it.starts_with("AWSALBTG=")).unwrap();
        cookie = group.split(';').next().unwrap().to_owned();
        let echo = answer.text().await.unwrap();
        let echo: serde_json::Value = serde_json::from_str(&echo).unwrap();
        let instance = echo["instance"].as_str().unwrap().to_owned();
        *counts.entry(instance).or_default() += 1;
    }
    let first = counts[&served.instances[0]];
    assert!((28..=32).contains(&first), "{counts:?}");
    let stays = async || {
        let request = Request::get(format!("http://{}/", served.host));
        served.echo_of(request.header("cookie", &cookie)).await["instance"].take()
    };
    let kept = stays().await;
    for _ in 0..8 {
        assert_eq!(stays().await, kept);
    }
}

#[tokio::test(start_paused = true)]
async fn busy_target_gets_fewer_requests() {
    let served = Served::with_instances(2).await;
    served
        .group_attributes(&[(
            "load_balancing.algorithm.type",
            "least_outstanding_requests",
        )])
        .await;
    let slow = Place::instance(&served.instances[0]);
    let fault = TrafficFault::answers_late(slow, std::time::Duration::from_secs(50));
    served.traffic.fault(fault.spare_health_checks());
    let url = format!("http://{}/", served.host);
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let (traffic, url) = (served.traffic.clone(), url.clone());
        waiting.push(tokio::spawn(async move { traffic.get(&url).await }));
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    // One request waits for the slow target; the others went past it.
    let unfinished = waiting.iter().filter(|it| !it.is_finished()).count();
    assert_eq!(unfinished, 1);
}

#[tokio::test(start_paused = true)]
async fn listener_adds_headers_to_answers() {
    let served = Served::with_instances(1).await;
    let attribute = |key: &str, value: &str| {
        let attribute = ListenerAttribute::builder().key(key);
        attribute.value(value).build()
    };
    let prefix = "routing.http.response";
    let modify = served.world.elb.modify_listener_attributes();
    modify
        .listener_arn(&served.listener)
        .attributes(attribute(
            &format!("{prefix}.strict_transport_security.header_value"),
            "max-age=60",
        ))
        .attributes(attribute(&format!("{prefix}.server.enabled"), "false"))
        .send()
        .await
        .unwrap();
    let answer = served.get("/").await;
    assert_eq!(
        answer.header("strict-transport-security"),
        Some("max-age=60")
    );
    assert_eq!(answer.header("server"), None);
}

#[tokio::test(start_paused = true)]
async fn invalid_header_names_are_dropped() {
    let served = Served::with_instances(1).await;
    let request = || Request::get(format!("http://{}/", served.host)).header("a_b", "1");
    let kept = served.echo_of(request()).await["headers"].take();
    assert_eq!(kept["a_b"], "1");
    let attribute = "routing.http.drop_invalid_header_fields.enabled";
    served.balancer_attribute(attribute, "true").await;
    let dropped = served.echo_of(request()).await["headers"].take();
    assert!(dropped["a_b"].is_null());
}

#[tokio::test(start_paused = true)]
async fn old_connection_is_closed() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let served = Served::with_instances(1).await;
    let attribute = "client_keep_alive.seconds";
    served.balancer_attribute(attribute, "60").await;
    let mut stream = served.traffic.connect(&served.host, 80).await.unwrap();
    let request = format!(
        "GET /?echo-size=1 HTTP/1.1\r\nhost: {}\r\n\r\n",
        served.host
    );
    let mut answer = vec![0; 8192];
    stream.write_all(request.as_bytes()).await.unwrap();
    let read = stream.read(&mut answer).await.unwrap();
    assert!(!String::from_utf8_lossy(&answer[..read]).contains("connection: close"));
    tokio::time::sleep(std::time::Duration::from_secs(40)).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let read = stream.read(&mut answer).await.unwrap();
    assert!(!String::from_utf8_lossy(&answer[..read]).contains("connection: close"));
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(String::from_utf8_lossy(&rest).contains("connection: close"));
}
