//! Commands: shell scripts that the agents of instances run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fleet::{Fleet, ManagedInstance};
use super::invocation::{Invocation, State};
use super::{Code, Ssm, invalid, seconds};
use crate::sim::context::RequestContext;
use crate::sim::lifecycle::CENTURY;
use crate::sim::timings::Step;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The only document whose commands are simulated.
const SHELL_SCRIPT: &str = "AWS-RunShellScript";

/// A command, with its invocation on each of its instances.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Command {
    pub(super) id: String,
    pub(super) comment: String,
    pub(super) document_version: String,
    parameters: BTreeMap<String, Vec<String>>,
    instance_ids: Vec<String>,
    targets: Vec<Target>,
    timeout_seconds: u32,
    pub(super) requested_at: Timestamp,
    /// The time from which other calls know the invocations.
    pub(super) visible_at: Timestamp,
    /// By instance.
    pub(super) invocations: BTreeMap<String, Invocation>,
}

/// A choice of instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Target {
    key: String,
    values: Vec<String>,
}

impl Command {
    /// Returns the document's name.
    pub(super) fn document(&self) -> &'static str {
        SHELL_SCRIPT
    }

    /// Returns the time until which the command can be delivered.
    pub(super) fn deliverable_until(&self) -> Timestamp {
        self.requested_at + Duration::from_secs(u64::from(self.timeout_seconds))
    }

    /// Returns the invocations that other calls know, with their states.
    pub(super) fn invocations(&self, fleet: &Fleet<'_>) -> impl Iterator<Item = (&str, State)> {
        let is_visible = fleet.now >= self.visible_at;
        let invocations = self.invocations.iter().filter(move |_| is_visible);
        invocations.map(move |(id, invocation)| (id.as_str(), invocation.state(self, id, fleet)))
    }

    /// Returns the command as the answer to its request shows it.
    fn described(&self) -> Value {
        json!({
            "CommandId": self.id,
            "DocumentName": self.document(),
            "DocumentVersion": self.document_version,
            "Comment": self.comment,
            "ExpiresAfter": seconds(self.deliverable_until()),
            "Parameters": self.parameters,
            "InstanceIds": self.instance_ids,
            "Targets": self.targets,
            "RequestedDateTime": seconds(self.requested_at),
            "Status": "Pending",
            "StatusDetails": "Pending",
            "OutputS3BucketName": "",
            "OutputS3KeyPrefix": "",
            "MaxConcurrency": "50",
            "MaxErrors": "0",
            "TargetCount": self.invocations.len(),
            "CompletedCount": 0,
            "ErrorCount": 0,
            "DeliveryTimedOutCount": 0,
            "ServiceRole": "",
            "TimeoutSeconds": self.timeout_seconds,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendRequest {
    #[serde(default)]
    instance_ids: Vec<String>,
    #[serde(default)]
    targets: Vec<Target>,
    document_name: String,
    document_version: Option<String>,
    timeout_seconds: Option<u32>,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    parameters: BTreeMap<String, Vec<String>>,
}

pub(super) fn send(
    ssm: &mut Ssm,
    fleet: &Fleet<'_>,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: SendRequest = input.body()?;
    refuse_document(&request.document_name)?;
    let script = Script::read(&request.parameters)?;
    let timeout_seconds = request.timeout_seconds.unwrap_or(3600);
    if !(30..=2_592_000).contains(&timeout_seconds) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{timeout_seconds}' at 'timeoutSeconds' failed to satisfy constraint: Member must have value between 30 and 2592000"
        )));
    }
    if request.comment.chars().count() > 100 {
        return Err(invalid(
            "1 validation error detected: Value at 'comment' failed to satisfy constraint: Member must have length less than or equal to 100",
        ));
    }
    let document_version = request.document_version.unwrap_or_default();
    if !["", "$DEFAULT", "$LATEST", "1"].contains(&document_version.as_str()) {
        return Err(ServiceError::unsupported(format_args!(
            "the version {document_version} of a document"
        )));
    }
    let instances = chosen(&request.instance_ids, &request.targets, fleet, context)?;
    let mut invocations = BTreeMap::new();
    for managed in instances {
        let id = managed.instance.id.clone();
        invocations.insert(id, script.invoke(&managed, fleet, context));
    }
    let command = Command {
        id: context.rng.uuid(),
        comment: request.comment,
        document_version,
        parameters: request.parameters,
        instance_ids: request.instance_ids,
        targets: request.targets,
        timeout_seconds,
        requested_at: context.now,
        visible_at: context.now + context.rng.duration(Step::Consistency),
        invocations,
    };
    let reply = json!({ "Command": command.described() });
    ssm.commands.insert(command.id.clone(), command);
    Ok(Reply::json(reply))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CancelRequest {
    command_id: String,
    #[serde(default)]
    instance_ids: Vec<String>,
}

/// Cancels a command where it has not ended, on some of its instances or on all.
pub(super) fn cancel(
    ssm: &mut Ssm,
    fleet: &Fleet<'_>,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: CancelRequest = input.body()?;
    let command = ssm.commands.get_mut(&request.command_id);
    let command = command.ok_or_else(|| ServiceError::new(Code::InvalidCommandId, ""))?;
    let unknown = |id: &&String| !command.invocations.contains_key(*id);
    if let Some(id) = request.instance_ids.iter().find(unknown) {
        return Err(not_valid(&[id.as_str()], context));
    }
    let chosen = |id: &String| request.instance_ids.is_empty() || request.instance_ids.contains(id);
    let ids: Vec<String> = command.invocations.keys().cloned().collect();
    for id in ids.iter().filter(|id| chosen(id)) {
        let stops_at = context.now + context.duration(Step::CommandDelivered);
        let Some(invocation) = command.invocations.get(id) else {
            continue;
        };
        if invocation.state(command, id, fleet).is_open()
            && let Some(invocation) = command.invocations.get_mut(id)
        {
            invocation.cancel(context.now, stops_at);
        }
    }
    Ok(Reply::empty())
}

/// The script that a document's parameters give.
struct Script<'a> {
    commands: &'a [String],
    execution_timeout: Duration,
}

impl<'a> Script<'a> {
    fn read(parameters: &'a BTreeMap<String, Vec<String>>) -> Result<Self, ServiceError> {
        let wrong = |message: String| Err(ServiceError::new(Code::InvalidParameters, message));
        for name in parameters.keys() {
            if !["commands", "executionTimeout", "workingDirectory"].contains(&name.as_str()) {
                return wrong(format!("Unknown parameter: {name}"));
            }
        }
        let commands = parameters.get("commands").map(Vec::as_slice);
        let commands = commands.filter(|commands| !commands.is_empty());
        let Some(commands) = commands else {
            return wrong("Missing required parameter: commands".to_owned());
        };
        let timeout = parameters.get("executionTimeout");
        let timeout = timeout.map_or(Some("3600"), |texts| match texts.as_slice() {
            [text] => Some(text.as_str()),
            _ => None,
        });
        // The document allows two days.
        let seconds = timeout.and_then(|text| text.parse().ok());
        match seconds.filter(|seconds| (1..=172_800).contains(seconds)) {
            Some(seconds) => Ok(Self {
                commands,
                execution_timeout: Duration::from_secs(seconds),
            }),
            None => wrong("Invalid value for parameter executionTimeout".to_owned()),
        }
    }

    /// Runs the script on the instance's guest, at the time when it is delivered.
    fn invoke(
        &self,
        managed: &ManagedInstance<'_>,
        fleet: &Fleet<'_>,
        context: &mut RequestContext<'_>,
    ) -> Invocation {
        let delivered_at = context.now + context.duration(Step::CommandDelivered);
        let software = context.software();
        let boot = software.boot(fleet.ec2, managed.instance, delivered_at);
        let output = context.guest.run_command(&boot, self.commands);
        let is_too_slow = output.takes > self.execution_timeout;
        let takes = output.takes.min(self.execution_timeout).min(CENTURY);
        let reported_after = context.rng.duration(Step::CommandDelivered);
        Invocation::new(
            managed.has_channel.then_some(delivered_at),
            delivered_at + takes + reported_after,
            takes,
            (!is_too_slow).then_some(output),
        )
    }
}

/// Returns the instances that a request names.
fn chosen<'a>(
    ids: &[String],
    targets: &[Target],
    fleet: &Fleet<'a>,
    context: &RequestContext<'_>,
) -> Result<Vec<ManagedInstance<'a>>, ServiceError> {
    if ids.is_empty() == targets.is_empty() {
        let message = "A command needs either InstanceIds or Targets.";
        return Err(ServiceError::new(Code::InvalidParameters, message));
    }
    if ids.len() > 50 {
        return Err(invalid(
            "1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to 50",
        ));
    }
    if let Some(other) = targets.iter().find(|target| target.key != "InstanceIds") {
        return Err(ServiceError::unsupported(format_args!(
            "the target {} of a command",
            other.key
        )));
    }
    if !targets.is_empty() {
        // Instances that cannot be reached are no targets.
        let named = targets.iter().flat_map(|target| &target.values);
        let named: BTreeSet<&String> = named.collect();
        let online = named.into_iter().filter_map(|id| fleet.online_instance(id));
        return Ok(online.collect());
    }
    let mut seen = BTreeSet::new();
    if ids.iter().any(|id| !seen.insert(id)) {
        return Err(ServiceError::new(Code::DuplicateInstanceId, ""));
    }
    let wrong: Vec<&str> = ids
        .iter()
        .map(String::as_str)
        .filter(|id| fleet.online_instance(id).is_none())
        .collect();
    if !wrong.is_empty() {
        return Err(not_valid(&wrong, context));
    }
    Ok(ids
        .iter()
        .filter_map(|id| fleet.online_instance(id))
        .collect())
}

fn refuse_document(name: &str) -> Result<(), ServiceError> {
    match name {
        SHELL_SCRIPT => Ok(()),
        _ if name.starts_with("AWS-") || name.starts_with("AmazonCloudWatch-") => Err(
            ServiceError::unsupported(format_args!("the document {name}")),
        ),
        _ => {
            let message = format!("Document with name {name} does not exist.");
            Err(ServiceError::new(Code::InvalidDocument, message))
        }
    }
}

/// Returns AWS's answer to instances that cannot be reached.
pub(super) fn not_valid(ids: &[&str], context: &RequestContext<'_>) -> ServiceError {
    let message = format!(
        "Instances [[{}]] not in a valid state for account {}",
        ids.join(", "),
        context.account_id
    );
    ServiceError::new(Code::InvalidInstanceId, message)
}
