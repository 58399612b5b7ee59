//! The options of the distribution, as CloudFront describes them.

use aws_sdk_cloudfront::types::{
    CacheBehavior, DistributionConfig, GeoRestrictionType, HttpVersion, Method, PriceClass,
    ViewerProtocolPolicy,
};
use geusemaker_core::{Error, PlanProblem, PlanWarning};
use geusemaker_testkit::Fault;

use crate::scenario::closed_origin::distribution;
use crate::scenario::{Scenario, deploy_tier_3, spec_with};

const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const HOST_HEADER_ONLY: &str = "bf0718e1-ba1e-49d1-88b1-f726733018ae";
const SECURITY_HEADERS: &str = "67f7725c-6f97-4210-82d7-5512b31e9d03";

/// Returns the configuration of the distribution of a spec with this table.
async fn deployed(cdn: &str) -> DistributionConfig {
    let scenario = Scenario::new();
    let spec = spec_with(3, cdn);
    let deployed = deploy_tier_3(&scenario.session, spec).await.unwrap();
    let found = distribution(&scenario.aws).await;
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    found
}

#[tokio::test(start_paused = true)]
async fn distribution_has_safe_defaults() {
    let found = deployed("").await;
    assert_eq!(found.price_class(), Some(&PriceClass::PriceClass100));
    assert_eq!(found.http_version(), Some(&HttpVersion::Http2and3));
    assert_eq!(found.is_ipv6_enabled, Some(true));
    assert_eq!(found.web_acl_id(), Some(""));
    assert!(found.comment().starts_with("geusemaker llm ["));
    let default = found.default_cache_behavior().unwrap();
    assert_eq!(default.cache_policy_id(), Some(CACHING_DISABLED));
    assert_eq!(default.origin_request_policy_id(), Some(ALL_VIEWER));
    assert_eq!(default.response_headers_policy_id(), Some(SECURITY_HEADERS));
    assert_eq!(
        default.viewer_protocol_policy(),
        &ViewerProtocolPolicy::RedirectToHttps
    );
    assert_eq!(default.allowed_methods().unwrap().items().len(), 7);
    assert_eq!(found.cache_behaviors().unwrap().quantity(), 0);
    let origin = &found.origins().unwrap().items()[0];
    assert_eq!(
        (origin.connection_attempts, origin.connection_timeout),
        (Some(3), Some(10))
    );
}

#[tokio::test(start_paused = true)]
async fn distribution_has_options_of_spec() {
    let found = deployed(
        "[cdn]\nconnection_attempts = 2\nconnection_timeout = '4s'\norigin_shield = 'us-east-1'\n\
         price_class = 'all'\nhttp_version = 'http2'\nipv6 = false\ncomment = 'the chat'\n\
         web_acl = 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/0a1b2c3d-0000-4000-8000-0123456789ab'\n\
         geo = { allow = ['DE', 'FR'] }\nsecurity_headers = false\n\
         logging = { bucket = 'my-logs.s3.amazonaws.com', prefix = 'cf/', cookies = true }\n\
         [[cdn.error]]\ncode = 404\npage = '/404.html'\nresponse = 200\n[[cdn.error]]\ncode = 502\nmin_ttl = '0s'\n",
    )
    .await;
    let origin = &found.origins().unwrap().items()[0];
    assert_eq!(
        (origin.connection_attempts, origin.connection_timeout),
        (Some(2), Some(4))
    );
    let shield = origin.origin_shield().unwrap();
    assert_eq!(
        (shield.enabled(), shield.origin_shield_region()),
        (true, Some("us-east-1"))
    );
    assert_eq!(found.price_class(), Some(&PriceClass::PriceClassAll));
    assert_eq!(found.http_version(), Some(&HttpVersion::Http2));
    assert_eq!(found.is_ipv6_enabled, Some(false));
    assert!(
        found
            .web_acl_id()
            .unwrap()
            .starts_with("arn:aws:wafv2:us-east-1:")
    );
    // The comment ends with the reference by which the distribution is found again.
    let (comment, reference) = found.comment().split_once(" [").unwrap();
    assert_eq!(comment, "the chat");
    assert_eq!(reference.strip_suffix(']'), Some(found.caller_reference()));
    let geo = found.restrictions().unwrap().geo_restriction().unwrap();
    assert_eq!(geo.restriction_type(), &GeoRestrictionType::Whitelist);
    assert_eq!(geo.items(), ["DE", "FR"]);
    let logging = found.logging().unwrap();
    assert_eq!(
        (
            logging.bucket(),
            logging.prefix(),
            logging.include_cookies()
        ),
        ("my-logs.s3.amazonaws.com", "cf/", true)
    );
    let behavior = found.default_cache_behavior().unwrap();
    assert_eq!(behavior.response_headers_policy_id(), None);
    let errors = found.custom_error_responses().unwrap().items();
    let [missing, failed] = errors else {
        panic!("{errors:?}")
    };
    assert_eq!(
        (missing.response_page_path(), missing.response_code()),
        (Some("/404.html"), Some("200"))
    );
    assert_eq!(
        (failed.error_code(), failed.error_caching_min_ttl()),
        (502, Some(0))
    );
}

#[tokio::test(start_paused = true)]
async fn behaviors_stand_in_order_of_spec() {
    let found = deployed(
        "[[cdn.behavior]]\npath = '/static/live/*'\ncache = 'disabled'\n\
         [[cdn.behavior]]\npath = '/static/*'\ncache = 'optimized'\nheaders = 'none'\n\
         [[cdn.behavior]]\npath = '*.png'\ncache = '83da9c7e-98b4-4e11-a168-04f0df8e2c65'\n\
         methods = 'read-options'\norigin_request = 'none'\ncompress = false\n",
    )
    .await;
    let behaviors = found.cache_behaviors().unwrap().items();
    let paths: Vec<_> = behaviors.iter().map(CacheBehavior::path_pattern).collect();
    assert_eq!(paths, ["/static/live/*", "/static/*", "*.png"]);
    let [live, assets, images] = behaviors else {
        panic!("{behaviors:?}")
    };
    assert_eq!(live.cache_policy_id(), Some(CACHING_DISABLED));
    assert_eq!(live.origin_request_policy_id(), Some(ALL_VIEWER));
    assert_eq!(live.response_headers_policy_id(), Some(SECURITY_HEADERS));
    assert_eq!(assets.cache_policy_id(), Some(CACHING_OPTIMIZED));
    assert_eq!(assets.compress, Some(true));
    // The application gets the viewer's Host, and nothing that could differ between two viewers of a cached answer.
    assert_eq!(assets.origin_request_policy_id(), Some(HOST_HEADER_ONLY));
    assert_eq!(assets.response_headers_policy_id(), None);
    assert_eq!(assets.allowed_methods().unwrap().items().len(), 2);
    assert_eq!(
        (images.compress, images.origin_request_policy_id()),
        (Some(false), None)
    );
    let methods = images.allowed_methods().unwrap();
    assert!(methods.items().contains(&Method::Options));
}

const STRANGE: &str = "[[cdn.behavior]]\npath = '/a'\ncache = '0a1b2c3d-0000-4000-8000-0123456789ab'\n\
                       headers = '1a1b2c3d-0000-4000-8000-0123456789ab'\n";

/// An id that is not there, or is that of another kind of policy, is found before anything is made.
#[tokio::test(start_paused = true)]
async fn missing_policies_are_found_by_plan() {
    let scenario = Scenario::new();
    let error = scenario
        .session
        .plan(spec_with(3, STRANGE))
        .await
        .unwrap_err();
    let Error::Plan(error) = error else {
        panic!("{error}")
    };
    let fields = error.problems().iter().map(|problem| match problem {
        PlanProblem::NoCdnPolicy { field, .. } => field.as_str(),
        other => panic!("{other}"),
    });
    assert_eq!(
        fields.collect::<Vec<_>>(),
        ["cdn.behavior[0].cache", "cdn.behavior[0].headers"]
    );
    assert!(
        error
            .remedy()
            .contains("aws cloudfront list-cache-policies")
    );
    // Below tier 3, the settings of the CDN are not used.
    assert!(scenario.session.plan(spec_with(2, STRANGE)).await.is_ok());
    scenario.assert_nothing_left();
}

#[tokio::test(start_paused = true)]
async fn unasked_policies_are_warned_about() {
    let scenario = Scenario::new();
    scenario.aws.inject(Fault::on("GetCachePolicy").denied());
    let planned = scenario.session.plan(spec_with(3, STRANGE)).await.unwrap();
    let warnings = &planned.state().plan.warnings;
    assert!(
        matches!(&warnings[..], [PlanWarning::NotChecked { what, .. }] if *what == "a policy of the CDN"),
        "{warnings:?}"
    );
}
