//! RunInstances: AWS's checks, and the result.

use std::net::Ipv4Addr;

use super::description;
use super::launch_request::LaunchRequest;
use super::startup::Startup;
use super::{Instance, InstanceState, NewInstance};
use crate::sim::catalog::{self, InstanceType};
use crate::sim::context::RequestContext;
use crate::sim::ec2::image::Image;
use crate::sim::ec2::key_pair;
use crate::sim::ec2::network_interface::NewInterface;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::subnet::Subnet;
use crate::sim::ec2::validation::invalid;
use crate::sim::ec2::volume::{LaunchedWith, Volume};
use crate::sim::ec2::{Code, Ec2};
use crate::sim::iam::Iam;
use crate::sim::quota::Quota;
use crate::sim::regions;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The place of an instance in its launch.
struct Slot<'a> {
    /// The id of the launch, such as `r-…`.
    reservation: &'a str,
    index: u32,
    /// The capacity reservation in which the instance runs.
    capacity_reservation: Option<String>,
}

pub(crate) fn run(
    ec2: &mut Ec2,
    iam: &Iam,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let (launch, image) = LaunchRequest::read(params, context.region)?;
    params.refuse_unread("RunInstances")?;
    if let Some(earlier) = ec2.launched_before(&launch, context)? {
        return Ok(Reply::xml(earlier));
    }
    let instance_type = catalog::instance_type(&launch.instance_type).ok_or_else(|| {
        invalid(&format!(
            "Invalid value '{}' for InstanceType.",
            launch.instance_type
        ))
    })?;
    launch.refuse_image(&image, instance_type)?;
    let subnet = launch.choose_subnet(ec2, instance_type, context)?;
    if let Some(name) = &launch.key_name
        && !ec2.key_pairs.contains_key(name)
    {
        return Err(key_pair::unknown(name));
    }
    let security_groups = launch.choose_security_groups(ec2, context, &subnet)?;
    let profile = launch.instance_profile.as_ref();
    let profile = profile.map(|profile| profile.find(iam, context.now));
    let profile = profile.transpose()?;
    let room = ec2.free_addresses(&subnet, context.now);
    if room < u64::from(launch.min_count) {
        let message = format!(
            "There are not enough free addresses in subnet '{}' to satisfy the requested number of instances.",
            subnet.id
        );
        return Err(ServiceError::new(
            Code::InsufficientFreeAddressesInSubnet,
            message,
        ));
    }
    let mut places = ec2.places_for(context, instance_type, &launch, &subnet.zone)?;
    places.truncate(usize::try_from(room).unwrap_or(usize::MAX));
    let count = u32::try_from(places.len()).unwrap_or(u32::MAX);
    ec2.admit_interfaces(context, count)?;
    let reservation = format!("r-{}", context.rng.hex(17));
    let mut ids = Vec::new();
    for (index, place) in (0..count).zip(places) {
        let groups = security_groups.clone();
        let slot = Slot {
            reservation: &reservation,
            index,
            capacity_reservation: place,
        };
        let id = ec2.launch_one(context, &launch, &image, slot, &subnet, groups);
        if let Some(profile) = &profile
            && let Some(instance) = ec2.instances.get_mut(&id)
        {
            instance.take_profile(context, profile.clone());
        }
        ids.push(id);
    }
    let launched = ids.iter().filter_map(|id| ec2.instance(id));
    Ok(Reply::xml(description::new_reservation(
        ec2,
        context.now,
        &reservation,
        launched,
    )))
}

impl LaunchRequest {
    /// Refuses an image that does not suit the request. AWS checks this at the launch, not when it describes the image.
    fn refuse_image(
        &self,
        image: &Image,
        instance_type: &InstanceType,
    ) -> Result<(), ServiceError> {
        if image.architecture != instance_type.architecture {
            return Err(invalid(&format!(
                "The architecture '{}' of the specified instance type does not match the architecture '{}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.",
                instance_type.architecture, image.architecture
            )));
        }
        // The root volume comes first.
        match self.devices.first() {
            Some(root) if root.size_gib < image.root_gib => {
                let message = format!(
                    "Volume of size {}GB is smaller than snapshot '{}', expect size >= {}GB",
                    root.size_gib,
                    image.snapshot(),
                    image.root_gib
                );
                Err(ServiceError::new(Code::InvalidBlockDeviceMapping, message))
            }
            _ => Ok(()),
        }
    }

    /// Returns the requested subnet, or the default subnet of a zone that offers the type.
    fn choose_subnet(
        &self,
        ec2: &Ec2,
        instance_type: &InstanceType,
        context: &RequestContext<'_>,
    ) -> Result<Subnet, ServiceError> {
        let offers = |zone: &str| instance_type.is_offered_in(zone);
        let Some(subnet) = self.named_subnet(ec2)? else {
            let vpc = &ec2.default_vpc()?.id;
            let mut defaults: Vec<&Subnet> = ec2
                .subnets
                .values()
                .filter(|subnet| &subnet.vpc == vpc && subnet.is_default)
                .collect();
            defaults.sort_by(|a, b| a.zone.cmp(&b.zone));
            // AWS puts the instance where it has capacity; if no zone has any, the choice does not matter.
            let target = self.reservation_target.as_ref();
            let target = target.and_then(|id| ec2.known_reservation(id).ok());
            let has_room = |zone: &str| match target {
                Some(reservation) => reservation.zone == zone,
                None => context.capacity.has(&instance_type.name, zone),
            };
            defaults.retain(|subnet| offers(&subnet.zone));
            return defaults
                .iter()
                .find(|subnet| has_room(&subnet.zone))
                .or(defaults.first())
                .map(|subnet| (*subnet).clone())
                .ok_or_else(|| {
                    let message = "The requested configuration is currently not supported. Please check the documentation for supported configurations.";
                    ServiceError::new(Code::Unsupported, message)
                });
        };
        if offers(&subnet.zone) {
            return Ok(subnet);
        }
        let others: Vec<String> = regions::zones(&ec2.region)
            .iter()
            .map(|zone| zone.name.clone())
            .filter(|zone| offers(zone))
            .collect();
        let message = format!(
            "Your requested instance type ({}) is not supported in your requested Availability Zone ({}). Please retry your request by not specifying an Availability Zone or choosing {}.",
            self.instance_type,
            subnet.zone,
            others.join(", ")
        );
        Err(ServiceError::new(Code::Unsupported, message))
    }

    /// Refuses a launch in a zone without capacity for the type.
    pub(super) fn admit_capacity(
        &self,
        ec2: &Ec2,
        context: &RequestContext<'_>,
        instance_type: &InstanceType,
        zone: &str,
    ) -> Result<(), ServiceError> {
        let offered: Vec<String> = regions::zones(&ec2.region)
            .iter()
            .map(|zone| zone.name.clone())
            .filter(|zone| instance_type.is_offered_in(zone))
            .collect();
        let is_spot = self.spot.is_some();
        context
            .capacity
            .admit(&instance_type.name, zone, is_spot, &offered)
    }

    /// Returns true if the call names a subnet or a zone. EC2 developer guide: its token then counts for one zone, else
    /// for the region.
    pub(in crate::sim::ec2) fn is_zonal(&self) -> bool {
        self.subnet.is_some() || self.zone.is_some()
    }

    /// Returns the subnet that the call names, by its id or by its zone.
    fn named_subnet(&self, ec2: &Ec2) -> Result<Option<Subnet>, ServiceError> {
        let known_zone = |zone: &str| {
            regions::zones(&ec2.region)
                .iter()
                .any(|known| known.name == zone)
        };
        if let Some(zone) = self.zone.as_deref().filter(|zone| !known_zone(zone)) {
            return Err(invalid(&format!("Invalid availability zone: [{zone}]")));
        }
        match (&self.subnet, &self.zone) {
            (Some(id), zone) => {
                let subnet = ec2
                    .subnet(id)
                    .ok_or_else(|| ResourceKind::Subnet.unknown(id))?;
                if zone.as_ref().is_some_and(|zone| *zone != subnet.zone) {
                    return Err(invalid(&format!(
                        "The subnet '{id}' is in the availability zone {}",
                        subnet.zone
                    )));
                }
                Ok(Some(subnet.clone()))
            }
            (None, Some(zone)) => {
                let vpc = &ec2.default_vpc()?.id;
                let mut subnets = ec2.subnets.values();
                let subnet = subnets
                    .find(|subnet| &subnet.vpc == vpc && subnet.is_default && &subnet.zone == zone);
                subnet.cloned().map(Some).ok_or_else(|| {
                    let message = format!("No default subnet for availability zone: '{zone}'.");
                    ServiceError::new(Code::MissingInput, message)
                })
            }
            (None, None) => Ok(None),
        }
    }

    fn choose_security_groups(
        &self,
        ec2: &Ec2,
        context: &RequestContext<'_>,
        subnet: &Subnet,
    ) -> Result<Vec<String>, ServiceError> {
        let mut groups = self.security_groups.clone();
        for name in &self.group_names {
            let vpc = &ec2.default_vpc()?.id;
            let mut known = ec2.security_groups.values();
            let group = known
                .find(|group| &group.vpc == vpc && &group.name == name)
                .ok_or_else(|| {
                    let message = format!(
                        "The security group '{name}' does not exist in default VPC '{vpc}'"
                    );
                    ServiceError::new(Code::InvalidGroupNotFound, message)
                })?;
            groups.push(group.id.clone());
        }
        if groups.is_empty() {
            return Ok(ec2
                .default_security_group(&subnet.vpc)
                .into_iter()
                .collect());
        }
        ec2.refuse_groups(&groups, context, subnet)?;
        Ok(groups)
    }
}

impl Ec2 {
    /// Refuses groups that an interface in that subnet cannot have.
    pub(super) fn refuse_groups(
        &self,
        groups: &[String],
        context: &RequestContext<'_>,
        subnet: &Subnet,
    ) -> Result<(), ServiceError> {
        for id in groups {
            if self.visible_security_group(id, context.now)?.vpc != subnet.vpc {
                let message = format!(
                    "Security group {id} and subnet {} belong to different networks.",
                    subnet.id
                );
                return Err(ServiceError::new(Code::InvalidParameter, message));
            }
        }
        context
            .quotas
            .admit(Quota::SecurityGroupsPerInterface, groups.len())
    }

    /// Returns the instances that the client token has already launched, as they are now.
    fn launched_before(
        &self,
        launch: &LaunchRequest,
        context: &RequestContext<'_>,
    ) -> Result<Option<Element>, ServiceError> {
        let Some(token) = &launch.client_token else {
            return Ok(None);
        };
        let zone = launch.named_subnet(self)?.map(|subnet| subnet.zone);
        let is_same_token = |instance: &&Instance| {
            let other = instance.launched_as();
            other.client_token.as_ref() == Some(token)
                && match (&zone, other.is_zonal()) {
                    (Some(zone), true) => *zone == instance.zone,
                    (None, false) => true,
                    (Some(_), false) | (None, true) => false,
                }
        };
        let mut earlier: Vec<&Instance> = self.instances.values().filter(is_same_token).collect();
        earlier.sort_by_key(|instance| instance.launch_index);
        let ended = || {
            let message = "The request to launch an instance uses the same client token as a previous request for which the instance has been terminated.";
            Err(ServiceError::new(
                Code::IdempotentInstanceTerminated,
                message,
            ))
        };
        let Some(first) = earlier.first() else {
            return match self.spent_tokens.contains(token, zone.as_deref()) {
                true => ended(),
                false => Ok(None),
            };
        };
        if first.launched_as() != launch {
            let message = "The request to launch an instance uses the same client token as a previous request, but with other parameters.";
            return Err(ServiceError::new(
                Code::IdempotentParameterMismatch,
                message,
            ));
        }
        let is_terminated =
            |instance: &&Instance| instance.state(context.now) == InstanceState::Terminated;
        if earlier.iter().all(is_terminated) {
            return ended();
        }
        let reservation = &first.reservation;
        Ok(Some(description::reservation(
            self,
            context.now,
            reservation,
            earlier.iter().copied(),
        )))
    }

    fn launch_one(
        &mut self,
        context: &mut RequestContext<'_>,
        launch: &LaunchRequest,
        image: &Image,
        slot: Slot<'_>,
        subnet: &Subnet,
        security_groups: Vec<String>,
    ) -> String {
        let id = ResourceKind::Instance.new_id(context.rng);
        let interface = NewInterface {
            subnet: subnet.clone(),
            security_groups,
            description: launch.interface_description.clone(),
            requester_managed: false,
            owner: self.account_id.clone(),
            instance: Some(id.clone()),
        };
        let interface = self.create_interface(context, interface);
        self.tags
            .attach(&id, launch.tags.of(ResourceKind::Instance));
        let interface_tags = launch.tags.of(ResourceKind::NetworkInterface);
        self.tags.attach(&interface.id, interface_tags);
        let mut outcome = Startup::draw(context);
        outcome.end = self.earlier_end(context, outcome.end, slot.capacity_reservation.as_deref());
        if let Some(end) = &outcome.end {
            self.release_interface(&interface.id, end.ends_at);
        }
        let place = LaunchedWith {
            instance: &id,
            zone: &subnet.zone,
            zone_id: &subnet.zone_id,
            snapshot: None,
            attached_at: outcome.startup.running_at,
        };
        self.create_volumes(context, launch, image, &place);
        let has_public_address = launch
            .public_address
            .unwrap_or(subnet.gives_public_addresses());
        let public_ip = has_public_address.then(|| public_address(context));
        let spot_request = self.create_spot_request(context, launch);
        let instance = Instance::new(NewInstance {
            id: id.clone(),
            reservation: slot.reservation.to_owned(),
            launch_index: slot.index,
            launch: launch.clone(),
            subnet: subnet.clone(),
            interface,
            public_ip,
            spot_request,
            capacity_reservation: slot.capacity_reservation,
            launched_at: context.now,
            visible_at: context.now + context.rng.duration(Step::Consistency),
            startup: outcome.startup,
            impairment: outcome.impairment,
            termination: outcome.end,
        });
        self.instances.insert(id.clone(), instance);
        id
    }

    /// Returns the id of the spot request of an instance, if it is a spot instance.
    fn create_spot_request(
        &mut self,
        context: &mut RequestContext<'_>,
        launch: &LaunchRequest,
    ) -> Option<String> {
        launch.spot.as_ref()?;
        let request = format!("sir-{}", context.rng.hex(8));
        let tags = launch.tags.of(ResourceKind::SpotInstanceRequest);
        self.tags.attach(&request, tags);
        Some(request)
    }

    /// Creates the volumes of an instance. The root volume comes from the image's snapshot.
    fn create_volumes(
        &mut self,
        context: &mut RequestContext<'_>,
        launch: &LaunchRequest,
        image: &Image,
        place: &LaunchedWith<'_>,
    ) {
        for device in &launch.devices {
            let place = LaunchedWith {
                snapshot: (device.name == image.root_device).then(|| image.snapshot()),
                ..*place
            };
            let volume = Volume::of_launch(context, device, place);
            self.tags
                .attach(&volume.id, launch.tags.of(ResourceKind::Volume));
            self.volumes.insert(volume.id.clone(), volume);
        }
    }
}

/// Returns a public address out of Amazon's range.
pub(super) fn public_address(context: &mut RequestContext<'_>) -> Ipv4Addr {
    let mut byte = || (context.rng.roll() * 254.0) as u8 + 1;
    Ipv4Addr::new(54, byte(), byte(), byte())
}
