//! The calls that change the state of instances: stop, start, reboot and terminate.

use std::collections::BTreeSet;

use super::end::InstanceEnd;
use super::launch::public_address;
use super::startup::Startup;
use super::{Instance, InstanceState};
use crate::sim::catalog;
use crate::sim::context::RequestContext;
use crate::sim::ec2::{Code, Ec2};
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn terminate(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let ids = read_ids(params)?;
    // The account does not see how the guest shuts down.
    params.accept("Force");
    params.accept("SkipOsShutdown");
    params.refuse_unread("TerminateInstances")?;
    let before = states(ec2, context, &ids)?;
    // EC2 reference: no instance in the zone of a protected one is terminated; those in other zones are.
    let protected: Vec<&Instance> = ids
        .iter()
        .filter_map(|id| ec2.instance(id))
        .filter(|instance| instance.launch.disable_api_termination)
        .filter(|instance| !instance.is_terminated(context.now))
        .collect();
    let refusal = protected.first().map(|instance| {
        let message = format!(
            "The instance '{}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.",
            instance.id
        );
        ServiceError::new(Code::OperationNotPermitted, message)
    });
    let saved: BTreeSet<String> = protected
        .iter()
        .map(|instance| instance.zone.clone())
        .collect();
    for id in &ids {
        let is_saved = |instance: &Instance| saved.contains(&instance.zone);
        if !ec2.instance(id).is_some_and(is_saved) {
            ec2.terminate_one(context, id);
        }
    }
    match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(changes(ec2, context, &before)),
    }
}

pub(crate) fn stop(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let ids = read_ids(params)?;
    let hibernate = params.parsed("Hibernate")?.unwrap_or(false);
    // The account does not see how the guest shuts down.
    params.accept("Force");
    params.accept("SkipOsShutdown");
    params.refuse_unread("StopInstances")?;
    let before = states(ec2, context, &ids)?;
    for (id, state) in &before {
        let instance = ec2.visible_instance(id, context.now)?;
        instance.refuse_stop(*state, hibernate)?;
    }
    for (id, state) in &before {
        if *state != InstanceState::Running {
            continue;
        }
        let ends_at = context.now + context.duration(Step::InstanceStopped);
        let instance = ec2.visible_instance_mut(id, context.now)?;
        instance.stop = Some(InstanceEnd::by_user(context.now, ends_at));
    }
    Ok(changes(ec2, context, &before))
}

pub(crate) fn start(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let ids = read_ids(params)?;
    // EC2 reference: reserved.
    params.accept("AdditionalInfo");
    params.refuse_unread("StartInstances")?;
    let before = states(ec2, context, &ids)?;
    for (id, state) in &before {
        match state {
            InstanceState::Pending | InstanceState::Running | InstanceState::Stopped => {}
            InstanceState::Stopping | InstanceState::ShuttingDown | InstanceState::Terminated => {
                return Err(incorrect_state(id, "started"));
            }
        }
        if *state == InstanceState::Stopped {
            ec2.admit_start(context, id)?;
        }
    }
    for (id, state) in &before {
        if *state != InstanceState::Stopped {
            continue;
        }
        let place = ec2.admit_start(context, id)?;
        let outcome = Startup::draw(context);
        let address = public_address(context);
        let interface = &ec2.visible_instance(id, context.now)?.interface;
        let is_elastic = ec2.elastic_address_of(interface).is_some();
        let instance = ec2.visible_instance_mut(id, context.now)?;
        instance.startup = outcome.startup;
        instance.impairment = outcome.impairment;
        instance.stop = outcome.end;
        instance.started_at = Some(context.now);
        instance.capacity_reservation = place;
        // An instance that had a public address gets a new one, but keeps an elastic one.
        if !is_elastic {
            instance.public_ip = instance.public_ip.map(|_| address);
        }
        instance.restart_agent(context);
    }
    Ok(changes(ec2, context, &before))
}

pub(crate) fn reboot(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let ids = read_ids(params)?;
    params.refuse_unread("RebootInstances")?;
    for (id, state) in states(ec2, context, &ids)? {
        if state != InstanceState::Running {
            let message =
                format!("The instance '{id}' is not in a state from which it can be rebooted.");
            return Err(ServiceError::new(Code::IncorrectState, message));
        }
    }
    for id in &ids {
        // The instance stays in the state `running` throughout; only its services are down. Faults that AWS repairs by
        // moving the instance to another machine are not repaired by a reboot.
        let back_at = context.now + context.rng.duration(Step::ServicesUp);
        let now = context.now;
        let instance = ec2.visible_instance_mut(id, now)?;
        let repaired = instance
            .impairment
            .take_if(|impairment| !impairment.of_system && impairment.since <= now);
        let services_up_at = &mut instance.startup.services_up_at;
        *services_up_at = match repaired {
            Some(_) => back_at,
            None => back_at.max(*services_up_at),
        };
        instance.restart_agent(context);
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

impl Instance {
    fn refuse_stop(&self, state: InstanceState, hibernate: bool) -> Result<(), ServiceError> {
        let id = &self.id;
        match state {
            InstanceState::Running | InstanceState::Stopping | InstanceState::Stopped => {}
            InstanceState::Pending | InstanceState::ShuttingDown | InstanceState::Terminated => {
                return Err(incorrect_state(id, "stopped"));
            }
        }
        if self.launch.spot.is_some() {
            let message = format!(
                "You can't stop the Spot Instance '{id}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests."
            );
            return Err(ServiceError::new(Code::UnsupportedOperation, message));
        }
        if self.launch.disable_api_stop {
            let message = format!(
                "The instance '{id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again."
            );
            return Err(ServiceError::new(Code::OperationNotPermitted, message));
        }
        if hibernate {
            // No instance here is launched with hibernation.
            let message = format!("The instance '{id}' is not enabled for hibernation.");
            return Err(ServiceError::new(
                Code::UnsupportedHibernationConfiguration,
                message,
            ));
        }
        Ok(())
    }
}

impl Ec2 {
    /// Checks that a start fits into the quota of vCPUs and the zone's capacity, as a launch does, and returns the
    /// capacity reservation of the run.
    fn admit_start(
        &self,
        context: &RequestContext<'_>,
        id: &str,
    ) -> Result<Option<String>, ServiceError> {
        let instance = self.visible_instance(id, context.now)?;
        let Some(known) = catalog::instance_type(&instance.launch.instance_type) else {
            return Ok(None);
        };
        let mut launch = instance.launch.clone();
        (launch.min_count, launch.max_count) = (1, 1);
        let places = self.places_for(context, known, &launch, &instance.zone)?;
        Ok(places.into_iter().next().flatten())
    }

    fn terminate_one(&mut self, context: &mut RequestContext<'_>, id: &str) {
        let now = context.now;
        let Some(instance) = self.instances.get_mut(id) else {
            return;
        };
        let takes = match instance.state(now) {
            InstanceState::ShuttingDown | InstanceState::Terminated => return,
            // A stopped instance has nothing to shut down.
            InstanceState::Stopped => context.lifecycle.duration(std::time::Duration::ZERO),
            InstanceState::Pending | InstanceState::Running | InstanceState::Stopping => {
                context.duration(Step::InstanceTerminated)
            }
        };
        let ends_at = now + takes;
        instance.termination = Some(InstanceEnd::by_user(now, ends_at));
        let interface = instance.interface.clone();
        self.release_interface(&interface, ends_at);
    }
}

type States = Vec<(String, InstanceState)>;

fn read_ids(params: &mut Params) -> Result<Vec<String>, ServiceError> {
    let ids = params.list("InstanceId");
    if ids.is_empty() {
        // The error names the missing parameter.
        params.required("InstanceId")?;
    }
    Ok(ids)
}

/// Returns the states before a call. EC2 reference: a call with one bad id changes nothing.
fn states(ec2: &Ec2, context: &RequestContext<'_>, ids: &[String]) -> Result<States, ServiceError> {
    ids.iter()
        .map(|id| {
            let instance = ec2.visible_instance(id, context.now)?;
            Ok((id.clone(), instance.state(context.now)))
        })
        .collect()
}

fn changes(ec2: &Ec2, context: &RequestContext<'_>, before: &States) -> Reply {
    let items = before.iter().map(|(id, previous)| {
        let current = ec2
            .instance(id)
            .map_or(*previous, |instance| instance.state(context.now));
        Element::new("item")
            .with("instanceId", id)
            .child(current.element("currentState"))
            .child(previous.element("previousState"))
    });
    let set = Element::list("instancesSet", "item", items);
    Reply::xml(Element::new("reply").child(set))
}

fn incorrect_state(id: &str, verb: &str) -> ServiceError {
    // AWS writes "This" for a stop and "The" otherwise.
    let article = if verb == "stopped" { "This" } else { "The" };
    let message =
        format!("{article} instance '{id}' is not in a state from which it can be {verb}.");
    ServiceError::new(Code::IncorrectInstanceState, message)
}
