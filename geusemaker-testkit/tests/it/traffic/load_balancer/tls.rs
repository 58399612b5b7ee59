//! HTTPS listeners.

use aws_sdk_elasticloadbalancingv2::types::{Certificate, ProtocolEnum};
use geusemaker_testkit::{Aws, Timings};
use http::{Request, Version};

use crate::elastic_load_balancing::world::forward;
use crate::traffic::world::Served;

/// Creates a load balancer that also listens on 443, under a name of a hosted zone. Returns that listener's ARN too.
pub(crate) async fn with_certificate() -> (Served, String) {
    let aws = Aws::builder()
        .timings(Timings::Typical)
        .hosted_zone("example.com")
        .issued_certificate("*.example.com", "us-east-1")
        .build();
    let arn = aws.certificate_arn("*.example.com", "us-east-1").unwrap();
    let served = Served::on(aws, 1).await;
    let create = served.world.elb.create_listener();
    let created = create
        .load_balancer_arn(&served.load_balancer)
        .protocol(ProtocolEnum::Https)
        .port(443)
        .certificates(Certificate::builder().certificate_arn(arn).build())
        .default_actions(forward(&served.group))
        .send()
        .await
        .unwrap();
    served.alias("llm.example.com").await;
    let listener = created.listeners()[0].listener_arn().unwrap();
    (served, listener.to_owned())
}

#[tokio::test(start_paused = true)]
async fn certificate_covers_name_of_zone() {
    let (served, _) = with_certificate().await;
    let answer = served.traffic.get("https://llm.example.com/x").await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    let echo: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(echo["headers"]["x-forwarded-proto"], "https");
    assert_eq!(echo["headers"]["x-forwarded-port"], "443");
    assert_eq!(echo["headers"]["host"], "llm.example.com");
    // The load balancer's own name is not in the certificate.
    let other = format!("https://{}/", served.host);
    let error = served.traffic.get(&other).await.unwrap_err();
    assert_eq!(error.to_string(), "the TLS handshake failed");
}

#[tokio::test(start_paused = true)]
async fn http2_is_spoken_in_front() {
    let (served, _) = with_certificate().await;
    let request = Request::get("https://llm.example.com/two").version(Version::HTTP_2);
    let answer = served.traffic.send(request.body("").unwrap()).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    let echo: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(echo["headers"]["host"], "llm.example.com");
}

#[tokio::test(start_paused = true)]
async fn name_of_zone_leads_to_port_80() {
    let (served, _) = with_certificate().await;
    let answer = served.traffic.get("http://llm.example.com/").await;
    assert_eq!(answer.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn target_learns_tls_version() {
    let (served, _) = with_certificate().await;
    let attribute = "routing.http.x_amzn_tls_version_and_cipher_suite.enabled";
    served.balancer_attribute(attribute, "true").await;
    let request = Request::get("https://llm.example.com/");
    let headers = served.echo_of(request).await["headers"].take();
    assert_eq!(headers["x-amzn-tls-version"], "TLSv1.3");
    let cipher = headers["x-amzn-tls-cipher-suite"].as_str().unwrap();
    assert!(cipher.starts_with("TLS"), "{cipher}");
}
