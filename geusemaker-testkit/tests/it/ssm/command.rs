//! Commands on instances.

use aws_sdk_ssm::operation::get_command_invocation::GetCommandInvocationOutput;
use aws_sdk_ssm::operation::send_command::builders::SendCommandFluentBuilder;
use geusemaker_testkit::{Aws, Fault};

use super::{client, launch, seconds, with_instance};
use crate::iam::{code, is, refusal};

fn script(aws: &Aws, command: &str) -> SendCommandFluentBuilder {
    client(aws)
        .send_command()
        .document_name("AWS-RunShellScript")
        .parameters("commands", vec![command.to_owned()])
}

async fn send(aws: &Aws, id: &str, command: &str) -> String {
    let sent = script(aws, command).instance_ids(id).send().await.unwrap();
    sent.command().unwrap().command_id().unwrap().to_owned()
}

async fn invocation(aws: &Aws, id: &str, command: &str) -> GetCommandInvocationOutput {
    let get = client(aws).get_command_invocation();
    get.command_id(command)
        .instance_id(id)
        .send()
        .await
        .unwrap()
}

fn status(invocation: &GetCommandInvocationOutput) -> &str {
    invocation.status().unwrap().as_str()
}

async fn ended(aws: &Aws, id: &str, command: &str) -> GetCommandInvocationOutput {
    loop {
        aws.clock().sleep(seconds(2)).await;
        let found = invocation(aws, id, command).await;
        if !["Pending", "InProgress"].contains(&status(&found)) {
            return found;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn command_output_comes_from_guest() {
    let (aws, id) = with_instance().await;
    let command = send(&aws, &id, "hostname").await;
    let early = client(&aws).get_command_invocation();
    let early = early.command_id(&command).instance_id(&id).send().await;
    assert_eq!(code(early), is(400, "InvocationDoesNotExist"));
    let found = ended(&aws, &id, &command).await;
    assert_eq!((status(&found), found.response_code()), ("Success", 0));
    assert_eq!(found.standard_output_content(), Some(&*format!("{id}\n")));
    assert_eq!(found.standard_error_content(), Some(""));
    assert_eq!(found.plugin_name(), Some("aws:runShellScript"));
}

#[tokio::test(start_paused = true)]
async fn failed_command_has_exit_code() {
    let (aws, id) = with_instance().await;
    let command = send(&aws, &id, "false").await;
    let found = ended(&aws, &id, &command).await;
    assert_eq!((status(&found), found.response_code()), ("Failed", 3));
    assert_eq!(
        found.standard_error_content(),
        Some("no\nfailed to run commands: exit status 3")
    );
    let list = client(&aws).list_command_invocations().command_id(&command);
    let listed = list.details(true).send().await.unwrap();
    let plugin = &listed.command_invocations()[0].command_plugins()[0];
    assert_eq!(plugin.response_code(), 3);
    assert!(plugin.output().unwrap().contains("ERROR"), "{plugin:?}");
}

#[tokio::test(start_paused = true)]
async fn command_output_is_cut() {
    let (aws, id) = with_instance().await;
    let command = send(&aws, &id, "long").await;
    let found = ended(&aws, &id, &command).await;
    let output = found.standard_output_content().unwrap();
    assert_eq!(output.len(), 24_000);
    assert!(output.ends_with("x--output truncated--"));
    let list = client(&aws).list_command_invocations().instance_id(&id);
    let listed = list.details(true).send().await.unwrap();
    let plugin = &listed.command_invocations()[0].command_plugins()[0];
    assert_eq!(plugin.output().unwrap().len(), 2500);
}

/// Until it ends there is no output.
#[tokio::test(start_paused = true)]
async fn command_takes_its_time() {
    let (aws, id) = with_instance().await;
    let command = send(&aws, &id, "sleep 100").await;
    aws.clock().sleep(seconds(20)).await;
    let found = invocation(&aws, &id, &command).await;
    assert_eq!((status(&found), found.response_code()), ("InProgress", -1));
    let found = ended(&aws, &id, &command).await;
    assert_eq!(status(&found), "Success");
    let short = script(&aws, "sleep 100").parameters("executionTimeout", vec!["10".to_owned()]);
    let sent = short.instance_ids(&id).send().await.unwrap();
    let command = sent.command().unwrap().command_id().unwrap();
    let found = ended(&aws, &id, command).await;
    assert_eq!(status(&found), "TimedOut");
    assert_eq!(found.status_details(), Some("ExecutionTimedOut"));
}

#[tokio::test(start_paused = true)]
async fn command_can_be_cancelled() {
    let (aws, id) = with_instance().await;
    let command = send(&aws, &id, "sleep 100").await;
    aws.clock().sleep(seconds(20)).await;
    let cancel = || client(&aws).cancel_command().command_id(&command).send();
    cancel().await.unwrap();
    assert_eq!(status(&invocation(&aws, &id, &command).await), "Cancelling");
    aws.clock().sleep(seconds(10)).await;
    assert_eq!(status(&invocation(&aws, &id, &command).await), "Cancelled");
    cancel().await.unwrap();
    let unknown = client(&aws).cancel_command();
    let unknown = unknown.command_id("00000000-0000-4000-8000-000000000000");
    assert_eq!(code(unknown.send().await), is(400, "InvalidCommandId"));
}

#[tokio::test(start_paused = true)]
async fn command_needs_online_instance() {
    let (aws, _) = with_instance().await;
    let id = launch(&aws, "").await;
    let refused = script(&aws, "true").instance_ids(&id).send().await;
    let (status, code, message) = refusal(refused);
    assert_eq!((status, &*code), (400, "InvalidInstanceId"));
    assert_eq!(
        message,
        format!("Instances [[{id}]] not in a valid state for account 123456789012")
    );
    let target = aws_sdk_ssm::types::Target::builder();
    let target = target.key("InstanceIds").values(&id).build();
    let sent = script(&aws, "true").targets(target).send().await.unwrap();
    assert_eq!(sent.command().unwrap().target_count(), 0);
}

/// The result of an instance that is terminated in between is never reported.
#[tokio::test(start_paused = true)]
async fn command_ends_with_its_instance() {
    let (aws, id) = with_instance().await;
    let command = script(&aws, "sleep 100").timeout_seconds(200);
    let sent = command.instance_ids(&id).send().await.unwrap();
    let command = sent.command().unwrap().command_id().unwrap();
    aws.clock().sleep(seconds(20)).await;
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    ec2.terminate_instances()
        .instance_ids(&id)
        .send()
        .await
        .unwrap();
    aws.clock().sleep(seconds(100)).await;
    assert_eq!(status(&invocation(&aws, &id, command).await), "InProgress");
    let found = ended(&aws, &id, command).await;
    assert_eq!(status(&found), "TimedOut");
}

#[tokio::test(start_paused = true)]
async fn command_parameters_are_checked() {
    let (aws, id) = with_instance().await;
    let send = || client(&aws).send_command().instance_ids(&id);
    let unknown = send().document_name("Mine").send().await;
    assert_eq!(code(unknown), is(400, "InvalidDocument"));
    let none = send().document_name("AWS-RunShellScript").send().await;
    assert_eq!(code(none), is(400, "InvalidParameters"));
    let script = || script(&aws, "true").instance_ids(&id);
    let more = script().parameters("shell", vec!["zsh".to_owned()]);
    assert_eq!(code(more.send().await), is(400, "InvalidParameters"));
    let short = script().timeout_seconds(29).send().await;
    assert_eq!(code(short), is(400, "ValidationException"));
    let twice = script().instance_ids(&id).send().await;
    assert_eq!(code(twice), is(400, "DuplicateInstanceId"));
    let elsewhere = script().output_s3_bucket_name("bucket").send().await;
    assert_eq!(code(elsewhere), is(501, "SimulatorUnsupported"));
}

#[tokio::test(start_paused = true)]
async fn stuck_command_is_never_delivered() {
    let (aws, id) = with_instance().await;
    aws.inject(Fault::on("SendCommand").stuck());
    let sent = script(&aws, "true").instance_ids(&id).timeout_seconds(60);
    let sent = sent.send().await.unwrap();
    let command = sent.command().unwrap().command_id().unwrap();
    let found = ended(&aws, &id, command).await;
    assert_eq!(status(&found), "TimedOut");
    assert_eq!(found.status_details(), Some("DeliveryTimedOut"));
}

#[tokio::test(start_paused = true)]
async fn ssm_faults_have_its_own_codes() {
    let aws = Aws::builder()
        .fault(Fault::on("ssm:SendCommand").denied())
        .fault(Fault::on("GetParameter").throttled().times(3))
        .build();
    let denied = script(&aws, "true").instance_ids("i-0123456789abcdef0");
    assert_eq!(code(denied.send().await), is(400, "AccessDeniedException"));
    let throttled = client(&aws).get_parameter().name("a").send().await;
    assert_eq!(code(throttled), is(400, "ThrottlingException"));
}
