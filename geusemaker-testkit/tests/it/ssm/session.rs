//! Sessions on instances.

use aws_sdk_ssm::types::SessionState;
use geusemaker_testkit::Aws;

use super::{client, launch, seconds, with_instance};
use crate::iam::{code, is, refusal};

async fn active(aws: &Aws) -> usize {
    let describe = client(aws).describe_sessions().state(SessionState::Active);
    describe.send().await.unwrap().sessions().len()
}

#[tokio::test(start_paused = true)]
async fn session_is_started_and_terminated() {
    let (aws, id) = with_instance().await;
    let start = client(&aws).start_session().target(&id);
    let start = start.document_name("AWS-StartPortForwardingSession");
    let start = start.parameters("portNumber", vec!["8000".to_owned()]);
    let started = start.send().await.unwrap();
    let session = started.session_id().unwrap();
    let url = started.stream_url().unwrap();
    assert!(url.starts_with("wss://ssmmessages.us-east-1.amazonaws.com/v1/data-channel/"));
    assert!(url.contains(session) && !started.token_value().unwrap().is_empty());
    assert_eq!(active(&aws).await, 1);
    let terminate = client(&aws).terminate_session().session_id(session);
    let terminated = terminate.clone().send().await.unwrap();
    assert_eq!(terminated.session_id(), Some(session));
    terminate.send().await.unwrap();
    assert_eq!(active(&aws).await, 0);
    let history = client(&aws)
        .describe_sessions()
        .state(SessionState::History);
    let history = history.send().await.unwrap();
    let status = history.sessions()[0].status().unwrap();
    assert_eq!(status.as_str(), "Terminated");
}

#[tokio::test(start_paused = true)]
async fn session_needs_connected_instance() {
    let (aws, online) = with_instance().await;
    let id = launch(&aws, "").await;
    let start = |id: &str| client(&aws).start_session().target(id).send();
    let (status, error, message) = refusal(start(&id).await);
    assert_eq!((status, &*error), (400, "TargetNotConnected"));
    assert_eq!(message, format!("{id} is not connected."));
    let unknown = client(&aws).start_session().target(&online);
    let unknown = unknown.document_name("Mine").send().await;
    assert_eq!(code(unknown), is(400, "InvalidDocument"));
}

#[tokio::test(start_paused = true)]
async fn session_ends_with_its_instance() {
    let (aws, id) = with_instance().await;
    let start = client(&aws).start_session().target(&id).send();
    start.await.unwrap();
    assert_eq!(active(&aws).await, 1);
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    ec2.stop_instances().instance_ids(&id).send().await.unwrap();
    aws.clock().sleep(seconds(1)).await;
    assert_eq!(active(&aws).await, 0);
}
