//! Cassettes from end to end: unmodified SDK clients, recorded and replayed.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use aws_sdk_efs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_efs::error::DisplayErrorContext;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use geusemaker_testkit::cassette::{Cassette, Difference, Player, Recorder, Redactor};

const ACCOUNT: &str = "111122223333";
const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE";
const CREATION_TOKEN: &str = "a-random-token";

/// A stand-in for AWS during a recording, which gives its answers in order, whatever the request.
#[derive(Clone, Debug)]
struct Answers(Arc<Mutex<VecDeque<Answer>>>);

/// A status, a content type and a body.
type Answer = (u16, &'static str, String);

impl Answers {
    fn client(answers: impl IntoIterator<Item = Answer>) -> SharedHttpClient {
        let answers = Self(Arc::new(Mutex::new(answers.into_iter().collect())));
        http_client_fn(move |_, _| SharedHttpConnector::new(answers.clone()))
    }
}

impl HttpConnector for Answers {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // The recorder must pass on the body that it has read.
        let body = request.body().bytes().unwrap();
        assert_eq!(request.method() == "POST", !body.is_empty());
        let (status, mime_type, body) = self.0.lock().unwrap().pop_front().unwrap();
        let mut response =
            HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
        response.headers_mut().insert("content-type", mime_type);
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn json(body: serde_json::Value) -> Answer {
    (200, "application/json", body.to_string())
}

fn file_system(state: &str) -> serde_json::Value {
    serde_json::json!({
        "OwnerId": ACCOUNT,
        "CreationToken": CREATION_TOKEN,
        "FileSystemId": "fs-1",
        "FileSystemArn": format!("arn:aws:elasticfilesystem:us-east-1:{ACCOUNT}:file-system/fs-1"),
        "CreationTime": 1.5e9,
        "LifeCycleState": state,
        "NumberOfMountTargets": 0,
        "SizeInBytes": {"Value": 6144},
        "PerformanceMode": "generalPurpose",
        "Tags": [],
    })
}

fn described(state: &str) -> Answer {
    json(serde_json::json!({"FileSystems": [file_system(state)]}))
}

fn credentials() -> Credentials {
    Credentials::new(
        ACCESS_KEY,
        SECRET_KEY,
        Some(SESSION_TOKEN.to_owned()),
        None,
        "test",
    )
}

fn efs(http_client: SharedHttpClient) -> aws_sdk_efs::Client {
    aws_sdk_efs::Client::from_conf(efs_config(http_client).build())
}

fn efs_config(http_client: SharedHttpClient) -> aws_sdk_efs::config::Builder {
    aws_sdk_efs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials())
        .http_client(http_client)
}

fn sts(http_client: SharedHttpClient) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(aws_sdk_sts::config::Region::new("us-east-1"))
            .credentials_provider(credentials())
            // Only the signature names the service: neither host nor path does.
            .endpoint_url("http://localhost")
            .http_client(http_client)
            .build(),
    )
}

async fn create(efs: &aws_sdk_efs::Client, token: &str) -> String {
    efs.create_file_system()
        .creation_token(token)
        .encrypted(true)
        .send()
        .await
        .unwrap()
        .file_system_id()
        .to_owned()
}

async fn state(efs: &aws_sdk_efs::Client) -> String {
    let described = efs
        .describe_file_systems()
        .file_system_id("fs-1")
        .send()
        .await
        .unwrap();
    described.file_systems()[0].life_cycle_state().to_string()
}

async fn role_session(sts: &aws_sdk_sts::Client, account: &str) -> String {
    sts.assume_role()
        .role_arn(format!("arn:aws:iam::{account}:role/deploy"))
        .role_session_name("s")
        .send()
        .await
        .unwrap()
        .credentials()
        .unwrap()
        .secret_access_key()
        .to_owned()
}

/// Creates a file system, describes it twice while it becomes available, and assumes a role.
async fn recorded() -> Cassette {
    let aws = Answers::client([
        json(file_system("creating")),
        described("creating"),
        described("available"),
        (
            200,
            "text/xml",
            format!(
                "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{ACCESS_KEY}</AccessKeyId>\
                 <SecretAccessKey>{SECRET_KEY}</SecretAccessKey><SessionToken>{SESSION_TOKEN}</SessionToken>\
                 <Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
            ),
        ),
    ]);
    let recorder = Recorder::new(aws);
    let http_client = recorder.http_client();
    let efs = efs(http_client.clone());
    assert_eq!(create(&efs, CREATION_TOKEN).await, "fs-1");
    assert_eq!(state(&efs).await, "creating");
    assert_eq!(state(&efs).await, "available");
    // The program that is recorded gets the real answer; only the cassette is redacted.
    assert_eq!(role_session(&sts(http_client), ACCOUNT).await, SECRET_KEY);
    recorder.cassette()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The calls also have another creation token and another account than the recorded ones.
#[tokio::test]
async fn saved_cassette_replays_in_any_order() {
    let path = path("another-order.har");
    recorded().await.save(&path).unwrap();
    let player = Player::new(&Cassette::load(&path).unwrap());

    assert_eq!(
        role_session(&sts(player.http_client()), "444455556666").await,
        "REDACTED"
    );
    let efs = efs(player.http_client());
    assert_eq!(state(&efs).await, "creating");
    assert_eq!(create(&efs, "another-token").await, "fs-1");
    assert_eq!(state(&efs).await, "available");
    // A read may be repeated after its last answer.
    assert_eq!(state(&efs).await, "available");
    player.verify().unwrap();
}

#[tokio::test]
async fn cassette_file_holds_no_secrets() {
    let path = path("planted-secrets.har");
    recorded().await.save(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    for secret in [
        ACCOUNT,
        ACCESS_KEY,
        SECRET_KEY,
        SESSION_TOKEN,
        CREATION_TOKEN,
        "AWS4-HMAC-SHA256",
        "amz-sdk-invocation-id",
    ] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    assert!(text.contains("\"operation\": \"AssumeRole\""));
}

#[tokio::test]
async fn same_calls_make_identical_cassette() {
    assert_eq!(recorded().await.to_json(), recorded().await.to_json());
}

/// The error shows the differences from the nearest recorded request.
#[tokio::test]
async fn unrecorded_request_fails_without_retry() {
    let player = Player::new(&recorded().await);
    let error = efs(player.http_client())
        .create_file_system()
        .creation_token("t")
        .encrypted(false)
        .backup(true)
        .send()
        .await
        .unwrap_err();

    let text = DisplayErrorContext(&error).to_string();
    assert!(
        text.contains("no recorded answer for elasticfilesystem POST /2015-02-01/file-systems"),
        "{text}"
    );
    assert!(
        text.contains("different  Encrypted: asked false, recorded true"),
        "{text}"
    );
    assert!(text.contains("extra      Backup: asked true"), "{text}");
    // A single mismatch shows that the SDK did not retry.
    let [mismatch] = player.mismatches().try_into().unwrap();
    assert_eq!(
        mismatch.nearest().unwrap().operation(),
        "POST /2015-02-01/file-systems"
    );
    assert!(
        matches!(&mismatch.differences()[0], Difference::Extra { name, .. } if name == "Backup")
    );
}

/// A mutating call is answered at most as often as it was recorded.
#[tokio::test]
async fn mutating_call_is_not_replayed_twice() {
    let player = Player::new(&recorded().await);
    let efs = efs(player.http_client());
    create(&efs, "one").await;
    let again = efs
        .create_file_system()
        .creation_token("two")
        .encrypted(true)
        .send()
        .await;
    assert!(
        DisplayErrorContext(again.unwrap_err())
            .to_string()
            .contains("recorded 1 time(s)")
    );
}

#[tokio::test]
async fn custom_redaction_matches_random_names() {
    async fn create_tagged(efs: &aws_sdk_efs::Client, name: &str) -> bool {
        let tag = aws_sdk_efs::types::Tag::builder()
            .key("stack")
            .value(name)
            .build()
            .unwrap();
        let created = efs
            .create_file_system()
            .creation_token("t")
            .tags(tag)
            .send()
            .await;
        created.is_ok()
    }
    let redactor = Redactor::new()
        .with_pattern("stack-[0-9a-f]{4}", "stack-0000")
        .unwrap();
    let aws = Answers::client([json(file_system("creating"))]);
    let recorder = Recorder::with_redactor(aws, redactor.clone());
    assert!(create_tagged(&efs(recorder.http_client()), "stack-1a2b").await);
    let cassette = recorder.cassette();

    let player = Player::with_redactor(&cassette, redactor);
    assert!(create_tagged(&efs(player.http_client()), "stack-3c4d").await);
    let without = Player::new(&cassette);
    assert!(!create_tagged(&efs(without.http_client()), "stack-3c4d").await);
}

#[tokio::test]
async fn unused_recordings_are_reported() {
    let player = Player::new(&recorded().await);
    assert_eq!(state(&efs(player.http_client())).await, "creating");
    let unused: Vec<_> = player.unused().iter().map(|unused| unused.entry).collect();
    assert_eq!(unused, [0, 2, 3]);
    let error = player.verify().unwrap_err().to_string();
    assert!(error.contains("0 unanswered, 3 unused"), "{error}");
    assert!(error.contains("entries[3], sts AssumeRole"), "{error}");
}

// Paused, so that the SDK's pause before its retry takes no time.
#[tokio::test(start_paused = true)]
async fn error_and_retry_are_both_replayed() {
    let recorder = Recorder::new(Answers::client([
        (
            503,
            "application/json",
            "{\"message\": \"slow\"}".to_owned(),
        ),
        described("available"),
    ]));
    state(&efs(recorder.http_client())).await;
    let cassette = recorder.cassette();
    assert_eq!(cassette.len(), 2);

    let player = Player::new(&cassette);
    assert_eq!(state(&efs(player.http_client())).await, "available");
    player.verify().unwrap();
}

#[cfg(feature = "cassette-server")]
mod over_a_socket {
    use geusemaker_testkit::serve::CassetteServer;

    use super::*;

    fn efs_at(server: &CassetteServer) -> aws_sdk_efs::Client {
        let http_client = aws_smithy_http_client::Builder::new().build_http();
        let config = efs_config(http_client).endpoint_url(server.uri());
        aws_sdk_efs::Client::from_conf(config.build())
    }

    /// The client is given nothing but the server's endpoint URL.
    #[tokio::test]
    async fn server_replays_recorded_answers() {
        let server = CassetteServer::start(&recorded().await).await;
        let efs = efs_at(&server);
        assert_eq!(state(&efs).await, "creating");
        assert_eq!(create(&efs, "another-token").await, "fs-1");
        assert_eq!(state(&efs).await, "available");
        let unused = server.verify().unwrap_err().unused;
        assert_eq!(unused.len(), 1);
        assert_eq!(unused[0].call.operation(), "AssumeRole");
    }

    /// The response body says which call has no recorded answer.
    #[tokio::test]
    async fn server_answers_501_to_unrecorded_call() {
        let server = CassetteServer::start(&recorded().await).await;
        let error = efs_at(&server)
            .delete_file_system()
            .file_system_id("fs-2")
            .send()
            .await
            .unwrap_err();
        let response = error.raw_response().unwrap();
        assert_eq!(response.status().as_u16(), 501);
        let text = String::from_utf8_lossy(response.body().bytes().unwrap());
        assert!(
            text.contains("no recorded answer for elasticfilesystem DELETE"),
            "{text}"
        );
        assert_eq!(server.player().mismatches().len(), 1);
    }
}
