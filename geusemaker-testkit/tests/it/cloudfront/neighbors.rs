//! Settings of a distribution that are refused because of others, and those that come back.

use aws_sdk_cloudfront::types::{
    CustomErrorResponse, CustomErrorResponses, CustomHeaders, DistributionConfig, GeoRestriction,
    GeoRestrictionType, LoggingConfig, Origin, OriginCustomHeader, OriginShield, Restrictions,
};
use geusemaker_testkit::{Aws, Timings};

use super::{client, config, create, refusal};

fn origin(config: &mut DistributionConfig) -> &mut Origin {
    &mut config.origins.as_mut().unwrap().items[0]
}

fn headers(headers: &[(&str, &str)]) -> CustomHeaders {
    let items = headers.iter().map(|(name, value)| {
        let header = OriginCustomHeader::builder();
        header
            .header_name(*name)
            .header_value(*value)
            .build()
            .unwrap()
    });
    let items: Vec<_> = items.collect();
    let quantity = i32::try_from(items.len()).unwrap();
    let headers = CustomHeaders::builder().quantity(quantity);
    headers.set_items(Some(items)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn origin_headers_are_checked() {
    let long = "v".repeat(1784);
    let wide = "v".repeat(1700);
    let names: Vec<String> = (0..11).map(|n| format!("X-{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "v")).collect();
    let large: Vec<(&str, &str)> = names[..7].iter().map(|name| (&**name, &*wide)).collect();
    for name in [
        "Host",
        "host",
        "Cookie",
        "Via",
        "X-Real-Ip",
        "If-Match",
        "Proxy-Authorization",
        "X-Amz-Id",
        "x-edge-secret",
        "Transfer-Encoding",
        "a b",
        "",
    ] {
        let refused = refusal(|config| {
            origin(config).custom_headers = Some(headers(&[(name, "v")]));
        });
        assert_eq!(refused.await, "InvalidArgument", "{name}");
    }
    for (wrong, expected) in [
        (&many[..], "TooManyOriginCustomHeaders"),
        (&large[..], "InvalidArgument"),
        (&[("X-A", &*long)], "InvalidArgument"),
        (&[("X-A", "1"), ("x-a", "2")], "InvalidArgument"),
        (&[("X-A", "")], "InvalidArgument"),
    ] {
        let refused = refusal(|config| origin(config).custom_headers = Some(headers(wrong)));
        assert_eq!(refused.await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn origin_settings_are_held_together() {
    for path in ["app", "/app/", "/"] {
        let refused = refusal(|config| origin(config).origin_path = Some(path.to_owned())).await;
        assert_eq!(refused, "InvalidArgument", "{path}");
    }
    // The origin is read for up to 60 seconds.
    let refused = refusal(|config| origin(config).response_completion_timeout = Some(59)).await;
    assert_eq!(refused, "InvalidArgument");
    let shield = OriginShield::builder().enabled(true).build().unwrap();
    let refused = refusal(|config| origin(config).origin_shield = Some(shield)).await;
    assert_eq!(refused, "InvalidArgument");

    let aws = Aws::builder().timings(Timings::Instant).build();
    let mut fits = config("one");
    let one = origin(&mut fits);
    one.origin_path = Some("/app".to_owned());
    one.response_completion_timeout = Some(60);
    let shield = OriginShield::builder()
        .enabled(true)
        .origin_shield_region("us-east-1");
    one.origin_shield = Some(shield.build().unwrap());
    let (id, _) = create(&client(&aws), fits.clone()).await;
    let got = client(&aws).get_distribution_config().id(id).send().await;
    let mut shown = got.unwrap().distribution_config.unwrap();
    let shown = origin(&mut shown).clone();
    assert_eq!(shown.response_completion_timeout(), Some(60));
    assert_eq!(shown.origin_shield(), origin(&mut fits).origin_shield());
}

#[tokio::test(start_paused = true)]
async fn error_pages_and_countries_are_checked() {
    let page = |code: i32, path: Option<&str>, status: Option<&str>| {
        let response = CustomErrorResponse::builder().error_code(code);
        let response = response.set_response_page_path(path.map(str::to_owned));
        let response = response
            .set_response_code(status.map(str::to_owned))
            .build()
            .unwrap();
        let responses = CustomErrorResponses::builder().quantity(1).items(response);
        responses.build().unwrap()
    };
    for (wrong, expected) in [
        (page(418, None, None), "InvalidErrorCode"),
        (page(502, Some("/sorry.html"), None), "InvalidArgument"),
        (
            page(502, Some("sorry.html"), Some("502")),
            "InvalidArgument",
        ),
        (
            page(502, Some("/sorry.html"), Some("201")),
            "InvalidResponseCode",
        ),
    ] {
        let refused = refusal(|config| config.custom_error_responses = Some(wrong)).await;
        assert_eq!(refused, expected);
    }
    let countries = |kind: GeoRestrictionType, items: &[&str]| {
        let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
        let quantity = i32::try_from(items.len()).unwrap();
        let restriction = GeoRestriction::builder()
            .restriction_type(kind)
            .quantity(quantity);
        let restriction = restriction.set_items(Some(items)).build().unwrap();
        Restrictions::builder().geo_restriction(restriction).build()
    };
    for wrong in [
        countries(GeoRestrictionType::Whitelist, &[]),
        countries(GeoRestrictionType::None, &["DE"]),
        countries(GeoRestrictionType::Blacklist, &["de"]),
    ] {
        let refused = refusal(|config| config.restrictions = Some(wrong)).await;
        assert_eq!(refused, "InvalidGeoRestrictionParameter");
    }
    let refused = refusal(|config| config.web_acl_id = Some("mine".to_owned())).await;
    assert_eq!(refused, "InvalidWebACLId");
    let refused = refusal(|config| config.default_root_object = Some("/a".to_owned())).await;
    assert_eq!(refused, "InvalidDefaultRootObject");

    let aws = Aws::builder().timings(Timings::Instant).build();
    let mut fits = config("one");
    fits.custom_error_responses = Some(page(502, Some("/sorry.html"), Some("200")));
    fits.restrictions = Some(countries(GeoRestrictionType::Whitelist, &["DE", "FR"]));
    let acl = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b";
    fits.web_acl_id = Some(acl.to_owned());
    let (id, _) = create(&client(&aws), fits).await;
    let got = client(&aws).get_distribution_config().id(id).send().await;
    let shown = got.unwrap().distribution_config.unwrap();
    assert_eq!(shown.web_acl_id(), Some(acl));
}

/// Without logs, the rest of their settings is dropped.
#[tokio::test(start_paused = true)]
async fn logs_need_bucket() {
    let logs = |is_enabled: bool, bucket: &str| {
        let logs = LoggingConfig::builder()
            .enabled(is_enabled)
            .include_cookies(false);
        logs.bucket(bucket).prefix("a").build()
    };
    let refused = refusal(|config| config.logging = Some(logs(true, "mine"))).await;
    assert_eq!(refused, "InvalidArgument");
    let aws = Aws::builder().timings(Timings::Instant).build();
    for (reference, is_enabled, expected) in [("one", true, "a"), ("two", false, "")] {
        let mut fits = config(reference);
        fits.logging = Some(logs(is_enabled, "mine.s3.amazonaws.com"));
        let (id, _) = create(&client(&aws), fits).await;
        let got = client(&aws).get_distribution_config().id(id).send().await;
        let shown = got.unwrap().distribution_config.unwrap();
        assert_eq!(shown.logging().unwrap().prefix(), expected);
    }
}
