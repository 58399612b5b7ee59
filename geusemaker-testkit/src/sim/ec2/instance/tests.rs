//! Tests of the lifecycle of an instance, with and without an override.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::sim::capacity::Capacity;
use crate::sim::context::RequestContext;
use crate::sim::ec2::{self, Ec2, InstanceState, image};
use crate::sim::guest::{Guest, PlainGuest};
use crate::sim::iam::Iam;
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::opt_in::OptIns;
use crate::sim::quota::Quotas;
use crate::sim::timings::{Rng, Timings};
use crate::wire::params::Params;
use crate::wire::{Body, ServiceError};

struct Region {
    ec2: Ec2,
    rng: Rng,
    now: Timestamp,
}

impl Region {
    fn new() -> Self {
        Self {
            ec2: Ec2::with_default_vpc("123456789012", "us-east-1"),
            rng: Rng::new(7, Timings::Slow),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// Calls EC2 and returns the text of its answer.
    fn call(&mut self, lifecycle: &LifecycleOverride, query: &str) -> Result<String, ServiceError> {
        let guest: Arc<dyn Guest> = Arc::new(PlainGuest);
        let mut params = Params::parse(query.as_bytes());
        let operation = params.required("Action")?;
        let mut context = RequestContext {
            now: self.now,
            account_id: "123456789012",
            region: "us-east-1",
            rng: &mut self.rng,
            guest: &guest,
            lifecycle,
            quotas: &Quotas::default(),
            opt_ins: &OptIns::default(),
            newer_types: &[],
            capacity: &Capacity::default(),
        };
        let reply = ec2::answer(
            &mut self.ec2,
            &Iam::default(),
            &mut context,
            &operation,
            &mut params,
        )?;
        match reply.body {
            Body::Xml(element) => Ok(element.to_document()),
            Body::Empty | Body::Json(_) => Ok(String::new()),
        }
    }

    fn launch(&mut self, lifecycle: &LifecycleOverride) -> String {
        let image = image::images("us-east-1").remove(0).id;
        let query = format!(
            "Action=RunInstances&ImageId={image}&InstanceType=g5.xlarge&MinCount=1&MaxCount=1"
        );
        self.call(lifecycle, &query).unwrap();
        self.wait(10);
        self.ec2.instances.keys().next().unwrap().clone()
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn state(&self, id: &str) -> InstanceState {
        self.ec2.instance(id).unwrap().state(self.now)
    }
}

fn fails(reason: &str, after: Option<u64>) -> LifecycleOverride {
    LifecycleOverride::Fails {
        reason: reason.to_owned(),
        after: after.map(Duration::from_secs),
    }
}

/// It goes straight from `pending` to `terminated`.
#[test]
fn failed_launch_ends_terminated() {
    let mut region = Region::new();
    let id = region.launch(&fails("Server.InternalError", None));
    assert_eq!(region.state(&id), InstanceState::Pending);
    region.wait(170);
    assert_eq!(region.state(&id), InstanceState::Terminated);
    let described = region
        .call(&LifecycleOverride::Usual, "Action=DescribeInstances")
        .unwrap();
    assert!(described.contains(
        "<code>Server.InternalError</code><message>Server.InternalError: Internal error on launch</message>"
    ));
    assert!(region.ec2.volumes_of(&id, region.now).is_empty());
    let vpc_and_its_own = region.ec2.inventory(region.now);
    assert_eq!(vpc_and_its_own, Region::new().ec2.inventory(region.now));
}

#[test]
fn spot_instance_is_interrupted_later() {
    let mut region = Region::new();
    let id = region.launch(&fails("Server.SpotInstanceTermination", Some(600)));
    region.wait(170 + 590);
    assert_eq!(region.state(&id), InstanceState::Running);
    region.wait(11);
    assert_eq!(region.state(&id), InstanceState::ShuttingDown);
    region.wait(300);
    assert_eq!(region.state(&id), InstanceState::Terminated);
}

#[test]
fn doomed_instance_can_be_terminated_first() {
    let mut region = Region::new();
    let id = region.launch(&fails("Server.InternalError", Some(10_000)));
    region.wait(200);
    let end = format!("Action=TerminateInstances&InstanceId.1={id}");
    region.call(&LifecycleOverride::Usual, &end).unwrap();
    region.wait(300);
    assert_eq!(region.state(&id), InstanceState::Terminated);
}

/// A stuck launch stays `pending`, and a stuck termination stays `shutting-down`.
#[test]
fn stuck_instance_keeps_its_state() {
    let mut region = Region::new();
    let id = region.launch(&LifecycleOverride::Stuck);
    region.wait(1_000_000);
    assert_eq!(region.state(&id), InstanceState::Pending);
    let end = format!("Action=TerminateInstances&InstanceId.1={id}");
    region.call(&LifecycleOverride::Stuck, &end).unwrap();
    region.wait(1_000_000);
    assert_eq!(region.state(&id), InstanceState::ShuttingDown);
}

/// The later steps take their usual time.
#[test]
fn slow_launch_delays_only_running() {
    let mut region = Region::new();
    let id = region.launch(&LifecycleOverride::Slow(Duration::from_secs(1000)));
    let instance = region.ec2.instance(&id).unwrap();
    let running = Timestamp::UNIX_EPOCH + Duration::from_secs(1180);
    assert_eq!(instance.startup.running_at, running);
    assert_eq!(instance.services_up_at(), running + Duration::from_secs(90));
}

#[test]
fn reboot_repairs_failed_checks() {
    let mut region = Region::new();
    let id = region.launch(&fails("StatusCheckFailed_Instance", None));
    region.wait(170 + 240);
    assert_eq!(region.state(&id), InstanceState::Running);
    let status = |region: &mut Region| {
        region
            .call(&LifecycleOverride::Usual, "Action=DescribeInstanceStatus")
            .unwrap()
    };
    let impaired = status(&mut region);
    assert!(impaired.contains("<instanceStatus><status>impaired</status>"));
    assert!(impaired.contains("<systemStatus><status>ok</status>"));
    let instance = region.ec2.instance(&id).unwrap();
    assert!(instance.services_up_at() > region.now);
    let reboot = format!("Action=RebootInstances&InstanceId.1={id}");
    region.call(&LifecycleOverride::Usual, &reboot).unwrap();
    region.wait(100);
    assert!(status(&mut region).contains("<instanceStatus><status>ok</status>"));
    let instance = region.ec2.instance(&id).unwrap();
    assert!(instance.services_up_at() <= region.now);
}

#[test]
fn failed_start_ends_stopped() {
    let mut region = Region::new();
    let id = region.launch(&LifecycleOverride::Usual);
    region.wait(200);
    let stop = format!("Action=StopInstances&InstanceId.1={id}");
    region.call(&LifecycleOverride::Usual, &stop).unwrap();
    region.wait(200);
    let start = format!("Action=StartInstances&InstanceId.1={id}");
    let failure = fails("Server.InternalError", None);
    region.call(&failure, &start).unwrap();
    assert_eq!(region.state(&id), InstanceState::Pending);
    region.wait(200);
    assert_eq!(region.state(&id), InstanceState::Stopped);
}
