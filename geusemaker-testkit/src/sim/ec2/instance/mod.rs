//! Instances: their lifecycles, as functions of the random draws and of the clock.

mod agent;
pub(super) mod attribute;
pub(super) mod console;
pub(super) mod description;
mod end;
mod filter;
pub(super) mod launch;
mod launch_request;
mod placing;
pub(super) mod profile;
mod startup;
pub(super) mod status;
#[cfg(test)]
mod tests;
pub(super) mod transition;
mod vcpu_quota;

use std::net::Ipv4Addr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::agent::Agent;
use self::end::InstanceEnd;
use self::launch_request::LaunchRequest;
pub(crate) use self::launch_request::launch_target;
use self::profile::AttachedProfile;
use self::startup::{Impairment, Startup};
use super::Ec2;
use super::resource_kind::ResourceKind;
use crate::wire::ServiceError;
use crate::wire::xml::Element;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(super) reservation: String,
    pub(super) launch_index: u32,
    /// The present settings.
    pub(super) launch: LaunchRequest,
    /// The settings at launch, if they have been modified since.
    #[serde(default)]
    launched_as: Option<Box<LaunchRequest>>,
    pub(crate) subnet: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(super) zone_id: String,
    pub(crate) private_ip: Ipv4Addr,
    /// The public address of the present or latest run.
    pub(super) public_ip: Option<Ipv4Addr>,
    pub(super) interface: String,
    pub(super) spot_request: Option<String>,
    #[serde(default)]
    pub(super) spot_cancelled_at: Option<Timestamp>,
    pub(super) launched_at: Timestamp,
    /// The time of the last start, if the instance was ever stopped.
    #[serde(default)]
    pub(super) started_at: Option<Timestamp>,
    /// The time from which other calls know the id.
    pub(super) visible_at: Timestamp,
    #[serde(flatten)]
    pub(super) startup: Startup,
    #[serde(default)]
    pub(super) impairment: Option<Impairment>,
    /// The capacity reservation in which the present or latest run was launched.
    #[serde(default)]
    pub(super) capacity_reservation: Option<String>,
    /// The instance profile as it was at the launch.
    #[serde(default)]
    profile: Option<AttachedProfile>,
    /// The agent of Systems Manager, on an instance with a profile.
    #[serde(default)]
    pub(crate) agent: Option<Agent>,
    #[serde(default)]
    pub(super) stop: Option<InstanceEnd>,
    pub(super) termination: Option<InstanceEnd>,
}

/// The state of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstanceState {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
}

impl InstanceState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
        }
    }

    pub(super) fn code(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Running => 16,
            Self::ShuttingDown => 32,
            Self::Terminated => 48,
            Self::Stopping => 64,
            Self::Stopped => 80,
        }
    }

    pub(super) fn element(self, name: &str) -> Element {
        Element::new(name)
            .with("code", self.code())
            .with("name", self.name())
    }
}

/// The data of a new instance.
pub(super) struct NewInstance {
    pub(super) id: String,
    pub(super) reservation: String,
    pub(super) launch_index: u32,
    pub(super) launch: LaunchRequest,
    pub(super) subnet: super::Subnet,
    pub(super) interface: super::NetworkInterface,
    pub(super) public_ip: Option<Ipv4Addr>,
    pub(super) spot_request: Option<String>,
    pub(super) capacity_reservation: Option<String>,
    pub(super) launched_at: Timestamp,
    pub(super) visible_at: Timestamp,
    pub(super) startup: Startup,
    pub(super) impairment: Option<Impairment>,
    pub(super) termination: Option<InstanceEnd>,
}

impl Instance {
    pub(super) fn new(new: NewInstance) -> Self {
        Self {
            id: new.id,
            reservation: new.reservation,
            launch_index: new.launch_index,
            launch: new.launch,
            launched_as: None,
            subnet: new.subnet.id,
            vpc: new.subnet.vpc,
            zone: new.subnet.zone,
            zone_id: new.subnet.zone_id,
            private_ip: new.interface.private_ip,
            public_ip: new.public_ip,
            interface: new.interface.id,
            spot_request: new.spot_request,
            spot_cancelled_at: None,
            launched_at: new.launched_at,
            started_at: None,
            visible_at: new.visible_at,
            startup: new.startup,
            impairment: new.impairment,
            capacity_reservation: new.capacity_reservation,
            profile: None,
            agent: None,
            stop: None,
            termination: new.termination,
        }
    }

    pub(crate) fn state(&self, now: Timestamp) -> InstanceState {
        if let Some(end) = &self.termination {
            if now >= end.ends_at {
                return InstanceState::Terminated;
            }
            if now >= end.begins_at {
                return InstanceState::ShuttingDown;
            }
        }
        if let Some(stop) = &self.stop {
            if now >= stop.ends_at {
                return InstanceState::Stopped;
            }
            if now >= stop.begins_at {
                return InstanceState::Stopping;
            }
        }
        if now >= self.startup.running_at {
            return InstanceState::Running;
        }
        InstanceState::Pending
    }

    /// Returns the time at which user data has run and the services answer, if the instance lives that long.
    pub(crate) fn services_up_at(&self) -> Timestamp {
        self.startup.services_up_at
    }

    /// Returns true if the instance runs, and its status checks do not say that the guest hangs.
    pub(crate) fn has_working_guest(&self, now: Timestamp) -> bool {
        let impairment = self.impairment.as_ref();
        self.state(now) == InstanceState::Running
            && !impairment.is_some_and(|it| it.of_instance && it.since <= now)
    }

    /// Returns the time at which the present run begins to end, if that is known.
    pub(crate) fn end_begins_at(&self) -> Option<Timestamp> {
        let ends = [&self.stop, &self.termination];
        ends.into_iter().flatten().map(|end| end.begins_at).min()
    }

    /// Returns the public address, unless it is elastic. An instance loses it when it is stopped (EC2 user guide).
    pub(super) fn public_address(&self, now: Timestamp) -> Option<Ipv4Addr> {
        match self.state(now) {
            InstanceState::Pending
            | InstanceState::Running
            | InstanceState::Stopping
            | InstanceState::ShuttingDown => self.public_ip,
            InstanceState::Stopped | InstanceState::Terminated => None,
        }
    }

    /// Returns the name of the root device, such as `/dev/sda1`.
    pub(super) fn root_device(&self) -> &str {
        // The root volume comes first.
        self.launch
            .devices
            .first()
            .map_or("/dev/sda1", |root| &root.name)
    }

    /// Returns true if that moment has passed, and the instance was not ended before it.
    pub(super) fn reached(&self, moment: Timestamp, now: Timestamp) -> bool {
        now >= moment
            && self
                .termination
                .as_ref()
                .is_none_or(|end| end.begins_at >= moment)
    }

    /// Returns true if other calls know the instance: from soon after its launch until it has expired.
    fn is_visible(&self, now: Timestamp) -> bool {
        now >= self.visible_at && !self.is_forgotten(now)
    }

    /// Returns true if the instance ended more than an hour ago (EC2 model).
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        self.terminated_at()
            .is_some_and(|ended_at| now >= ended_at + Duration::from_secs(3600))
    }

    /// Returns the time at which the instance is terminated, once its end has begun.
    pub(super) fn terminated_at(&self) -> Option<Timestamp> {
        self.termination.as_ref().map(|end| end.ends_at)
    }

    pub(super) fn is_terminated(&self, now: Timestamp) -> bool {
        self.state(now) == InstanceState::Terminated
    }

    /// Returns the call that launched the instance, for comparison with another call that has the same token.
    pub(super) fn launched_as(&self) -> &LaunchRequest {
        self.launched_as.as_deref().unwrap_or(&self.launch)
    }

    /// Returns the instance's settings, to be modified.
    pub(super) fn modify(&mut self) -> &mut LaunchRequest {
        let launch = &self.launch;
        self.launched_as
            .get_or_insert_with(|| Box::new(launch.clone()));
        &mut self.launch
    }
}

impl Ec2 {
    /// Returns the number of an instance among all that were launched in the region, in their order, counted from 1.
    pub(crate) fn launch_number(&self, instance: &Instance) -> u32 {
        let order = |it: &Instance| (it.launched_at, it.id.clone());
        let own = order(instance);
        let earlier = self.instances.values().filter(|it| order(it) < own);
        u32::try_from(earlier.count() + 1).unwrap_or(u32::MAX)
    }

    /// Returns the instances that other calls know.
    pub(super) fn visible_instances(&self, now: Timestamp) -> impl Iterator<Item = &Instance> {
        self.instances
            .values()
            .filter(move |instance| instance.is_visible(now))
    }

    /// Returns an instance by its id, as another call finds it.
    pub(super) fn visible_instance(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<&Instance, ServiceError> {
        self.instance(id)
            .filter(|instance| instance.is_visible(now))
            .ok_or_else(|| ResourceKind::Instance.unknown(id))
    }

    /// Returns the same instance, to be changed.
    pub(super) fn visible_instance_mut(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<&mut Instance, ServiceError> {
        self.instances
            .get_mut(id)
            .filter(|instance| instance.is_visible(now))
            .ok_or_else(|| ResourceKind::Instance.unknown(id))
    }
}
