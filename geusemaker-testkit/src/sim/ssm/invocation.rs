//! The invocations of commands: their states, and their output.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::command::Command;
use super::fleet::Fleet;
use super::{Code, Ssm, invalid, paging, seconds};
use crate::sim::context::RequestContext;
use crate::sim::guest::CommandOutput;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The step of the document that runs the script.
const PLUGIN: &str = "aws:runShellScript";

/// The end of an output that was cut.
const TRUNCATED: &str = "--output truncated--";

/// A command on one instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Invocation {
    /// The time at which the agent gets the command; `None` if it has no channel for it.
    delivered_at: Option<Timestamp>,
    /// The time at which the service knows the result.
    reported_at: Timestamp,
    takes: Duration,
    /// The result; `None` if the script runs longer than the command allows.
    result: Option<Output>,
    cancellation: Option<Cancellation>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Output {
    exit_code: i32,
    stdout: String,
    stderr: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Cancellation {
    asked_at: Timestamp,
    stops_at: Timestamp,
}

/// The state of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) status: &'static str,
    details: &'static str,
}

impl State {
    fn plain(status: &'static str) -> Self {
        Self {
            status,
            details: status,
        }
    }

    fn timed_out(details: &'static str) -> Self {
        Self {
            status: "TimedOut",
            details,
        }
    }

    /// Returns true if the invocation has not ended.
    pub(super) fn is_open(self) -> bool {
        ["Pending", "InProgress"].contains(&self.status)
    }
}

impl Invocation {
    pub(super) fn new(
        delivered_at: Option<Timestamp>,
        reported_at: Timestamp,
        takes: Duration,
        output: Option<CommandOutput>,
    ) -> Self {
        let result = output.map(|output| {
            let mut stderr = output.stderr;
            if output.exit_code != 0 {
                // The agent adds this line.
                let line = format!("failed to run commands: exit status {}", output.exit_code);
                stderr.push_str(&line);
            }
            Output {
                exit_code: output.exit_code,
                stdout: cut(&output.stdout, 24_000),
                stderr: cut(&stderr, 8_000),
            }
        });
        Self {
            delivered_at,
            reported_at,
            takes,
            result,
            cancellation: None,
        }
    }

    pub(super) fn cancel(&mut self, asked_at: Timestamp, stops_at: Timestamp) {
        self.cancellation = Some(Cancellation { asked_at, stops_at });
    }

    /// Returns the state at the fleet's time. An instance that goes down takes the command with it.
    pub(super) fn state(&self, command: &Command, instance: &str, fleet: &Fleet<'_>) -> State {
        let now = fleet.now;
        let instance = fleet.ec2.instance(instance);
        let goes_down = |at: Timestamp| match instance {
            Some(instance) => instance.end_begins_at().is_some_and(|end| end < at),
            None => true,
        };
        let deliverable_until = command.deliverable_until();
        let delivered_at = self
            .delivered_at
            .filter(|at| *at <= deliverable_until && !goes_down(*at));
        if let Some(cancellation) = &self.cancellation {
            let is_stopping = delivered_at.is_some_and(|at| at <= cancellation.asked_at);
            return match is_stopping && now < cancellation.stops_at {
                true => State::plain("Cancelling"),
                false => State::plain("Cancelled"),
            };
        }
        let Some(delivered_at) = delivered_at else {
            return match now < deliverable_until {
                true => State::plain("Pending"),
                false => State::timed_out("DeliveryTimedOut"),
            };
        };
        if now < delivered_at {
            return State::plain("Pending");
        }
        // The result of an instance that goes down in between is never reported.
        if now < self.reported_at || goes_down(self.reported_at) {
            return match now < deliverable_until.max(self.reported_at) {
                true => State::plain("InProgress"),
                false => State::timed_out("ExecutionTimedOut"),
            };
        }
        match &self.result {
            Some(output) if output.exit_code == 0 => State::plain("Success"),
            Some(_) => State::plain("Failed"),
            None => State::timed_out("ExecutionTimedOut"),
        }
    }

    /// Returns the exit code and the two outputs, which are only known once the command has ended by itself.
    fn result(&self, state: State) -> (i32, &str, &str) {
        match &self.result {
            Some(output) if ["Failed", "Success"].contains(&state.status) => {
                (output.exit_code, &output.stdout, &output.stderr)
            }
            Some(_) | None => (-1, "", ""),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRequest {
    command_id: String,
    instance_id: String,
    plugin_name: Option<String>,
}

pub(super) fn get(
    ssm: &Ssm,
    fleet: &Fleet<'_>,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: GetRequest = input.body()?;
    check_id(&request.command_id)?;
    let command = ssm.commands.get(&request.command_id);
    let command = command.filter(|command| context.now >= command.visible_at);
    let found = command.and_then(|command| {
        let invocation = command.invocations.get(&request.instance_id)?;
        Some((command, invocation))
    });
    let Some((command, invocation)) = found else {
        return Err(ServiceError::new(Code::InvocationDoesNotExist, ""));
    };
    if request.plugin_name.is_some_and(|name| name != PLUGIN) {
        return Err(ServiceError::new(Code::InvalidPluginName, ""));
    }
    let state = invocation.state(command, &request.instance_id, fleet);
    let (exit_code, stdout, stderr) = invocation.result(state);
    let started_at = invocation.delivered_at.filter(|at| *at <= context.now);
    let has_ended = ["Failed", "Success"].contains(&state.status);
    let ended_at = started_at.map(|at| at + invocation.takes);
    let date = |at: Option<Timestamp>| at.map(|at| format!("{at:.3}")).unwrap_or_default();
    let elapsed = match has_ended {
        true => format!("PT{}S", invocation.takes.as_secs_f64()),
        false => String::new(),
    };
    Ok(Reply::json(json!({
        "CommandId": command.id,
        "InstanceId": request.instance_id,
        "Comment": command.comment,
        "DocumentName": command.document(),
        "DocumentVersion": command.document_version,
        "PluginName": PLUGIN,
        "ResponseCode": exit_code,
        "ExecutionStartDateTime": date(started_at),
        "ExecutionElapsedTime": elapsed,
        "ExecutionEndDateTime": date(ended_at.filter(|_| has_ended)),
        "Status": state.status,
        "StatusDetails": state.details,
        "StandardOutputContent": stdout,
        "StandardOutputUrl": "",
        "StandardErrorContent": stderr,
        "StandardErrorUrl": "",
        "CloudWatchOutputConfig": { "CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": false },
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    command_id: Option<String>,
    instance_id: Option<String>,
    max_results: Option<u32>,
    next_token: Option<String>,
    #[serde(default)]
    details: bool,
}

pub(super) fn list(
    ssm: &Ssm,
    fleet: &Fleet<'_>,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: ListRequest = input.body()?;
    if let Some(id) = &request.command_id {
        check_id(id)?;
        if !ssm.commands.contains_key(id) {
            return Err(ServiceError::new(Code::InvalidCommandId, ""));
        }
    }
    let commands = ssm.commands.values().filter(|command| {
        let wanted = request.command_id.as_ref();
        context.now >= command.visible_at && wanted.is_none_or(|id| *id == command.id)
    });
    let mut found = Vec::new();
    for command in commands {
        for (instance, invocation) in &command.invocations {
            let wanted = request.instance_id.as_ref();
            if wanted.is_none_or(|id| id == instance) {
                let state = invocation.state(command, instance, fleet);
                let key = format!("{} {instance}", command.id);
                let plugins = match request.details {
                    true => vec![plugin(invocation, state)],
                    false => Vec::new(),
                };
                let listed = listed(command, instance, state, plugins);
                found.push((key, listed));
            }
        }
    }
    let size = (request.max_results, 1..=50);
    let token = request.next_token.as_deref();
    paging::reply("CommandInvocations", size, token, found)
}

fn listed(command: &Command, instance: &str, state: State, plugins: Vec<Value>) -> Value {
    json!({
        "CommandId": command.id,
        "InstanceId": instance,
        "InstanceName": "",
        "Comment": command.comment,
        "DocumentName": command.document(),
        "DocumentVersion": command.document_version,
        "RequestedDateTime": seconds(command.requested_at),
        "Status": state.status,
        "StatusDetails": state.details,
        "StandardOutputUrl": "",
        "StandardErrorUrl": "",
        "CommandPlugins": plugins,
        "ServiceRole": "",
    })
}

fn plugin(invocation: &Invocation, state: State) -> Value {
    let (exit_code, stdout, stderr) = invocation.result(state);
    let output = match stderr {
        "" => stdout.to_owned(),
        stderr => format!("{stdout}\n----------ERROR-------\n{stderr}"),
    };
    json!({
        "Name": PLUGIN,
        "Status": state.status,
        "StatusDetails": state.details,
        "ResponseCode": exit_code,
        "Output": cut(&output, 2500),
        "StandardOutputUrl": "",
        "StandardErrorUrl": "",
    })
}

/// Refuses an id that has not the length of one.
fn check_id(id: &str) -> Result<(), ServiceError> {
    if id.len() != 36 {
        return Err(invalid(format!(
            "1 validation error detected: Value '{id}' at 'commandId' failed to satisfy constraint: Member must have length 36"
        )));
    }
    Ok(())
}

/// Returns the beginning of a text of at most that many characters.
fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept = longest - TRUNCATED.len();
    text.chars().take(kept).chain(TRUNCATED.chars()).collect()
}
