//! Distribution configurations: aliases and certificates, methods, and the older cache settings.

use aws_sdk_cloudfront::error::ProvideErrorMetadata;
use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods, CachedMethods, CookiePreference, DistributionConfig, ForwardedValues,
    ItemSelection, Method, MinimumProtocolVersion, OriginShield, SslSupportMethod,
    ViewerCertificate,
};
use geusemaker_testkit::{Aws, Timings};

use super::{client, config, create, refusal};

pub(crate) fn named(reference: &str, name: &str) -> DistributionConfig {
    let certificate = ViewerCertificate::builder()
        .acm_certificate_arn("arn:aws:acm:us-east-1:123456789012:certificate/1")
        .ssl_support_method(SslSupportMethod::SniOnly)
        .minimum_protocol_version(MinimumProtocolVersion::TlSv122021)
        .build();
    let mut config = config(reference);
    config.aliases = Some(aliases(name));
    config.viewer_certificate = Some(certificate);
    config
}

fn aliases(name: &str) -> Aliases {
    Aliases::builder().quantity(1).items(name).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn alias_needs_certificate_in_us_east_1() {
    let refused = refusal(|config| config.aliases = Some(aliases("www.example.org"))).await;
    assert_eq!(refused, "InvalidViewerCertificate");
    let refused = refusal(|config| {
        let mut other = named("one", "www.example.org");
        let certificate = other.viewer_certificate.as_mut().unwrap();
        certificate.acm_certificate_arn =
            Some("arn:aws:acm:eu-west-1:123456789012:certificate/1".to_owned());
        *config = other;
    })
    .await;
    assert_eq!(refused, "InvalidViewerCertificate");

    let aws = Aws::new();
    let cloudfront = client(&aws);
    let (id, _) = create(&cloudfront, named("one", "www.example.org")).await;
    let got = cloudfront.get_distribution_config().id(&id).send().await;
    let shown = got.unwrap().distribution_config.unwrap();
    let certificate = shown.viewer_certificate().unwrap();
    assert_eq!(
        certificate.minimum_protocol_version(),
        Some(&MinimumProtocolVersion::TlSv122021)
    );
    assert_eq!(certificate.cloud_front_default_certificate, Some(false));
}

#[tokio::test(start_paused = true)]
async fn alias_belongs_to_one_distribution() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let (id, etag) = create(&cloudfront, named("one", "www.example.org")).await;
    let again = cloudfront
        .create_distribution()
        .distribution_config(named("two", "www.example.org"))
        .send()
        .await;
    let error = again.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 409);
    assert_eq!(error.code(), Some("CNAMEAlreadyExists"));
    // The distribution itself may keep its alias.
    cloudfront
        .update_distribution()
        .id(id)
        .if_match(etag)
        .distribution_config(named("one", "www.example.org"))
        .send()
        .await
        .unwrap();
}

/// CloudFront ignores another minimum protocol version and shows TLSv1.
#[tokio::test(start_paused = true)]
async fn default_certificate_keeps_tls_v1() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let certificate = ViewerCertificate::builder()
        .cloud_front_default_certificate(true)
        .minimum_protocol_version(MinimumProtocolVersion::TlSv122021)
        .build();
    let mut wanted = config("one");
    wanted.viewer_certificate = Some(certificate);
    let (id, _) = create(&cloudfront, wanted).await;
    let got = cloudfront.get_distribution_config().id(&id).send().await;
    let shown = got.unwrap().distribution_config.unwrap();
    let certificate = shown.viewer_certificate().unwrap();
    assert_eq!(
        certificate.minimum_protocol_version(),
        Some(&MinimumProtocolVersion::TlSv1)
    );
}

#[tokio::test(start_paused = true)]
#[expect(deprecated, reason = "older configurations still say it so")]
async fn forwarded_values_replace_cache_policy() {
    let values = || {
        let cookies = CookiePreference::builder()
            .forward(ItemSelection::None)
            .build()
            .unwrap();
        ForwardedValues::builder()
            .query_string(true)
            .cookies(cookies)
            .build()
            .unwrap()
    };
    let older = |config: &mut DistributionConfig| {
        let behavior = config.default_cache_behavior.as_mut().unwrap();
        behavior.cache_policy_id = None;
        behavior.origin_request_policy_id = None;
        behavior.forwarded_values = Some(values());
        behavior.min_ttl = Some(0);
    };
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let mut wanted = config("one");
    older(&mut wanted);
    let (id, etag) = create(&cloudfront, wanted).await;
    let got = cloudfront.get_distribution_config().id(&id).send().await;
    let shown = got.unwrap().distribution_config.unwrap();
    let behavior = shown.default_cache_behavior().unwrap();
    assert_eq!(behavior.default_ttl, Some(86_400));
    assert_eq!(behavior.max_ttl, Some(31_536_000));
    assert!(behavior.forwarded_values().unwrap().query_string);
    cloudfront
        .update_distribution()
        .id(id)
        .if_match(etag)
        .distribution_config(shown)
        .send()
        .await
        .unwrap();

    let refused = refusal(|config| {
        let behavior = config.default_cache_behavior.as_mut().unwrap();
        behavior.forwarded_values = Some(values());
    })
    .await;
    assert_eq!(refused, "InvalidArgument");
    let refused = refusal(|config| {
        older(config);
        let behavior = config.default_cache_behavior.as_mut().unwrap();
        behavior.default_ttl = Some(10);
        behavior.max_ttl = Some(5);
    })
    .await;
    assert_eq!(refused, "InvalidTTLOrder");
}

#[tokio::test(start_paused = true)]
async fn allowed_methods_come_in_three_sets() {
    let methods = |allowed: Vec<Method>, cached: Vec<Method>| {
        let count = |list: &Vec<Method>| i32::try_from(list.len()).unwrap();
        let cached = CachedMethods::builder()
            .quantity(count(&cached))
            .set_items(Some(cached))
            .build()
            .unwrap();
        let allowed = AllowedMethods::builder()
            .quantity(count(&allowed))
            .set_items(Some(allowed))
            .cached_methods(cached)
            .build()
            .unwrap();
        move |config: &mut DistributionConfig| {
            let behavior = config.default_cache_behavior.as_mut().unwrap();
            behavior.allowed_methods = Some(allowed);
        }
    };
    let read = || vec![Method::Get, Method::Head];
    let refused = refusal(methods(vec![Method::Get, Method::Post], read())).await;
    assert_eq!(refused, "InvalidArgument");
    let options = vec![Method::Get, Method::Head, Method::Options];
    let refused = refusal(methods(read(), options.clone())).await;
    assert_eq!(refused, "InvalidArgument");
    let aws = Aws::new();
    let mut wanted = config("one");
    methods(options.clone(), options)(&mut wanted);
    create(&client(&aws), wanted).await;
}

#[tokio::test(start_paused = true)]
async fn origin_needs_unique_id_and_domain_name() {
    for name in ["192.0.2.1", "http://example.org", "localhost", ""] {
        let refused = refusal(|config| {
            config.origins.as_mut().unwrap().items[0].domain_name = name.to_owned();
        })
        .await;
        assert_eq!(refused, "InvalidArgument", "{name}");
    }
    let refused = refusal(|config| {
        let origins = config.origins.as_mut().unwrap();
        origins.items.push(origins.items[0].clone());
        origins.quantity = 2;
    })
    .await;
    assert_eq!(refused, "InvalidArgument");
}

#[tokio::test(start_paused = true)]
async fn shield_and_web_acl_are_shown() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let mut wanted = config("one");
    wanted.web_acl_id = Some("0a1b2c3d-0000-4000-8000-0123456789ab".to_owned());
    let shield = OriginShield::builder().enabled(true);
    let shield = shield.origin_shield_region("us-east-1").build().unwrap();
    wanted.origins.as_mut().unwrap().items[0].origin_shield = Some(shield.clone());
    let (id, _) = create(&cloudfront, wanted.clone()).await;
    let got = cloudfront.get_distribution_config().id(&id).send().await;
    let shown = got.unwrap().distribution_config.unwrap();
    assert_eq!(shown.web_acl_id, wanted.web_acl_id);
    let origin = &shown.origins().unwrap().items()[0];
    assert_eq!(origin.origin_shield(), Some(&shield));

    let without_region = OriginShield::builder().enabled(true).build().unwrap();
    let refused = refusal(|config| {
        config.origins.as_mut().unwrap().items[0].origin_shield = Some(without_region);
    })
    .await;
    assert_eq!(refused, "InvalidArgument");
}

/// The certificate is then in use for a while.
#[tokio::test(start_paused = true)]
async fn alias_needs_issued_certificate_that_covers_it() {
    let aws = Aws::builder().timings(Timings::Instant);
    let aws = aws.issued_certificate("*.example.org", "us-east-1").build();
    let acm = aws_sdk_acm::Client::new(&aws.sdk_config());
    let request = acm.request_certificate().domain_name("www.example.org");
    let request = request.validation_method("DNS".into()).send().await;
    let pending = request.unwrap().certificate_arn.unwrap();
    let issued = aws.certificate_arn("*.example.org", "us-east-1").unwrap();
    let cloudfront = client(&aws);
    let create = async |name: &str, arn: &str| {
        let mut config = named(name, name);
        config
            .viewer_certificate
            .as_mut()
            .unwrap()
            .acm_certificate_arn = Some(arn.to_owned());
        let create = cloudfront.create_distribution().distribution_config(config);
        let created = create.send().await;
        created.map_err(|error| error.code().unwrap().to_owned())
    };
    for (name, arn) in [
        ("www.example.org", &pending),
        ("example.org", &issued),
        ("a.www.example.org", &issued),
    ] {
        let refused = create(name, arn).await.unwrap_err();
        assert_eq!(refused, "InvalidViewerCertificate", "{name}");
    }
    let created = create("www.example.org", &issued).await.unwrap();
    let describe = acm.describe_certificate().certificate_arn(&issued);
    let described = describe.send().await.unwrap().certificate.unwrap();
    let arn = created.distribution().unwrap().arn();
    assert_eq!(described.in_use_by(), [arn]);
    let delete = acm.delete_certificate().certificate_arn(&issued);
    let refused = delete.send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ResourceInUseException"));
}
