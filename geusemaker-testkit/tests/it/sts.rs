//! The simulated STS, driven by the unmodified SDK client.

use aws_sdk_sts::Client;
use aws_sdk_sts::error::ProvideErrorMetadata;
use geusemaker_testkit::Aws;

/// Other operations of STS are refused.
#[tokio::test(start_paused = true)]
async fn caller_identity_names_account() {
    let aws = Aws::new();
    let sts = Client::new(&aws.sdk_config());
    let identity = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("123456789012"));
    assert!(identity.arn().unwrap().contains(":user/"));
    let refused = sts.get_session_token().send().await;
    assert_eq!(refused.unwrap_err().code(), Some("SimulatorUnsupported"));
    let refused = sts
        .assume_role()
        .role_arn("arn:aws:iam::123456789012:role/x")
        .role_session_name("x")
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("SimulatorUnsupported"));
}
