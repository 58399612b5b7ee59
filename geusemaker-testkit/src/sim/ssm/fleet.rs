//! The instances that Systems Manager manages: those whose agent has registered with the role of their profile.

use jiff::Timestamp;

use crate::sim::ec2::{Ec2, Instance, InstanceState};
use crate::sim::iam::Iam;

/// The action that an agent needs to register and to report.
const REPORT: &str = "ssm:UpdateInstanceInformation";

/// The actions that an agent needs to receive commands and sessions.
const CHANNELS: [&str; 2] = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:OpenControlChannel",
];

/// The instances of a region and the roles of the account, at one time.
pub(super) struct Fleet<'a> {
    pub(super) ec2: &'a Ec2,
    pub(super) iam: &'a Iam,
    pub(super) now: Timestamp,
}

/// An instance whose agent has registered.
pub(super) struct ManagedInstance<'a> {
    pub(super) instance: &'a Instance,
    pub(super) registered_at: Timestamp,
    /// True if the agent reports at present.
    pub(super) is_online: bool,
    /// True if the agent can receive commands and sessions.
    pub(super) has_channel: bool,
}

impl ManagedInstance<'_> {
    pub(super) fn ping_status(&self) -> &'static str {
        if self.is_online {
            "Online"
        } else {
            "ConnectionLost"
        }
    }
}

impl<'a> Fleet<'a> {
    /// Returns the instances that are managed, in the order of their ids.
    pub(super) fn managed_instances(&self) -> impl Iterator<Item = ManagedInstance<'a>> {
        let instances = self.ec2.instances();
        instances.filter_map(|instance| self.managed(instance))
    }

    /// Returns an instance that is managed, by its id.
    pub(super) fn managed_instance(&self, id: &str) -> Option<ManagedInstance<'a>> {
        self.managed(self.ec2.instance(id)?)
    }

    /// Returns an instance that can receive commands and sessions.
    pub(super) fn online_instance(&self, id: &str) -> Option<ManagedInstance<'a>> {
        self.managed_instance(id)
            .filter(|managed| managed.is_online)
    }

    fn managed(&self, instance: &'a Instance) -> Option<ManagedInstance<'a>> {
        if instance.state(self.now) == InstanceState::Terminated {
            return None;
        }
        let agent = instance.agent.as_ref()?;
        let profile = instance.profile(self.ec2.account_id())?;
        let allowed_since = self.iam.allowed_since(&profile.name, &[REPORT])?;
        let registered_at = agent.online_at(allowed_since);
        let ended_before = instance
            .end_begins_at()
            .is_some_and(|end| end < registered_at);
        if self.now < registered_at || ended_before {
            return None;
        }
        // No NAT gateway and no endpoint can be created here, so only a public address leads to the service.
        let has_route = self
            .ec2
            .public_address_of_instance(instance, self.now)
            .is_some();
        let is_running = instance.state(self.now) == InstanceState::Running;
        if is_running && !has_route {
            return None;
        }
        let channels = self.iam.allowed_since(&profile.name, &CHANNELS);
        Some(ManagedInstance {
            instance,
            registered_at,
            is_online: instance.has_working_guest(self.now),
            has_channel: channels.is_some_and(|since| since <= self.now),
        })
    }
}
