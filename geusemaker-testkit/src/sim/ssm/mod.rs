//! AWS Systems Manager: instances that it manages, commands and sessions on them, and parameters.

mod command;
mod error_code;
mod fleet;
mod image;
mod instance_information;
mod invocation;
mod operations;
mod paging;
mod parameter;
mod parameter_list;
mod session;
mod tags;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::command::Command;
pub(crate) use self::error_code::{Code, ERROR_CODES};
use self::fleet::Fleet;
pub(crate) use self::image::resolve_image;
pub(crate) use self::operations::OPERATIONS;
use self::parameter::Parameter;
use self::session::Session;
use super::account::Region;
use super::context::RequestContext;
use super::ec2::Ec2;
use super::iam::Iam;
use super::resource::{Resource, ResourceState};
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The content of Systems Manager in one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ssm {
    /// By id.
    commands: BTreeMap<String, Command>,
    /// By name.
    parameters: BTreeMap<String, Parameter>,
    /// By id.
    sessions: BTreeMap<String, Session>,
}

impl Ssm {
    /// Returns the resources: commands and sessions end by themselves, so only parameters count.
    pub(crate) fn inventory(&self) -> impl Iterator<Item = Resource> {
        let names = self.parameters.keys();
        names.map(|name| Resource::new("SSM::Parameter", name))
    }

    /// Returns the states of the resources that have one: instances that the service manages, the invocations of
    /// commands on instances, by command, and sessions.
    pub(crate) fn states(&self, ec2: &Ec2, iam: &Iam, now: Timestamp) -> Vec<ResourceState> {
        let fleet = Fleet { ec2, iam, now };
        let managed = fleet.managed_instances().map(|managed| {
            Resource::new("SSM::ManagedInstance", &managed.instance.id)
                .in_state(managed.ping_status())
        });
        let invocations = self.commands.values().flat_map(|command| {
            let invocations = command.invocations(&fleet);
            invocations.map(|(_, invocation)| {
                Resource::new("SSM::CommandInvocation", &command.id).in_state(invocation.status)
            })
        });
        let sessions = self.sessions.values().map(|session| {
            Resource::new("SSM::Session", &session.id).in_state(session.status(&fleet))
        });
        managed.chain(invocations).chain(sessions).collect()
    }
}

/// Answers a call of Systems Manager.
pub(crate) fn answer(
    region: &mut Region,
    iam: &Iam,
    context: &mut RequestContext<'_>,
    operation: &str,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let Region { ec2, ssm, .. } = region;
    let now = context.now;
    let fleet = Fleet { ec2, iam, now };
    operations::perform(operation, ssm, &fleet, context, input)
}

/// Returns a time as JSON has it, in seconds.
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(Code::ValidationException, message)
}
