//! What a program sees of simulated STS, through the unmodified SDK client.

use aws_sdk_sts::Client;
use aws_sdk_sts::error::ProvideErrorMetadata;
use geusemaker_testkit::Aws;

#[tokio::test(start_paused = true)]
async fn a_caller_learns_its_account_and_nothing_else_is_simulated() {
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
