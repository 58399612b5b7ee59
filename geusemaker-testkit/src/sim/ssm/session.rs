//! Sessions on instances. Nothing flows through them here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fleet::Fleet;
use super::{Code, Ssm, paging, seconds};
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The documents of AWS that open a session, the default one first.
const DOCUMENTS: [&str; 6] = [
    "SSM-SessionManagerRunShell",
    "AWS-StartInteractiveCommand",
    "AWS-StartNonInteractiveCommand",
    "AWS-StartPortForwardingSession",
    "AWS-StartPortForwardingSessionToRemoteHost",
    "AWS-StartSSHSession",
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    target: String,
    document: String,
    reason: String,
    parameters: Map<String, Value>,
    started_at: Timestamp,
    terminated_at: Option<Timestamp>,
}

impl Session {
    /// Returns the state. A session ends with its instance's run.
    pub(super) fn status(&self, fleet: &Fleet<'_>) -> &'static str {
        match self.ended_at(fleet) {
            Some(_) => "Terminated",
            None => "Connected",
        }
    }

    fn ended_at(&self, fleet: &Fleet<'_>) -> Option<Timestamp> {
        let instance = fleet.ec2.instance(&self.target);
        let end = instance.map_or(Some(fleet.now), |instance| instance.end_begins_at());
        let end = end.filter(|end| *end <= fleet.now);
        [self.terminated_at, end].into_iter().flatten().min()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StartRequest {
    target: String,
    document_name: Option<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    parameters: Map<String, Value>,
}

pub(super) fn start(
    ssm: &mut Ssm,
    fleet: &Fleet<'_>,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: StartRequest = input.body()?;
    let document = request.document_name.as_deref().unwrap_or(DOCUMENTS[0]);
    if !DOCUMENTS.contains(&document) {
        let message = format!("Document with name {document} does not exist.");
        return Err(ServiceError::new(Code::InvalidDocument, message));
    }
    let target = fleet.online_instance(&request.target);
    if !target.is_some_and(|target| target.has_channel) {
        let message = format!("{} is not connected.", request.target);
        return Err(ServiceError::new(Code::TargetNotConnected, message));
    }
    let id = format!("simulated-{}", context.rng.hex(17));
    let token = context.rng.hex(128);
    let url = format!(
        "wss://ssmmessages.{}.{}/v1/data-channel/{id}?role=publish_subscribe",
        context.region,
        context.partition().dns_suffix()
    );
    let session = Session {
        id: id.clone(),
        target: request.target,
        document: document.to_owned(),
        reason: request.reason,
        parameters: request.parameters,
        started_at: context.now,
        terminated_at: None,
    };
    ssm.sessions.insert(id.clone(), session);
    Ok(Reply::json(json!({
        "SessionId": id,
        "TokenValue": token,
        "StreamUrl": url,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TerminateRequest {
    session_id: String,
}

pub(super) fn terminate(
    ssm: &mut Ssm,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let TerminateRequest { session_id } = input.body()?;
    let session = ssm.sessions.get_mut(&session_id).ok_or_else(|| {
        let message = format!("Session {session_id} does not exist");
        ServiceError::new(Code::DoesNotExistException, message)
    })?;
    session.terminated_at.get_or_insert(context.now);
    Ok(Reply::json(json!({ "SessionId": session_id })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeRequest {
    state: Wanted,
    max_results: Option<u32>,
    next_token: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum Wanted {
    Active,
    History,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    key: String,
    value: String,
}

pub(super) fn describe(
    ssm: &Ssm,
    fleet: &Fleet<'_>,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: DescribeRequest = input.body()?;
    for filter in &request.filters {
        if !["Owner", "SessionId", "Target"].contains(&filter.key.as_str()) {
            return Err(ServiceError::unsupported(format_args!(
                "the filter {} of sessions",
                filter.key
            )));
        }
    }
    let owner = context.user_arn();
    let found = ssm.sessions.values().filter(|session| {
        let is_active = session.ended_at(fleet).is_none();
        let has_all = request.filters.iter().all(|filter| {
            let value = match filter.key.as_str() {
                "Owner" => &owner,
                "SessionId" => &session.id,
                _ => &session.target,
            };
            *value == filter.value
        });
        has_all && is_active == (request.state == Wanted::Active)
    });
    let found = found.map(|session| {
        let mut described = json!({
            "SessionId": session.id,
            "Target": session.target,
            "Status": session.status(fleet),
            "StartDate": seconds(session.started_at),
            "DocumentName": session.document,
            "Owner": owner,
            "Reason": session.reason,
        });
        if let Some(end) = session.ended_at(fleet) {
            described["EndDate"] = seconds(end).into();
        }
        (session.id.clone(), described)
    });
    let size = (request.max_results, 1..=200);
    let token = request.next_token.as_deref();
    paging::reply("Sessions", size, token, found)
}
