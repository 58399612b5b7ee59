//! HTTPS listeners and their certificates.

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{Certificate, ProtocolEnum};
use geusemaker_testkit::{Aws, Timings};

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

/// Only a certificate of the listener's own account and region, once it is issued. One that this account never had
/// counts as older than the simulation.
#[tokio::test(start_paused = true)]
async fn listener_needs_issued_certificate() {
    let aws = Aws::builder().timings(Timings::Instant);
    let aws = aws
        .issued_certificate("llm.example.com", "us-east-1")
        .build();
    let world = World::on(aws).await;
    let load_balancer = world.load_balancer().await;
    let acm = aws_sdk_acm::Client::new(&world.aws.sdk_config());
    let request = acm.request_certificate().domain_name("new.example.com");
    let request = request.validation_method("DNS".into()).send().await;
    let pending = request.unwrap().certificate_arn.unwrap();
    let create = async |port: i32, arn: &str| {
        let certificate = Certificate::builder().certificate_arn(arn).build();
        let create = world
            .elb
            .create_listener()
            .load_balancer_arn(&load_balancer);
        let create = create.protocol(ProtocolEnum::Https).port(port);
        let create = create.certificates(certificate).default_actions(forbid());
        match create.send().await {
            Ok(made) => Ok(made.listeners()[0].listener_arn().unwrap().to_owned()),
            Err(error) => Err(error.code().unwrap().to_owned()),
        }
    };
    for (arn, expected) in [
        (&*pending, "UnsupportedCertificate"),
        (
            "arn:aws:acm:eu-west-1:123456789012:certificate/a",
            "CertificateNotFound",
        ),
        (
            "arn:aws:acm:us-east-1:210987654321:certificate/a",
            "CertificateNotFound",
        ),
    ] {
        assert_eq!(create(443, arn).await.unwrap_err(), expected, "{arn}");
    }
    acm.delete_certificate()
        .certificate_arn(&pending)
        .send()
        .await
        .unwrap();
    assert_eq!(
        create(443, &pending).await.unwrap_err(),
        "CertificateNotFound"
    );
    let issued = world
        .aws
        .certificate_arn("llm.example.com", "us-east-1")
        .unwrap();
    let listener = create(443, &issued).await.unwrap();
    let unknown = certificate("0").certificate_arn.unwrap();
    create(8443, &unknown).await.unwrap();

    let describe = acm.describe_certificate().certificate_arn(&issued);
    let described = describe.send().await.unwrap().certificate.unwrap();
    assert_eq!(described.in_use_by(), [load_balancer.as_str()]);
    let delete = || acm.delete_certificate().certificate_arn(&issued).send();
    let refused = delete().await.unwrap_err();
    assert_eq!(refused.code(), Some("ResourceInUseException"));
    world
        .elb
        .delete_listener()
        .listener_arn(listener)
        .send()
        .await
        .unwrap();
    delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn certificate_stays_in_use_for_a_while() {
    let aws = Aws::builder().timings(Timings::Slow);
    let aws = aws
        .issued_certificate("llm.example.com", "us-east-1")
        .build();
    let world = World::on(aws).await;
    let load_balancer = world.load_balancer().await;
    let issued = world
        .aws
        .certificate_arn("llm.example.com", "us-east-1")
        .unwrap();
    let certificate = Certificate::builder().certificate_arn(&issued).build();
    let create = world
        .elb
        .create_listener()
        .load_balancer_arn(&load_balancer);
    let create = create.protocol(ProtocolEnum::Https).port(443);
    let create = create.certificates(certificate).default_actions(forbid());
    create.send().await.unwrap();
    let delete = world
        .elb
        .delete_load_balancer()
        .load_balancer_arn(load_balancer);
    delete.send().await.unwrap();
    let acm = aws_sdk_acm::Client::new(&world.aws.sdk_config());
    let delete = || acm.delete_certificate().certificate_arn(&issued).send();
    world.seconds(500).await;
    let refused = delete().await.unwrap_err();
    assert_eq!(refused.code(), Some("ResourceInUseException"));
    world.seconds(100).await;
    delete().await.unwrap();
}
