//! Tests of lifecycle overrides for load balancers, targets, file systems, mount targets and distributions.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::LifecycleOverride;
use crate::sim;
use crate::sim::account::Account;
use crate::sim::guest::{Guest, PlainGuest};
use crate::sim::timings::Timings;
use crate::wire::{self, Body};

const YEAR: u64 = 365 * 24 * 60 * 60;

/// An account that is called directly, below the layer of faults.
struct World {
    account: Account,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        Self {
            account: Account::new(1, Timings::Instant),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// Sends a request and returns the body of the answer.
    fn send(
        &mut self,
        lifecycle: &LifecycleOverride,
        service: &str,
        method: &str,
        uri: &str,
        body: &str,
    ) -> String {
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=0"
        );
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", credential)
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        let mut call = wire::read(&request).unwrap();
        let guest: Arc<dyn Guest> = Arc::new(PlainGuest);
        let reply = sim::answer(&mut self.account, &guest, self.now, lifecycle, &mut call);
        match reply.unwrap().body {
            Body::Empty => String::new(),
            Body::Xml(element) => element.to_document(),
            Body::Json(value) => value.to_string(),
        }
    }

    fn ec2(&mut self, query: &str) -> String {
        let query = format!("Version=2016-11-15&{query}");
        self.send(&LifecycleOverride::Usual, "ec2", "POST", "/", &query)
    }

    fn elb(&mut self, lifecycle: &LifecycleOverride, query: &str) -> String {
        let query = format!("Version=2015-12-01&{query}");
        self.send(lifecycle, "elasticloadbalancing", "POST", "/", &query)
    }

    fn efs(
        &mut self,
        lifecycle: &LifecycleOverride,
        method: &str,
        path: &str,
        body: &str,
    ) -> String {
        let uri = format!("/2015-02-01/{path}");
        self.send(lifecycle, "elasticfilesystem", method, &uri, body)
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn subnets(&mut self) -> Vec<String> {
        texts(&self.ec2("Action=DescribeSubnets"), "subnetId")
    }

    fn load_balancer(&mut self, lifecycle: &LifecycleOverride) -> String {
        let [one, two, ..] = &self.subnets()[..] else {
            unreachable!("a default VPC has a subnet in each zone")
        };
        let made = self.elb(
            lifecycle,
            &format!(
                "Action=CreateLoadBalancer&Name=a&Subnets.member.1={one}&Subnets.member.2={two}"
            ),
        );
        texts(&made, "LoadBalancerArn").remove(0)
    }

    /// Returns the code of the first load balancer's state, and its reason.
    fn load_balancer_state(&mut self) -> (String, Option<String>) {
        let shown = self.elb(&LifecycleOverride::Usual, "Action=DescribeLoadBalancers");
        (
            texts(&shown, "Code").remove(0),
            texts(&shown, "Reason").pop(),
        )
    }

    /// Creates a target group behind an active load balancer, and registers an instance with that override. Returns the
    /// group's ARN.
    fn target(&mut self, lifecycle: &LifecycleOverride) -> String {
        self.target_behind(&LifecycleOverride::Usual, lifecycle)
    }

    /// Creates the same behind a load balancer that has an override too.
    fn target_behind(
        &mut self,
        load_balancer: &LifecycleOverride,
        lifecycle: &LifecycleOverride,
    ) -> String {
        let usual = &LifecycleOverride::Usual;
        let load_balancer = self.load_balancer(load_balancer);
        let vpc = texts(&self.ec2("Action=DescribeVpcs"), "vpcId").remove(0);
        let made = self.elb(
            usual,
            &format!("Action=CreateTargetGroup&Name=g&Protocol=HTTP&Port=80&VpcId={vpc}&HealthCheckIntervalSeconds=10&HealthCheckTimeoutSeconds=5"),
        );
        let group = texts(&made, "TargetGroupArn").remove(0);
        self.elb(
            usual,
            &format!("Action=CreateListener&LoadBalancerArn={load_balancer}&Protocol=HTTP&Port=80&DefaultActions.member.1.Type=forward&DefaultActions.member.1.TargetGroupArn={group}"),
        );
        let images = self.ec2("Action=DescribeImages&Owner.1=amazon&Filter.1.Name=architecture&Filter.1.Value.1=x86_64");
        let image = texts(&images, "imageId").remove(0);
        let subnet = self.subnets().remove(0);
        let run = self.ec2(&format!("Action=RunInstances&ImageId={image}&InstanceType=g4dn.xlarge&MinCount=1&MaxCount=1&SubnetId={subnet}"));
        let instance = texts(&run, "instanceId").remove(0);
        self.elb(
            lifecycle,
            &format!(
                "Action=RegisterTargets&TargetGroupArn={group}&Targets.member.1.Id={instance}"
            ),
        );
        group
    }

    /// Returns the state and the reason of the group's target.
    fn health(&mut self, group: &str) -> String {
        let shown = self.elb(
            &LifecycleOverride::Usual,
            &format!("Action=DescribeTargetHealth&TargetGroupArn={group}"),
        );
        [texts(&shown, "State"), texts(&shown, "Reason")]
            .concat()
            .join(" ")
    }

    fn file_system(&mut self, lifecycle: &LifecycleOverride) -> String {
        let made = self.efs(
            lifecycle,
            "POST",
            "file-systems",
            r#"{"CreationToken":"one"}"#,
        );
        member(&made, "FileSystemId")
    }

    fn file_system_state(&mut self) -> String {
        let shown = self.efs(&LifecycleOverride::Usual, "GET", "file-systems", "");
        member(&shown, "LifeCycleState")
    }
}

/// Returns the texts of all elements of that name.
fn texts(document: &str, name: &str) -> Vec<String> {
    document
        .split(&format!("<{name}>"))
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("</")?.0.to_owned()))
        .collect()
}

/// Returns the first string member of that name.
fn member(document: &str, name: &str) -> String {
    let (_, rest) = document.split_once(&format!("\"{name}\":\"")).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

fn fails(reason: &str, after: Option<u64>) -> LifecycleOverride {
    LifecycleOverride::Fails {
        reason: reason.to_owned(),
        after: after.map(Duration::from_secs),
    }
}

/// At once or later.
#[test]
fn load_balancer_fails_with_its_reason() {
    let mut world = World::new();
    world.load_balancer(&fails("no room", None));
    let failed = ("failed".to_owned(), Some("no room".to_owned()));
    assert_eq!(world.load_balancer_state(), failed);

    let mut world = World::new();
    world.load_balancer(&fails("no room", Some(60)));
    world.later(59);
    assert_eq!(world.load_balancer_state().0, "active");
    world.later(1);
    assert_eq!(world.load_balancer_state(), failed);
}

/// While it is provisioned, or while it is deleted.
#[test]
fn load_balancer_is_stuck() {
    let mut world = World::new();
    world.load_balancer(&LifecycleOverride::Stuck);
    world.later(YEAR);
    assert_eq!(world.load_balancer_state().0, "provisioning");

    let mut world = World::new();
    let arn = world.load_balancer(&LifecycleOverride::Usual);
    let delete = format!("Action=DeleteLoadBalancer&LoadBalancerArn={arn}");
    world.elb(&LifecycleOverride::Stuck, &delete);
    world.later(YEAR);
    assert_eq!(world.load_balancer_state().0, "active");
    assert!(!world.account.leftovers(world.now).is_empty());
}

#[test]
fn targets_of_failed_balancer_are_unused() {
    let mut world = World::new();
    let group = world.target_behind(&fails("no room", Some(60)), &LifecycleOverride::Usual);
    assert_eq!(world.health(&group), "healthy");
    world.later(60);
    assert_eq!(world.health(&group), "unused Target.NotInUse");
}

#[test]
fn failing_target_is_never_healthy() {
    for reason in [
        "Target.Timeout",
        "Target.ResponseCodeMismatch",
        "Target.FailedHealthChecks",
    ] {
        let mut world = World::new();
        let group = world.target(&fails(reason, None));
        assert_eq!(world.health(&group), "initial Elb.InitialHealthChecking");
        for wait in [10, YEAR] {
            world.later(wait);
            assert_eq!(world.health(&group), format!("unhealthy {reason}"));
        }
    }
}

#[test]
fn healthy_target_fails_at_threshold() {
    let mut world = World::new();
    let group = world.target(&fails("Target.Timeout", Some(60)));
    assert_eq!(world.health(&group), "healthy");
    // The checks at 60 s and 70 s fail, and two failures make the target unhealthy.
    world.later(69);
    assert_eq!(world.health(&group), "healthy");
    world.later(1);
    assert_eq!(world.health(&group), "unhealthy Target.Timeout");
}

#[test]
fn stuck_registration_stays_initial() {
    let mut world = World::new();
    let group = world.target(&LifecycleOverride::Stuck);
    world.later(YEAR);
    assert_eq!(world.health(&group), "initial Elb.RegistrationInProgress");
}

#[test]
fn file_system_fails_or_is_stuck() {
    let mut world = World::new();
    world.file_system(&fails("any", None));
    assert_eq!(world.file_system_state(), "error");

    let mut world = World::new();
    world.file_system(&LifecycleOverride::Slow(Duration::from_secs(60)));
    world.later(59);
    assert_eq!(world.file_system_state(), "creating");
    world.later(1);
    assert_eq!(world.file_system_state(), "available");

    let id = member(
        &world.efs(&LifecycleOverride::Usual, "GET", "file-systems", ""),
        "FileSystemId",
    );
    world.efs(
        &LifecycleOverride::Stuck,
        "DELETE",
        &format!("file-systems/{id}"),
        "",
    );
    world.later(YEAR);
    assert_eq!(world.file_system_state(), "deleting");
}

/// Its creation fails, and its deletion is stuck.
#[test]
fn mount_target_fails_or_is_stuck() {
    let mut world = World::new();
    let file_system = world.file_system(&LifecycleOverride::Usual);
    let subnet = world.subnets().remove(0);
    let creation = format!(r#"{{"FileSystemId":"{file_system}","SubnetId":"{subnet}"}}"#);
    let made = world.efs(&fails("any", None), "POST", "mount-targets", &creation);
    let id = member(&made, "MountTargetId");
    let path = format!("mount-targets?FileSystemId={file_system}");
    let shown = world.efs(&LifecycleOverride::Usual, "GET", &path, "");
    assert_eq!(member(&shown, "LifeCycleState"), "error");
    world.efs(
        &LifecycleOverride::Stuck,
        "DELETE",
        &format!("mount-targets/{id}"),
        "",
    );
    world.later(YEAR);
    let shown = world.efs(&LifecycleOverride::Usual, "GET", &path, "");
    assert_eq!(member(&shown, "LifeCycleState"), "deleting");
}

#[test]
fn distribution_is_stuck_in_progress() {
    let mut world = World::new();
    let config = "<DistributionConfig><CallerReference>one</CallerReference><Origins><Quantity>1</Quantity><Items>\
        <Origin><Id>a</Id><DomainName>a.example.org</DomainName><CustomOriginConfig><HTTPPort>80</HTTPPort>\
        <HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>http-only</OriginProtocolPolicy></CustomOriginConfig></Origin>\
        </Items></Origins><DefaultCacheBehavior><TargetOriginId>a</TargetOriginId>\
        <ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy>\
        <CachePolicyId>4135ea2d-6df8-44a3-9df3-4b5a84be39ad</CachePolicyId></DefaultCacheBehavior>\
        <Comment></Comment><Enabled>true</Enabled></DistributionConfig>";
    let path = "/2020-05-31/distribution";
    world.send(
        &LifecycleOverride::Stuck,
        "cloudfront",
        "POST",
        path,
        config,
    );
    world.later(YEAR);
    let shown = world.send(&LifecycleOverride::Usual, "cloudfront", "GET", path, "");
    assert_eq!(texts(&shown, "Status"), ["InProgress"]);
}
