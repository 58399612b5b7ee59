//! The descriptions of instances, in DescribeInstances and in the reply to RunInstances.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::{Instance, InstanceState};
use crate::sim::catalog;
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::ec2::selection::Selection;
use crate::sim::partition::Partition;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    // No resource here belongs to a service that manages it for the account.
    params.accept("IncludeManagedResources");
    let selection = Selection::read(params, "DescribeInstances")?;
    let now = context.now;
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
    Ok(page.reply_with([set]))
}

/// Returns a reservation that was just made. AWS shows addresses and volumes only in a later description.
pub(super) fn new_reservation<'a>(
    ec2: &Ec2,
    now: Timestamp,
    id: &str,
    instances: impl Iterator<Item = &'a Instance>,
) -> Element {
    let items = instances.map(|instance| {
        element(ec2, now, instance)
            .pruned(&["association", "blockDeviceMapping", "dnsName", "ipAddress"])
            .with("dnsName", "")
            .child(Element::new("blockDeviceMapping"))
    });
    of_instances(ec2, id, items)
}

/// Returns a reservation with its instances.
pub(super) fn reservation<'a>(
    ec2: &Ec2,
    now: Timestamp,
    id: &str,
    instances: impl Iterator<Item = &'a Instance>,
) -> Element {
    let items = instances.map(|instance| element(ec2, now, instance));
    of_instances(ec2, id, items)
}

fn of_instances(ec2: &Ec2, id: &str, items: impl Iterator<Item = Element>) -> Element {
    Element::new("item")
        .with("reservationId", id)
        .with("ownerId", &ec2.account_id)
        .child(Element::new("groupSet"))
        .child(Element::list("instancesSet", "item", items))
}

impl Ec2 {
    /// Returns true if the network interface that came with the instance checks the source and the destination of
    /// traffic.
    pub(super) fn checks_source_and_destination(&self, instance: &Instance) -> bool {
        let interface = self.interfaces.get(&instance.interface);
        interface.is_none_or(|interface| !interface.skips_source_dest_check)
    }
}

impl Instance {
    /// Returns the time at which the present run began.
    pub(super) fn launch_time(&self) -> String {
        format!("{:.3}", self.started_at.unwrap_or(self.launched_at))
    }

    /// Returns the code and the message of the state reason, if the state has one.
    pub(super) fn state_reason(&self, now: Timestamp) -> Option<(String, String)> {
        let end = match self.state(now) {
            InstanceState::Pending => return Some(("pending".to_owned(), "pending".to_owned())),
            InstanceState::Running => return None,
            InstanceState::Stopping | InstanceState::Stopped => self.stop.as_ref(),
            InstanceState::ShuttingDown | InstanceState::Terminated => self.termination.as_ref(),
        };
        end.map(|end| (end.code().to_owned(), end.message()))
    }

    /// Returns the reason of the last transition, such as `User initiated (2026-01-01 00:00:00 GMT)`, or an empty text
    /// while the instance lives.
    pub(super) fn transition_reason(&self, now: Timestamp) -> String {
        let end = match self.state(now) {
            InstanceState::Pending | InstanceState::Running => None,
            InstanceState::Stopping | InstanceState::Stopped => self.stop.as_ref(),
            InstanceState::ShuttingDown | InstanceState::Terminated => self.termination.as_ref(),
        };
        end.map(super::end::InstanceEnd::transition_reason)
            .unwrap_or_default()
    }

    pub(super) fn architecture(&self) -> Option<&'static str> {
        let known = catalog::instance_type(&self.launch.instance_type);
        known.map(|known| known.architecture.as_str())
    }
}

fn element(ec2: &Ec2, now: Timestamp, instance: &Instance) -> Element {
    let launch = &instance.launch;
    let element = Element::new("item")
        .with("instanceId", &instance.id)
        .with("imageId", &launch.image)
        .child(instance.state(now).element("instanceState"))
        .with("reason", instance.transition_reason(now))
        .with_some("keyName", launch.key_name.as_ref())
        .with("amiLaunchIndex", instance.launch_index)
        .child(Element::new("productCodes"))
        .with("instanceType", &launch.instance_type)
        .with("launchTime", instance.launch_time())
        .child(
            Element::new("placement")
                .with("availabilityZone", &instance.zone)
                .with("availabilityZoneId", &instance.zone_id)
                .with("groupName", "")
                .with("tenancy", "default"),
        )
        .child(monitoring(instance))
        .with_some("architecture", instance.architecture())
        .with("rootDeviceType", "ebs")
        .with("rootDeviceName", instance.root_device())
        .with("virtualizationType", "hvm")
        // EC2 reference: xen is also the value for Nitro.
        .with("hypervisor", "xen")
        .with(
            "clientToken",
            launch.client_token.as_deref().unwrap_or_default(),
        )
        .with_some("instanceLifecycle", launch.lifecycle())
        .with_some("capacityReservationId", instance.capacity_reservation.as_ref())
        .with_some("spotInstanceRequestId", instance.spot_request.as_ref())
        .with("ebsOptimized", launch.ebs_optimized)
        .with("enaSupport", true)
        .child(metadata_options(instance, now).renamed("metadataOptions"))
        .children(ec2.tags.element_if_any(&instance.id));
    let element = match instance.state_reason(now) {
        Some((code, message)) => element.child(
            Element::new("stateReason")
                .with("code", code)
                .with("message", message),
        ),
        None => element,
    };
    let element = settings(instance).into_iter().fold(element, Element::child);
    let element = match instance.profile(&ec2.account_id) {
        Some(profile) => element.child(profile.element()),
        None => element,
    };
    with_network_and_volumes(element, ec2, now, instance)
}

/// Adds the members about the network and the volumes, which a terminated instance does not have.
fn with_network_and_volumes(
    element: Element,
    ec2: &Ec2,
    now: Timestamp,
    instance: &Instance,
) -> Element {
    if instance.is_terminated(now) {
        return element
            .with("privateDnsName", "")
            .with("dnsName", "")
            .child(Element::new("groupSet"))
            .child(Element::new("networkInterfaceSet"))
            .child(Element::new("blockDeviceMapping"));
    }
    let public_address = ec2.public_address_of_instance(instance, now);
    let dns_name = public_address.and_then(|address| ec2.public_name(&instance.vpc, address));
    element
        .with("subnetId", &instance.subnet)
        .with("vpcId", &instance.vpc)
        .with("privateIpAddress", instance.private_ip)
        .with("privateDnsName", private_dns_name(ec2, instance.private_ip))
        .with_some("ipAddress", public_address)
        .with("dnsName", dns_name.unwrap_or_default())
        .with(
            "sourceDestCheck",
            ec2.checks_source_and_destination(instance),
        )
        .child(block_device_mapping(ec2, instance, now))
        .children(ec2.network_of_instance(instance, now))
}

/// Returns the settings of an instance that nothing here changes.
fn settings(instance: &Instance) -> Vec<Element> {
    let launch = &instance.launch;
    let known = catalog::instance_type(&launch.instance_type);
    let cpu_options = known.map(|known| {
        Element::new("cpuOptions")
            .with("coreCount", known.vcpus / known.threads_per_core.max(1))
            .with("threadsPerCore", known.threads_per_core)
    });
    let target = launch
        .reservation_target
        .as_ref()
        .map(|id| Element::new("capacityReservationTarget").with("capacityReservationId", id));
    let preference = launch.capacity_reservation.as_deref();
    let preference = preference.or(target.is_none().then_some("open"));
    let names = Element::new("privateDnsNameOptions")
        .with("hostnameType", "ip-name")
        .with("enableResourceNameDnsARecord", false)
        .with("enableResourceNameDnsAAAARecord", false);
    let mut settings = vec![
        Element::new("capacityReservationSpecification")
            .with_some("capacityReservationPreference", preference)
            .children(target),
        Element::new("hibernationOptions").with("configured", false),
        Element::new("enclaveOptions").with("enabled", false),
        Element::new("maintenanceOptions").with("autoRecovery", "default"),
        names,
        Element::leaf("platformDetails", "Linux/UNIX"),
        Element::leaf("usageOperation", "RunInstances"),
        Element::leaf(
            "usageOperationUpdateTime",
            format_args!("{:.3}", instance.launched_at),
        ),
    ];
    settings.extend(cpu_options);
    settings
}

/// Returns the state of detailed monitoring.
pub(super) fn monitoring(instance: &Instance) -> Element {
    let state = if instance.launch.monitoring {
        "enabled"
    } else {
        "disabled"
    };
    Element::new("monitoring").with("state", state)
}

pub(super) fn block_device_mapping(ec2: &Ec2, instance: &Instance, now: Timestamp) -> Element {
    let volumes = ec2.volumes_of(&instance.id, now);
    let items = volumes
        .into_iter()
        .map(|(volume, attachment, state)| attachment.mapping(&volume.id, state));
    Element::list("blockDeviceMapping", "item", items)
}

pub(super) fn metadata_options(instance: &Instance, now: Timestamp) -> Element {
    let options = &instance.launch.metadata;
    let state = if instance.state(now) == InstanceState::Pending {
        "pending"
    } else {
        "applied"
    };
    Element::new("instanceMetadataOptions")
        .with("state", state)
        .with("httpTokens", &options.http_tokens)
        .with("httpPutResponseHopLimit", options.hop_limit)
        .with("httpEndpoint", &options.http_endpoint)
        .with("httpProtocolIpv6", &options.http_protocol_ipv6)
        .with("instanceMetadataTags", &options.instance_tags)
}

/// Returns a name such as `ip-172-31-0-4.ec2.internal`, or one with the region's name outside us-east-1.
pub(in crate::sim::ec2) fn private_dns_name(ec2: &Ec2, address: Ipv4Addr) -> String {
    let host = format!("ip-{}", address.to_string().replace('.', "-"));
    match ec2.region.as_str() {
        "us-east-1" => format!("{host}.ec2.internal"),
        region => format!("{host}.{region}.compute.internal"),
    }
}

pub(in crate::sim::ec2) fn public_dns_name(ec2: &Ec2, address: Ipv4Addr) -> String {
    let host = format!("ec2-{}", address.to_string().replace('.', "-"));
    match ec2.region.as_str() {
        "us-east-1" => format!("{host}.compute-1.amazonaws.com"),
        region => {
            let suffix = Partition::of(region).dns_suffix();
            format!("{host}.{region}.compute.{suffix}")
        }
    }
}
