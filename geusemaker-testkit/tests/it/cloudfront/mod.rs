//! The simulated CloudFront, driven by the unmodified SDK client.

pub(crate) mod config;
mod invalidation;
mod neighbors;
mod policy;
mod vpc_origin;

use std::time::Duration;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::client::Waiters;
use aws_sdk_cloudfront::types::{
    CustomHeaders, CustomOriginConfig, DefaultCacheBehavior, DistributionConfig,
    DistributionConfigWithTags, Origin, OriginCustomHeader, OriginProtocolPolicy, Origins, Tag,
    TagKeys, Tags, ViewerProtocolPolicy,
};
use geusemaker_testkit::{Aws, Timings};

const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";

fn client(aws: &Aws) -> Client {
    Client::new(&aws.sdk_config())
}

/// Returns a configuration that CloudFront accepts.
pub(crate) fn config(reference: &str) -> DistributionConfig {
    let custom = CustomOriginConfig::builder()
        .http_port(80)
        .https_port(443)
        .origin_protocol_policy(OriginProtocolPolicy::HttpOnly)
        .origin_read_timeout(60)
        .build()
        .unwrap();
    let header = OriginCustomHeader::builder()
        .header_name("X-Origin-Verify")
        .header_value("secret")
        .build()
        .unwrap();
    let headers = CustomHeaders::builder()
        .quantity(1)
        .items(header)
        .build()
        .unwrap();
    let origin = Origin::builder()
        .id("alb")
        .domain_name("alb.us-east-1.elb.amazonaws.com")
        .custom_origin_config(custom)
        .custom_headers(headers)
        .build()
        .unwrap();
    let behavior = DefaultCacheBehavior::builder()
        .target_origin_id("alb")
        .viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps)
        .cache_policy_id(CACHING_DISABLED)
        .origin_request_policy_id(ALL_VIEWER)
        .build()
        .unwrap();
    DistributionConfig::builder()
        .caller_reference(reference)
        .origins(
            Origins::builder()
                .quantity(1)
                .items(origin)
                .build()
                .unwrap(),
        )
        .default_cache_behavior(behavior)
        .comment("of a test")
        .enabled(true)
        .build()
        .unwrap()
}

/// Creates a distribution and returns its id and its ETag.
async fn create(cloudfront: &Client, config: DistributionConfig) -> (String, String) {
    let created = cloudfront
        .create_distribution()
        .distribution_config(config)
        .send()
        .await
        .unwrap();
    (created.distribution.unwrap().id, created.e_tag.unwrap())
}

/// Returns the error code with which the changed configuration is refused.
async fn refusal(change: impl FnOnce(&mut DistributionConfig)) -> String {
    let aws = Aws::new();
    let mut config = config("one");
    change(&mut config);
    let refused = client(&aws)
        .create_distribution()
        .distribution_config(config)
        .send()
        .await;
    let error = refused.unwrap_err().into_service_error();
    assert!(aws.leftovers().is_empty());
    error.meta().code().unwrap().to_owned()
}

/// The disabled configuration must be deployed before the deletion succeeds.
#[tokio::test(start_paused = true)]
async fn distribution_is_deleted_once_disabled() {
    let aws = Aws::builder().timings(Timings::Slow).build();
    let cloudfront = client(&aws);
    let created = cloudfront
        .create_distribution()
        .distribution_config(config("one"))
        .send()
        .await
        .unwrap();
    assert!(created.location().unwrap().contains("/distribution/E"));
    let etag = created.e_tag.unwrap();
    let distribution = created.distribution.unwrap();
    assert_eq!(distribution.status, "InProgress");
    assert!(distribution.domain_name.ends_with(".cloudfront.net"));
    let id = distribution.id;
    let delete = |etag: String| {
        cloudfront
            .delete_distribution()
            .id(&id)
            .if_match(etag)
            .send()
    };
    let waited = || {
        cloudfront
            .wait_until_distribution_deployed()
            .id(&id)
            .wait(Duration::from_secs(3600))
    };

    waited().await.unwrap();
    let error = delete(etag.clone()).await.unwrap_err().into_service_error();
    assert!(error.is_distribution_not_disabled(), "{error:?}");

    let current = cloudfront
        .get_distribution_config()
        .id(&id)
        .send()
        .await
        .unwrap();
    let mut disabled = current.distribution_config.unwrap();
    disabled.enabled = false;
    let updated = cloudfront
        .update_distribution()
        .id(&id)
        .if_match(current.e_tag.unwrap())
        .distribution_config(disabled)
        .send()
        .await
        .unwrap();
    let new_etag = updated.e_tag.unwrap();
    assert_ne!(new_etag, etag);
    assert_eq!(updated.distribution.unwrap().status, "InProgress");
    let error = delete(new_etag.clone())
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_distribution_not_disabled(), "{error:?}");

    waited().await.unwrap();
    let error = delete(etag).await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 412);
    assert!(error.into_service_error().is_precondition_failed());
    delete(new_etag).await.unwrap();
    assert!(aws.leftovers().is_empty(), "{:?}", aws.leftovers());
    let gone = cloudfront
        .get_distribution()
        .id(&id)
        .send()
        .await
        .unwrap_err();
    assert!(gone.into_service_error().is_no_such_distribution());
}

/// The message names the distribution that has the caller reference.
#[tokio::test(start_paused = true)]
async fn caller_reference_in_use_is_refused() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let (id, _) = create(&cloudfront, config("one")).await;
    let again = cloudfront
        .create_distribution()
        .distribution_config(config("one"))
        .send()
        .await;
    let error = again.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 409);
    let error = error.into_service_error();
    assert!(error.is_distribution_already_exists());
    let message = error.meta().message().unwrap();
    assert!(
        message.ends_with(&format!("Already exists: {id}")),
        "{message}"
    );
}

/// An update must also keep the caller reference.
#[tokio::test(start_paused = true)]
async fn update_needs_current_etag() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let (id, etag) = create(&cloudfront, config("one")).await;
    let update = |config| {
        cloudfront
            .update_distribution()
            .id(&id)
            .distribution_config(config)
    };

    let error = update(config("one"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_invalid_if_match_version(), "{error:?}");
    let stale = update(config("one"))
        .if_match("E00000000000XX")
        .send()
        .await;
    assert!(
        stale
            .unwrap_err()
            .into_service_error()
            .is_precondition_failed()
    );
    let renamed = update(config("two")).if_match(&etag).send().await;
    assert!(
        renamed
            .unwrap_err()
            .into_service_error()
            .is_illegal_update()
    );
    update(config("one")).if_match(&etag).send().await.unwrap();
    let stale = update(config("one")).if_match(&etag).send().await;
    assert!(
        stale
            .unwrap_err()
            .into_service_error()
            .is_precondition_failed()
    );
}

/// The configuration comes back with all defaults filled in and can be sent as it is.
#[tokio::test(start_paused = true)]
async fn configuration_round_trips() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let (id, etag) = create(&cloudfront, config("one")).await;
    let got = cloudfront
        .get_distribution_config()
        .id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(got.e_tag(), Some(etag.as_str()));
    let shown = got.distribution_config.unwrap();
    assert_eq!(
        shown.price_class.as_ref().unwrap().as_str(),
        "PriceClass_All"
    );
    assert_eq!(shown.default_root_object(), Some(""));
    let certificate = shown.viewer_certificate().unwrap();
    assert_eq!(
        certificate.minimum_protocol_version().unwrap().as_str(),
        "TLSv1"
    );
    let origin = &shown.origins().unwrap().items()[0];
    let custom = origin.custom_origin_config().unwrap();
    assert_eq!(custom.origin_read_timeout, Some(60));
    assert_eq!(custom.origin_keepalive_timeout, Some(5));
    assert_eq!(
        origin.custom_headers().unwrap().items()[0].header_value(),
        "secret"
    );
    let behavior = shown.default_cache_behavior().unwrap();
    assert_eq!(behavior.allowed_methods().unwrap().quantity, 2);

    let updated = cloudfront
        .update_distribution()
        .id(&id)
        .if_match(&etag)
        .distribution_config(shown.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(
        updated.distribution.unwrap().distribution_config,
        Some(shown)
    );
}

/// Each mistake gets the error code of AWS.
#[tokio::test(start_paused = true)]
async fn invalid_configuration_is_refused() {
    let refused = refusal(|config| config.comment = "x".repeat(129)).await;
    assert_eq!(refused, "InvalidArgument");
    let refused = refusal(|config| config.origins.as_mut().unwrap().quantity = 2).await;
    assert_eq!(refused, "InconsistentQuantities");
    let behavior = |change: fn(&mut DefaultCacheBehavior)| {
        move |config: &mut DistributionConfig| {
            change(config.default_cache_behavior.as_mut().unwrap());
        }
    };
    let refused = refusal(behavior(|b| b.cache_policy_id = Some("x".to_owned()))).await;
    assert_eq!(refused, "NoSuchCachePolicy");
    let refused = refusal(behavior(|b| {
        b.origin_request_policy_id = Some("x".to_owned())
    }))
    .await;
    assert_eq!(refused, "NoSuchOriginRequestPolicy");
    let refused = refusal(behavior(|b| b.target_origin_id = "other".to_owned())).await;
    assert_eq!(refused, "NoSuchOrigin");
    let refused = refusal(behavior(|b| b.cache_policy_id = None)).await;
    assert_eq!(refused, "InvalidArgument");
    let refused = refusal(|config| {
        config.origins.as_mut().unwrap().items[0].custom_origin_config = None;
    })
    .await;
    assert_eq!(refused, "InvalidArgument");
}

#[tokio::test(start_paused = true)]
async fn unsupported_setting_is_refused() {
    let refused = refusal(|config| config.staging = Some(true)).await;
    assert_eq!(refused, "SimulatorUnsupported");
}

#[tokio::test(start_paused = true)]
async fn distributions_come_in_pages() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let mut created = Vec::new();
    for reference in ["one", "two", "three"] {
        created.push(create(&cloudfront, config(reference)).await.0);
    }
    created.sort();
    let mut listed = Vec::new();
    let mut marker = None;
    let mut pages = 0;
    loop {
        let page = cloudfront
            .list_distributions()
            .max_items(2)
            .set_marker(marker)
            .send()
            .await
            .unwrap()
            .distribution_list
            .unwrap();
        pages += 1;
        assert_eq!(page.quantity as usize, page.items().len());
        for summary in page.items() {
            assert_eq!(summary.comment, "of a test");
            assert_eq!(summary.origins().unwrap().items()[0].id, "alb");
            listed.push(summary.id.clone());
        }
        marker = page.next_marker;
        if !page.is_truncated {
            break;
        }
    }
    assert_eq!(pages, 2);
    assert_eq!(listed, created);
}

#[tokio::test(start_paused = true)]
async fn tags_are_listed_added_and_removed() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let tag = Tag::builder()
        .key("deployment")
        .value("llm")
        .build()
        .unwrap();
    let with_tags = DistributionConfigWithTags::builder()
        .distribution_config(config("one"))
        .tags(Tags::builder().items(tag).build())
        .build();
    let created = cloudfront
        .create_distribution_with_tags()
        .distribution_config_with_tags(with_tags)
        .send()
        .await
        .unwrap();
    let arn = created.distribution.unwrap().arn;
    let listed = cloudfront
        .list_tags_for_resource()
        .resource(&arn)
        .send()
        .await
        .unwrap();
    let tags = listed.tags.unwrap().items.unwrap();
    assert_eq!(tags.len(), 1);
    assert_eq!(tags[0].value(), Some("llm"));

    let tag = |key: &str| Tag::builder().key(key).value("v").build().unwrap();
    let add = |tags: Vec<Tag>| {
        cloudfront
            .tag_resource()
            .resource(&arn)
            .tags(Tags::builder().set_items(Some(tags)).build())
            .send()
    };
    add(vec![tag("a"), tag("b")]).await.unwrap();
    let keys = TagKeys::builder().items("a").items("deployment").build();
    cloudfront
        .untag_resource()
        .resource(&arn)
        .tag_keys(keys)
        .send()
        .await
        .unwrap();
    let listed = cloudfront
        .list_tags_for_resource()
        .resource(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.tags.unwrap().items(), [tag("b")]);
    let many = (0..50).map(|n| tag(&format!("k{n}"))).collect();
    for refused in [many, vec![tag("aws:x")], vec![tag(&"k".repeat(129))]] {
        let error = add(refused).await.unwrap_err().into_service_error();
        assert!(error.is_invalid_tagging(), "{error:?}");
    }
    let other = cloudfront
        .list_tags_for_resource()
        .resource(format!("{arn}X"))
        .send()
        .await;
    assert!(
        other
            .unwrap_err()
            .into_service_error()
            .is_no_such_resource()
    );
}
