//! Managed policies.

use aws_sdk_cloudfront::types::{
    CachePolicyType, OriginRequestPolicyHeaderBehavior, OriginRequestPolicyType,
    ResponseHeadersPolicyType,
};
use geusemaker_testkit::Aws;

use super::{ALL_VIEWER, CACHING_DISABLED, client, config, create};

#[tokio::test(start_paused = true)]
async fn managed_policies_are_listed_by_type() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let listed = cloudfront
        .list_cache_policies()
        .r#type(CachePolicyType::Managed)
        .send()
        .await
        .unwrap()
        .cache_policy_list
        .unwrap();
    let disabled = listed
        .items()
        .iter()
        .map(|summary| summary.cache_policy().unwrap())
        .find(|policy| policy.id == CACHING_DISABLED)
        .unwrap();
    let settings = disabled.cache_policy_config().unwrap();
    assert_eq!(settings.name, "Managed-CachingDisabled");
    assert_eq!(settings.max_ttl, Some(0));
    let custom = cloudfront
        .list_cache_policies()
        .r#type(CachePolicyType::Custom)
        .send()
        .await
        .unwrap();
    assert_eq!(custom.cache_policy_list.unwrap().quantity, 0);

    let listed = cloudfront
        .list_origin_request_policies()
        .r#type(OriginRequestPolicyType::Managed)
        .max_items(1)
        .send()
        .await
        .unwrap()
        .origin_request_policy_list
        .unwrap();
    assert_eq!(listed.quantity, 1);
    assert_eq!(listed.next_marker(), Some(ALL_VIEWER));
    let listed = cloudfront
        .list_response_headers_policies()
        .r#type(ResponseHeadersPolicyType::Managed)
        .send()
        .await
        .unwrap()
        .response_headers_policy_list
        .unwrap();
    assert_eq!(listed.quantity, 5);
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn policy_is_shown_with_settings_and_etag() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let got = cloudfront
        .get_origin_request_policy()
        .id("b689b0a8-53d0-40ab-baf2-68738e2966ac")
        .send()
        .await
        .unwrap();
    assert!(got.e_tag().unwrap().starts_with('E'));
    let policy = got.origin_request_policy.unwrap();
    let settings = policy.origin_request_policy_config.unwrap();
    assert_eq!(settings.name, "Managed-AllViewerExceptHostHeader");
    let headers = settings.headers_config.unwrap();
    assert_eq!(
        headers.header_behavior,
        OriginRequestPolicyHeaderBehavior::AllExcept
    );
    assert_eq!(headers.headers.unwrap().items(), ["host"]);

    let settings = cloudfront
        .get_cache_policy_config()
        .id(CACHING_DISABLED)
        .send()
        .await
        .unwrap();
    assert_eq!(settings.cache_policy_config.unwrap().min_ttl, 0);
    let settings = cloudfront
        .get_response_headers_policy_config()
        .id("67f7725c-6f97-4210-82d7-5512b31e9d03")
        .send()
        .await
        .unwrap();
    let settings = settings.response_headers_policy_config.unwrap();
    let security = settings.security_headers_config.unwrap();
    let transport = security.strict_transport_security.unwrap();
    assert_eq!(transport.access_control_max_age_sec, 31_536_000);
    let unknown = cloudfront.get_cache_policy().id("x").send().await;
    assert!(
        unknown
            .unwrap_err()
            .into_service_error()
            .is_no_such_cache_policy()
    );
}

#[tokio::test(start_paused = true)]
async fn distributions_are_listed_by_policy() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let (id, _) = create(&cloudfront, config("one")).await;
    let using = async |policy: &str| {
        let listed = cloudfront
            .list_distributions_by_cache_policy_id()
            .cache_policy_id(policy)
            .send()
            .await
            .unwrap();
        listed
            .distribution_id_list
            .unwrap()
            .items
            .unwrap_or_default()
    };
    assert_eq!(using(CACHING_DISABLED).await, std::slice::from_ref(&id));
    let optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6";
    assert!(using(optimized).await.is_empty());
    let listed = cloudfront
        .list_distributions_by_origin_request_policy_id()
        .origin_request_policy_id(ALL_VIEWER)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.distribution_id_list.unwrap().items(), [id]);
}
