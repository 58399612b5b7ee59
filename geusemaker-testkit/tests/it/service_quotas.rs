//! The simulated Service Quotas, driven by the unmodified SDK client.

use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::error::ProvideErrorMetadata;
use aws_sdk_servicequotas::types::RequestStatus;
use geusemaker_testkit::{Aws, AwsBuilder, Fault, Quota, Snapshot};

/// The code of the vCPUs of running on-demand G and VT instances.
const G_AND_VT: &str = "L-DB2E81BA";

fn account(builder: AwsBuilder) -> (Aws, Client) {
    let aws = builder.build();
    let client = Client::new(&aws.sdk_config());
    (aws, client)
}

async fn value(client: &Client, service: &str, code: &str) -> f64 {
    let quota = client.get_service_quota().service_code(service);
    let found = quota.quota_code(code).send().await.unwrap();
    found.quota.unwrap().value.unwrap()
}

/// One that does not exist is refused.
#[tokio::test(start_paused = true)]
async fn applied_value_is_that_of_account() {
    let (aws, client) = account(Aws::builder().quota(Quota::OnDemandGAndVt, 8));
    let quota = client.get_service_quota().service_code("ec2");
    let found = quota.quota_code(G_AND_VT).send().await.unwrap();
    let quota = found.quota.unwrap();
    assert_eq!(quota.value(), Some(8.0));
    assert_eq!(
        quota.quota_name(),
        Some("Running On-Demand G and VT instances")
    );
    assert_eq!(
        quota.quota_arn(),
        Some("arn:aws:servicequotas:us-east-1:123456789012:ec2/L-DB2E81BA")
    );
    aws.set_quota(Quota::OnDemandGAndVt, 96);
    assert_eq!(value(&client, "ec2", G_AND_VT).await, 96.0);
    assert_eq!(value(&client, "vpc", "L-0EA8095F").await, 60.0);
    for (service, code) in [("ec2", "L-00000000"), ("vpc", G_AND_VT), ("x", G_AND_VT)] {
        let quota = client.get_service_quota().service_code(service);
        let refused = quota.quota_code(code).send().await.unwrap_err();
        assert_eq!(refused.code(), Some("NoSuchResourceException"));
    }
}

/// The simulator does not limit vCPUs unless a quota is set.
#[tokio::test(start_paused = true)]
async fn unlimited_quota_has_large_value() {
    let (_, client) = account(Aws::builder());
    assert_eq!(value(&client, "ec2", G_AND_VT).await, 100_000.0);
}

#[tokio::test(start_paused = true)]
async fn default_value_is_that_of_new_account() {
    let (_, client) = account(Aws::builder().quota(Quota::OnDemandP, 192));
    for (code, expected) in [("L-417A185B", 0.0), (G_AND_VT, 0.0), ("L-1216C47A", 5.0)] {
        let quota = client.get_aws_default_service_quota().service_code("ec2");
        let found = quota.quota_code(code).send().await.unwrap();
        assert_eq!(found.quota.unwrap().value(), Some(expected), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn quotas_of_service_come_in_pages() {
    let (_, client) = account(Aws::builder());
    let pages = client.list_service_quotas().service_code("ec2");
    let pages = pages.max_results(5).into_paginator().send();
    let pages: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    let sizes: Vec<_> = pages.iter().map(|page| page.quotas().len()).collect();
    assert_eq!(sizes, [5, 5, 4]);
    let defaults = client.list_aws_default_service_quotas().service_code("vpc");
    let defaults = defaults.send().await.unwrap();
    assert_eq!(defaults.quotas().len(), 6);
    let one = client.list_service_quotas().service_code("ec2");
    let one = one.quota_code(G_AND_VT).send().await.unwrap();
    assert_eq!(one.quotas().len(), 1);
    let page = client.list_service_quotas().service_code("ec2");
    let refused = page.next_token("%").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidPaginationTokenException"));
    let page = client.list_service_quotas().service_code("ec2");
    let refused = page.max_results(101).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("IllegalArgumentException"));
}

/// It stays pending, and a second one is refused.
#[tokio::test(start_paused = true)]
async fn increase_of_quota_can_be_requested() {
    let (aws, client) = account(Aws::builder().quota(Quota::OnDemandGAndVt, 0));
    let ask = |client: &Client, desired| {
        let ask = client.request_service_quota_increase();
        let ask = ask.service_code("ec2").quota_code(G_AND_VT);
        ask.desired_value(desired).send()
    };
    let refused = ask(&client, 0.0).await.unwrap_err();
    assert_eq!(refused.code(), Some("IllegalArgumentException"));
    let asked = ask(&client, 8.0).await.unwrap().requested_quota.unwrap();
    assert_eq!(asked.status(), Some(&RequestStatus::Pending));
    assert_eq!(value(&client, "ec2", G_AND_VT).await, 0.0);

    let kept = serde_json::to_string(&aws.snapshot()).unwrap();
    let kept: Snapshot = serde_json::from_str(&kept).unwrap();
    let (_, client) = account(Aws::builder().restore(kept).unwrap());
    let refused = ask(&client, 9.0).await.unwrap_err();
    assert_eq!(refused.code(), Some("ResourceAlreadyExistsException"));
    let history = client.list_requested_service_quota_change_history_by_quota();
    let history = history.service_code("ec2").quota_code(G_AND_VT);
    let history = history.send().await.unwrap();
    assert_eq!(history.requested_quotas()[0].desired_value(), Some(8.0));
    let one = client.get_requested_service_quota_change();
    let one = one.request_id(asked.id().unwrap()).send().await.unwrap();
    assert_eq!(one.requested_quota.unwrap().id(), asked.id());
    let none = client.get_requested_service_quota_change();
    let refused = none.request_id("none").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("NoSuchResourceException"));
}

#[tokio::test(start_paused = true)]
async fn quota_calls_can_be_denied_and_throttled() {
    let denied = Fault::on("servicequotas:*").denied();
    let throttled = Fault::on("GetServiceQuota").nth(2).throttled();
    let aws = Aws::builder().fault(denied).fault(throttled).build();
    let config = aws.sdk_config().into_builder();
    let config = config.retry_config(aws_smithy_types::retry::RetryConfig::disabled());
    let client = Client::new(&config.build());
    for expected in ["AccessDeniedException", "TooManyRequestsException"] {
        let quota = client.get_service_quota().service_code("ec2");
        let refused = quota.quota_code(G_AND_VT).send().await.unwrap_err();
        assert_eq!(refused.code(), Some(expected));
        assert_eq!(refused.raw_response().unwrap().status().as_u16(), 400);
    }
}
