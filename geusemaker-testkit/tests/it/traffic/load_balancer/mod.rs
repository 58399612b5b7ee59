//! Application Load Balancers that carry requests.

mod attributes;
mod failures;
mod forwarding;
mod headers;
mod health;
mod rules;
mod sign_in;
mod stickiness;
mod streaming;
mod tls;

use super::world::Served;

#[tokio::test(start_paused = true)]
async fn load_balancer_serves_traffic() {
    let served = Served::with_instances(1).await;
    let echo = served.echo("/hello?x=1").await;
    assert_eq!(echo["instance"], served.instances[0].as_str());
    assert_eq!(echo["path"], "/hello");
    assert_eq!(echo["query"], "x=1");
}

#[tokio::test(start_paused = true)]
async fn unknown_port_is_refused() {
    let served = Served::with_instances(0).await;
    let refused = served.traffic.connect(&served.host, 8080).await;
    assert_eq!(
        refused.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionRefused
    );
    let unknown = served.traffic.connect("nobody.example.com", 80).await;
    assert_eq!(unknown.unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn closed_security_group_drops_packets() {
    let served = Served::with_instances(0).await;
    let ec2 = &served.world.network.ec2;
    ec2.revoke_security_group_ingress()
        .group_id(&served.world.network.security_group)
        .ip_protocol("tcp")
        .from_port(0)
        .to_port(65_535)
        .cidr_ip("0.0.0.0/0")
        .send()
        .await
        .unwrap();
    let connecting = served.traffic.connect(&served.host, 80);
    let waited = tokio::time::timeout(std::time::Duration::from_secs(3600), connecting).await;
    assert!(waited.is_err());
}
