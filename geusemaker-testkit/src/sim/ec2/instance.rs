//! Instances: their lives, and how they are described and ended.

use std::net::Ipv4Addr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Ec2;
use super::block_device::Volume;
use super::image::ROOT_DEVICE;
use super::launch_request::LaunchRequest;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use crate::sim::catalog;
use crate::sim::moment::Moment;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(super) reservation: String,
    pub(super) launch_index: u32,
    pub(super) launch: LaunchRequest,
    pub(crate) subnet: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(super) zone_id: String,
    pub(crate) private_ip: Ipv4Addr,
    pub(super) public_ip: Option<Ipv4Addr>,
    pub(super) interface: String,
    pub(super) volumes: Vec<Volume>,
    pub(super) spot_request: Option<String>,
    pub(super) launched_at: Timestamp,
    /// From when on other calls know the id.
    pub(super) visible_at: Timestamp,
    pub(super) running_at: Timestamp,
    pub(super) services_up_at: Timestamp,
    pub(super) status_checked_at: Timestamp,
    /// From when on there is console output, if the instance lives so long.
    pub(super) console_at: Timestamp,
    pub(super) termination: Option<Termination>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Termination {
    begins_at: Timestamp,
    ends_at: Timestamp,
}

/// Where an instance is in its life. There is no StopInstances here, so nothing is ever stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
}

impl InstanceState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
        }
    }

    pub(super) fn element(self, name: &str) -> Element {
        let code = match self {
            Self::Pending => 0,
            Self::Running => 16,
            Self::ShuttingDown => 32,
            Self::Terminated => 48,
        };
        Element::new(name)
            .with("code", code)
            .with("name", self.name())
    }
}

impl Instance {
    pub(crate) fn state(&self, now: Timestamp) -> InstanceState {
        match self.termination {
            Some(end) if now >= end.ends_at => InstanceState::Terminated,
            Some(end) if now >= end.begins_at => InstanceState::ShuttingDown,
            _ if now >= self.running_at => InstanceState::Running,
            _ => InstanceState::Pending,
        }
    }

    /// When user data has run and the services answer, if the instance lives so long.
    pub(crate) fn services_up_at(&self) -> Timestamp {
        self.services_up_at
    }

    /// Whether the instance had come so far when its life ended, if it has.
    pub(super) fn reached(&self, moment: Timestamp, now: Timestamp) -> bool {
        now >= moment && self.termination.is_none_or(|end| end.begins_at >= moment)
    }

    /// Whether other calls know of it: soon after the launch, until an hour after its end (EC2 model).
    fn is_visible(&self, now: Timestamp) -> bool {
        let forgotten_at = self
            .termination
            .map(|end| end.ends_at + Duration::from_secs(3600));
        now >= self.visible_at && forgotten_at.is_none_or(|at| now < at)
    }

    /// When it was gone, once its end has begun.
    pub(super) fn terminated_at(&self) -> Option<Timestamp> {
        self.termination.map(|end| end.ends_at)
    }

    fn is_terminated(&self, now: Timestamp) -> bool {
        self.state(now) == InstanceState::Terminated
    }
}

impl Described for Instance {
    const IDS: Option<&'static str> = Some("InstanceId");
    const FIELDS: &'static [Field<Self>] = &[
        ("instance-id", |_, _, instance| vec![instance.id.clone()]),
        ("client-token", |_, _, instance| {
            instance.launch.client_token.iter().cloned().collect()
        }),
        ("instance-state-name", |_, now, instance| {
            vec![instance.state(now).name().to_owned()]
        }),
        ("instance-type", |_, _, instance| {
            vec![instance.launch.instance_type.clone()]
        }),
        ("image-id", |_, _, instance| {
            vec![instance.launch.image.clone()]
        }),
        ("reservation-id", |_, _, instance| {
            vec![instance.reservation.clone()]
        }),
        // A terminated instance has left its network.
        ("vpc-id", |_, now, instance| {
            let there = !instance.is_terminated(now);
            there.then(|| instance.vpc.clone()).into_iter().collect()
        }),
        ("subnet-id", |_, now, instance| {
            let there = !instance.is_terminated(now);
            there.then(|| instance.subnet.clone()).into_iter().collect()
        }),
        ("availability-zone", |_, _, instance| {
            vec![instance.zone.clone()]
        }),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::Instance.unknown(id)
    }
}

impl Ec2 {
    /// The instances that other calls know of.
    pub(super) fn visible_instances(&self, now: Timestamp) -> impl Iterator<Item = &Instance> {
        self.instances
            .values()
            .filter(move |instance| instance.is_visible(now))
    }

    /// An instance by its id, as another call looks it up.
    pub(super) fn visible_instance(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<&Instance, ServiceError> {
        self.instance(id)
            .filter(|instance| instance.is_visible(now))
            .ok_or_else(|| ResourceKind::Instance.unknown(id))
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeInstances")?;
    let now = moment.now;
    let page = selection.choose(ec2, now, ec2.visible_instances(now))?;
    let mut reservations: Vec<&str> = Vec::new();
    for instance in &page.items {
        if !reservations.contains(&instance.reservation.as_str()) {
            reservations.push(&instance.reservation);
        }
    }
    let items = reservations.into_iter().map(|id| {
        let of_reservation = page
            .items
            .iter()
            .copied()
            .filter(|instance| instance.reservation == id);
        reservation(ec2, now, id, of_reservation)
    });
    let set = Element::list("reservationSet", "item", items);
    Ok(page.reply_with(set))
}

/// A reservation and those of its instances.
pub(super) fn reservation<'a>(
    ec2: &Ec2,
    now: Timestamp,
    id: &str,
    instances: impl Iterator<Item = &'a Instance>,
) -> Element {
    let items = instances.map(|instance| element(ec2, now, instance));
    Element::new("item")
        .with("reservationId", id)
        .with("ownerId", &ec2.account_id)
        .child(Element::new("groupSet"))
        .child(Element::list("instancesSet", "item", items))
}

pub(crate) fn terminate(
    ec2: &mut Ec2,
    moment: &mut Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let ids = params.list("InstanceId");
    params.refuse_unread("TerminateInstances")?;
    let now = moment.now;
    // EC2 reference: with one bad id in it, a call terminates nothing.
    for id in &ids {
        ec2.visible_instance(id, now)?;
    }
    let mut items = Vec::new();
    for id in ids {
        let Some(instance) = ec2.instances.get_mut(&id) else {
            continue;
        };
        let previous = instance.state(now);
        if instance.termination.is_none() {
            let ends_at = now + moment.duration(Step::InstanceTerminated);
            instance.termination = Some(Termination {
                begins_at: now,
                ends_at,
            });
            let interface = instance.interface.clone();
            ec2.release_interface(&interface, ends_at);
        }
        let current = ec2
            .instance(&id)
            .map_or(previous, |instance| instance.state(now));
        items.push(
            Element::new("item")
                .with("instanceId", id)
                .child(current.element("currentState"))
                .child(previous.element("previousState")),
        );
    }
    Ok(Reply::xml(Element::new("reply").child(Element::list(
        "instancesSet",
        "item",
        items,
    ))))
}

fn element(ec2: &Ec2, now: Timestamp, instance: &Instance) -> Element {
    let launch = &instance.launch;
    let launched_at = format!("{:.3}", instance.launched_at);
    let architecture =
        catalog::instance_type(&launch.instance_type).map(|known| known.architecture.as_str());
    let element = Element::new("item")
        .with("instanceId", &instance.id)
        .with("imageId", &launch.image)
        .child(instance.state(now).element("instanceState"))
        .with_some("keyName", launch.key_name.as_ref())
        .with("amiLaunchIndex", instance.launch_index)
        .with("instanceType", &launch.instance_type)
        .with("launchTime", &launched_at)
        .child(
            Element::new("placement")
                .with("availabilityZone", &instance.zone)
                .with("availabilityZoneId", &instance.zone_id)
                .with("tenancy", "default"),
        )
        .child(Element::new("monitoring").with("state", "disabled"))
        .with_some("architecture", architecture)
        .with("rootDeviceType", "ebs")
        .with("rootDeviceName", ROOT_DEVICE)
        .with("virtualizationType", "hvm")
        // EC2 reference: xen is what it says for Nitro too.
        .with("hypervisor", "xen")
        .with_some("clientToken", launch.client_token.as_ref())
        .with_some("instanceLifecycle", launch.spot.as_ref().map(|_| "spot"))
        .with_some("spotInstanceRequestId", instance.spot_request.as_ref())
        .with("enaSupport", true)
        .child(metadata_options(instance, now))
        .child(ec2.tags.element(&instance.id));
    let element = match instance.termination {
        Some(end) => element
            .with(
                "reason",
                format_args!(
                    "User initiated ({})",
                    end.begins_at.strftime("%Y-%m-%d %H:%M:%S GMT")
                ),
            )
            .child(
                Element::new("stateReason")
                    .with("code", "Client.UserInitiatedShutdown")
                    .with(
                        "message",
                        "Client.UserInitiatedShutdown: User initiated shutdown",
                    ),
            ),
        None if instance.state(now) == InstanceState::Pending => element.child(
            Element::new("stateReason")
                .with("code", "pending")
                .with("message", "pending"),
        ),
        None => element,
    };
    // A terminated instance has no network and no volumes any more.
    if instance.is_terminated(now) {
        return element;
    }
    let volumes = instance
        .volumes
        .iter()
        .map(|volume| volume.element(&launched_at));
    element
        .with("subnetId", &instance.subnet)
        .with("vpcId", &instance.vpc)
        .with("privateIpAddress", instance.private_ip)
        .with("privateDnsName", private_dns_name(ec2, instance.private_ip))
        .with_some("ipAddress", instance.public_ip)
        .with_some(
            "dnsName",
            instance
                .public_ip
                .and_then(|address| ec2.public_name(&instance.vpc, address)),
        )
        .with("sourceDestCheck", true)
        .child(Element::list("blockDeviceMapping", "item", volumes))
        .children(ec2.network_of_instance(instance))
}

fn metadata_options(instance: &Instance, now: Timestamp) -> Element {
    let options = &instance.launch.metadata;
    let state = if instance.state(now) == InstanceState::Pending {
        "pending"
    } else {
        "applied"
    };
    Element::new("metadataOptions")
        .with("state", state)
        .with("httpTokens", &options.http_tokens)
        .with("httpPutResponseHopLimit", options.hop_limit)
        .with("httpEndpoint", &options.http_endpoint)
        .with("httpProtocolIpv6", "disabled")
        .with("instanceMetadataTags", &options.instance_tags)
}

/// `ip-172-31-0-4.ec2.internal`, or with the region's name outside us-east-1.
pub(super) fn private_dns_name(ec2: &Ec2, address: Ipv4Addr) -> String {
    let host = format!("ip-{}", address.to_string().replace('.', "-"));
    match ec2.region.as_str() {
        "us-east-1" => format!("{host}.ec2.internal"),
        region => format!("{host}.{region}.compute.internal"),
    }
}

pub(super) fn public_dns_name(ec2: &Ec2, address: Ipv4Addr) -> String {
    let host = format!("ec2-{}", address.to_string().replace('.', "-"));
    match ec2.region.as_str() {
        "us-east-1" => format!("{host}.compute-1.amazonaws.com"),
        region => format!("{host}.{region}.compute.amazonaws.com"),
    }
}
