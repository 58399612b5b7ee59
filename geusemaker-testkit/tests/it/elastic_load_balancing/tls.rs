//! HTTPS listeners and their certificates.

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{Certificate, ProtocolEnum};
use geusemaker_testkit::Timings;

use super::world::{World, forbid};

fn certificate(name: &str) -> Certificate {
    let arn = format!("arn:aws:acm:us-east-1:123456789012:certificate/{name}");
    Certificate::builder().certificate_arn(arn).build()
}

/// The listener gets a default security policy.
#[tokio::test(start_paused = true)]
async fn https_listener_needs_certificate() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let create = || {
        world
            .elb
            .create_listener()
            .load_balancer_arn(&load_balancer)
            .protocol(ProtocolEnum::Https)
            .port(443)
            .default_actions(forbid())
    };
    let refused = create().send().await;
    assert_eq!(refused.unwrap_err().code(), Some("ValidationError"));
    let wrong = Certificate::builder().certificate_arn("arn:x").build();
    let refused = create().certificates(wrong).send().await;
    assert_eq!(refused.unwrap_err().code(), Some("CertificateNotFound"));
    let refused = create()
        .certificates(certificate("a"))
        .ssl_policy("other")
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("SSLPolicyNotFound"));

    let made = create()
        .certificates(certificate("a"))
        .send()
        .await
        .unwrap();
    let listener = &made.listeners()[0];
    assert_eq!(listener.protocol(), Some(&ProtocolEnum::Https));
    assert_eq!(listener.ssl_policy(), Some("ELBSecurityPolicy-2016-08"));
    assert_eq!(listener.certificates(), [certificate("a")]);

    let modify = || {
        world
            .elb
            .modify_listener()
            .listener_arn(listener.listener_arn().unwrap())
    };
    let modified = modify()
        .ssl_policy("ELBSecurityPolicy-TLS13-1-2-2021-06")
        .send()
        .await
        .unwrap();
    assert_eq!(modified.listeners()[0].certificates(), [certificate("a")]);
    let modified = modify().protocol(ProtocolEnum::Http).send().await.unwrap();
    assert_eq!(modified.listeners()[0].ssl_policy(), None);
    let refused = modify().protocol(ProtocolEnum::Tcp).send().await;
    assert_eq!(refused.unwrap_err().code(), Some("ValidationError"));
}

/// The default certificate cannot be removed.
#[tokio::test(start_paused = true)]
async fn certificates_are_added_and_removed() {
    let world = World::new(Timings::Instant).await;
    let elb = &world.elb;
    let load_balancer = world.load_balancer().await;
    let made = elb
        .create_listener()
        .load_balancer_arn(&load_balancer)
        .protocol(ProtocolEnum::Https)
        .port(443)
        .certificates(certificate("default"))
        .default_actions(forbid())
        .send()
        .await
        .unwrap();
    let listener = made.listeners()[0].listener_arn().unwrap();
    elb.add_listener_certificates()
        .listener_arn(listener)
        .certificates(certificate("b"))
        .certificates(certificate("a"))
        .send()
        .await
        .unwrap();
    let listed = async || -> Vec<(String, bool)> {
        let listed = elb
            .describe_listener_certificates()
            .listener_arn(listener)
            .send()
            .await
            .unwrap();
        let certificates = listed.certificates().iter();
        certificates
            .map(|one| {
                let arn = one.certificate_arn().unwrap();
                let name = arn.rsplit('/').next().unwrap();
                (name.to_owned(), one.is_default().unwrap())
            })
            .collect()
    };
    let [default, a, b] = [("default", true), ("a", false), ("b", false)]
        .map(|(name, is_default)| (name.to_owned(), is_default));
    assert_eq!(listed().await, [default.clone(), a, b.clone()]);
    let remove = |name: &str| {
        elb.remove_listener_certificates()
            .listener_arn(listener)
            .certificates(certificate(name))
            .send()
    };
    remove("a").await.unwrap();
    assert_eq!(listed().await, [default, b]);
    let refused = remove("default").await;
    assert_eq!(refused.unwrap_err().code(), Some("OperationNotPermitted"));
}
