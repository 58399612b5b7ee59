//! Health checks that are really made.

use aws_sdk_elasticloadbalancingv2::types::Matcher;

use crate::traffic::world::Served;

#[tokio::test(start_paused = true)]
async fn empty_target_group_is_unavailable() {
    let served = Served::with_instances(0).await;
    let answer = served.get("/").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.header("server"), Some("awselb/2.0"));
    assert_eq!(answer.text().await.unwrap().len(), 162);
}

#[tokio::test(start_paused = true)]
async fn wrong_status_makes_target_unhealthy() {
    let served = Served::with_instances(1).await;
    let instance = &served.instances[0];
    assert_eq!(served.world.state(&served.group, instance).await, "healthy");
    let modify = served.world.elb.modify_target_group();
    modify
        .target_group_arn(&served.group)
        .matcher(Matcher::builder().http_code("204,301-399").build())
        .send()
        .await
        .unwrap();
    served.world.seconds(30).await;
    let health = served.world.health(&served.group, instance).await;
    assert_eq!(
        health.reason().unwrap().as_str(),
        "Target.ResponseCodeMismatch"
    );
    assert_eq!(
        health.description(),
        Some("Health checks failed with these codes: [200]")
    );
    // No target is healthy, so that all get requests.
    assert_eq!(served.get("/").await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn closed_port_times_health_checks_out() {
    let served = Served::with_instances(1).await;
    let instance = &served.instances[0];
    let group = served.world.network.default_group().await;
    let ec2 = &served.world.network.ec2;
    ec2.revoke_security_group_ingress()
        .group_id(group)
        .ip_protocol("tcp")
        .from_port(0)
        .to_port(65_535)
        .cidr_ip("0.0.0.0/0")
        .send()
        .await
        .unwrap();
    served.world.seconds(40).await;
    let health = served.world.health(&served.group, instance).await;
    assert_eq!(health.reason().unwrap().as_str(), "Target.Timeout");
    assert_eq!(health.description(), Some("Request timed out"));
    let started = tokio::time::Instant::now();
    assert_eq!(served.get("/").await.status(), 504);
    // The time that a connection to a target can take.
    assert_eq!(started.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn stopped_target_is_unused() {
    let served = Served::with_instances(1).await;
    served.world.terminate(&served.instances[0]).await;
    served.world.seconds(300).await;
    assert_eq!(served.get("/").await.status(), 503);
}
