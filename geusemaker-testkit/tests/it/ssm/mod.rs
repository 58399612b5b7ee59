//! The simulated Systems Manager, driven by the unmodified SDK client.

mod agent;
mod command;
mod parameter;
mod session;

use std::time::Duration;

use aws_sdk_ec2::types::IamInstanceProfileSpecification;
use aws_sdk_ssm::Client;
use geusemaker_testkit::{Aws, Boot, CommandOutput, Guest, PlainGuest};

use crate::iam::create_profile;

const IMAGE: &str = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64";
pub(crate) const CORE: &str = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

/// A guest that answers some commands.
#[derive(Debug)]
struct Scripted;

impl Guest for Scripted {
    fn console_output(&self, boot: &Boot) -> String {
        PlainGuest::default().console_output(boot)
    }

    fn run_command(&self, boot: &Boot, commands: &[String]) -> CommandOutput {
        match commands.join("; ").as_str() {
            "hostname" => CommandOutput::success(format!("{}\n", boot.instance_id)),
            "false" => CommandOutput::failure(3, "no\n"),
            "long" => CommandOutput::success("x".repeat(30_000)),
            "sleep 100" => CommandOutput::success("").taking(Duration::from_secs(100)),
            _ => CommandOutput::default(),
        }
    }
}

fn client(aws: &Aws) -> Client {
    Client::new(&aws.sdk_config())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Creates a profile `node` whose role may work with Systems Manager.
async fn allow(aws: &Aws) {
    let iam = aws_sdk_iam::Client::new(&aws.sdk_config());
    create_profile(&iam, "node").await;
    attach(aws).await;
}

async fn attach(aws: &Aws) {
    let iam = aws_sdk_iam::Client::new(&aws.sdk_config());
    let attach = iam.attach_role_policy().role_name("node");
    attach.policy_arn(CORE).send().await.unwrap();
}

/// Launches an instance with the profile `node`.
async fn launch(aws: &Aws, user_data: &str) -> String {
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let profile = IamInstanceProfileSpecification::builder().name("node");
    let run = ec2
        .run_instances()
        .image_id(IMAGE)
        .instance_type("t3.micro".into());
    let run = run
        .min_count(1)
        .max_count(1)
        .iam_instance_profile(profile.build());
    let run = run.user_data(aws_smithy_types::base64::encode(user_data));
    let ran = run.send().await.unwrap();
    ran.instances()[0].instance_id().unwrap().to_owned()
}

/// Returns an account with an instance that is online.
async fn with_instance() -> (Aws, String) {
    let aws = Aws::builder().guest(Scripted).build();
    allow(&aws).await;
    aws.clock().sleep(seconds(30)).await;
    let id = launch(&aws, "").await;
    aws.clock().sleep(seconds(300)).await;
    assert_eq!(ping(&aws, &id).await.as_deref(), Some("Online"));
    (aws, id)
}

/// Returns the ping status of an instance, if it is listed.
async fn ping(aws: &Aws, id: &str) -> Option<String> {
    let filter = aws_sdk_ssm::types::InstanceInformationStringFilter::builder();
    let filter = filter.key("InstanceIds").values(id).build().unwrap();
    let found = client(aws).describe_instance_information().filters(filter);
    let found = found.send().await.unwrap();
    let found = found.instance_information_list().first()?;
    Some(found.ping_status()?.as_str().to_owned())
}

/// Waits until an instance is listed, and returns the time since it began to run.
async fn wait_until_online(aws: &Aws, id: &str) -> u64 {
    let is_running = || {
        let states = aws.states();
        states
            .iter()
            .any(|one| one.resource.id == id && one.state == "running")
    };
    while !is_running() {
        aws.clock().sleep(seconds(1)).await;
    }
    let running_at = aws.clock().now();
    while ping(aws, id).await.is_none() {
        aws.clock().sleep(seconds(5)).await;
    }
    let waited = aws.clock().now().duration_since(running_at);
    u64::try_from(waited.as_secs()).unwrap()
}
