//! The simulated IAM, driven by the unmodified SDK client.

mod instance_profile;
mod launch;
mod policy;
mod role;

use aws_sdk_iam::Client;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::types::{Role, Tag};
use aws_smithy_runtime_api::http::Response;
use geusemaker_testkit::{Aws, Timings};

/// The trust policy of a role for instances.
const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;

pub(crate) fn instant() -> (Aws, Client) {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let client = Client::new(&aws.sdk_config());
    (aws, client)
}

pub(crate) async fn create_role(client: &Client, name: &str) -> Role {
    let create = client.create_role().role_name(name);
    let created = create.assume_role_policy_document(TRUST).send().await;
    created.unwrap().role.unwrap()
}

/// Creates a profile with a role, both of the same name.
pub(crate) async fn create_profile(client: &Client, name: &str) {
    create_role(client, name).await;
    let create = client.create_instance_profile();
    create.instance_profile_name(name).send().await.unwrap();
    let add = client.add_role_to_instance_profile();
    let add = add.instance_profile_name(name).role_name(name);
    add.send().await.unwrap();
}

pub(crate) fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

/// Returns the status, the code and the message of a refusal.
#[track_caller]
pub(crate) fn refusal<T, E>(answer: Result<T, SdkError<E, Response>>) -> (u16, String, String)
where
    E: ProvideErrorMetadata,
{
    let Err(error) = answer else {
        panic!("the call succeeds")
    };
    let status = error.raw_response().unwrap().status().as_u16();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (status, text(error.code()), text(error.message()))
}

/// Returns the status and the code of a refusal.
#[track_caller]
pub(crate) fn code<T, E>(answer: Result<T, SdkError<E, Response>>) -> (u16, String)
where
    E: ProvideErrorMetadata,
{
    let (status, code, _) = refusal(answer);
    (status, code)
}

pub(crate) fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
