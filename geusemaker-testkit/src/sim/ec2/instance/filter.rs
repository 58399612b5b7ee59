//! The values that the filters of DescribeInstances compare.

use jiff::Timestamp;

use super::Instance;
use super::description::private_dns_name;
use crate::sim::ec2::Ec2;
use crate::sim::ec2::network_interface::NetworkInterface;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::selection::{Described, Field};
use crate::sim::ec2::volume::attachment::{Attachment, AttachmentState};
use crate::wire::ServiceError;

impl Described for Instance {
    const IDS: Option<&'static str> = Some("InstanceId");
    const USUAL_PAGE: usize = 1000;
    const PAGES_OF_IDS: bool = false;
    const SET: Option<&'static str> = Some("instancesSet");
    const FIELDS: &'static [Field<Self>] = &[
        ("architecture", |_, _, it| {
            it.architecture().map(str::to_owned).into_iter().collect()
        }),
        ("availability-zone", |_, _, it| vec![it.zone.clone()]),
        ("availability-zone-id", |_, _, it| vec![it.zone_id.clone()]),
        ("block-device-mapping.attach-time", |ec2, now, it| {
            volumes(ec2, now, it, |_, attachment, _| {
                format!("{:.3}", attachment.began_at)
            })
        }),
        (
            "block-device-mapping.delete-on-termination",
            |ec2, now, it| {
                volumes(ec2, now, it, |_, attachment, _| {
                    attachment.delete_on_termination.to_string()
                })
            },
        ),
        ("block-device-mapping.device-name", |ec2, now, it| {
            volumes(ec2, now, it, |_, attachment, _| attachment.device.clone())
        }),
        ("block-device-mapping.status", |ec2, now, it| {
            volumes(ec2, now, it, |_, _, state| state.name().to_owned())
        }),
        ("block-device-mapping.volume-id", |ec2, now, it| {
            volumes(ec2, now, it, |id, _, _| id.to_owned())
        }),
        ("client-token", |_, _, it| {
            it.launch.client_token.iter().cloned().collect()
        }),
        ("dns-name", |ec2, now, it| {
            let address = ec2.public_address_of_instance(it, now);
            let name = address.and_then(|address| ec2.public_name(&it.vpc, address));
            name.into_iter().collect()
        }),
        ("ebs-optimized", |_, _, it| {
            vec![it.launch.ebs_optimized.to_string()]
        }),
        ("hypervisor", |_, _, _| vec!["xen".to_owned()]),
        ("iam-instance-profile.arn", |ec2, _, it| {
            let profile = it.profile(&ec2.account_id);
            profile.map(|profile| profile.arn).into_iter().collect()
        }),
        ("image-id", |_, _, it| vec![it.launch.image.clone()]),
        ("instance-id", |_, _, it| vec![it.id.clone()]),
        ("instance-lifecycle", |_, _, it| {
            let lifecycle = it.launch.lifecycle();
            lifecycle.map(str::to_owned).into_iter().collect()
        }),
        ("instance-state-code", |_, now, it| {
            vec![it.state(now).code().to_string()]
        }),
        ("instance-state-name", |_, now, it| {
            vec![it.state(now).name().to_owned()]
        }),
        ("instance-type", |_, _, it| {
            vec![it.launch.instance_type.clone()]
        }),
        ("instance.group-id", |ec2, now, it| {
            interface(ec2, now, it, |interface| interface.security_groups.clone())
        }),
        ("instance.group-name", group_names),
        ("ip-address", |ec2, now, it| {
            let address = ec2.public_address_of_instance(it, now);
            address.map(|it| it.to_string()).into_iter().collect()
        }),
        ("key-name", |_, _, it| {
            it.launch.key_name.iter().cloned().collect()
        }),
        ("launch-index", |_, _, it| vec![it.launch_index.to_string()]),
        ("launch-time", |_, _, it| vec![it.launch_time()]),
        ("metadata-options.http-tokens", |_, _, it| {
            vec![it.launch.metadata.http_tokens.clone()]
        }),
        ("metadata-options.http-endpoint", |_, _, it| {
            vec![it.launch.metadata.http_endpoint.clone()]
        }),
        (
            "metadata-options.http-put-response-hop-limit",
            |_, _, it| vec![it.launch.metadata.hop_limit.to_string()],
        ),
        ("monitoring-state", |_, _, it| {
            let state = if it.launch.monitoring {
                "enabled"
            } else {
                "disabled"
            };
            vec![state.to_owned()]
        }),
        ("network-interface.network-interface-id", |ec2, now, it| {
            interface(ec2, now, it, |interface| vec![interface.id.clone()])
        }),
        ("network-interface.group-id", |ec2, now, it| {
            interface(ec2, now, it, |interface| interface.security_groups.clone())
        }),
        ("network-interface.group-name", group_names),
        ("network-interface.subnet-id", |ec2, now, it| {
            interface(ec2, now, it, |interface| vec![interface.subnet.clone()])
        }),
        ("network-interface.vpc-id", |ec2, now, it| {
            interface(ec2, now, it, |interface| vec![interface.vpc.clone()])
        }),
        ("network-interface.availability-zone", |ec2, now, it| {
            interface(ec2, now, it, |interface| vec![interface.zone.clone()])
        }),
        ("network-interface.description", |ec2, now, it| {
            interface(ec2, now, it, |interface| {
                vec![interface.description.clone()]
            })
        }),
        (
            "network-interface.addresses.private-ip-address",
            |ec2, now, it| {
                interface(ec2, now, it, |interface| {
                    vec![interface.private_ip.to_string()]
                })
            },
        ),
        ("network-interface.private-ip-address", |ec2, now, it| {
            interface(ec2, now, it, |interface| {
                vec![interface.private_ip.to_string()]
            })
        }),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
        // All instances here are Linux, for which AWS leaves the platform empty, and none is from the marketplace.
        ("platform", |_, _, _| Vec::new()),
        ("platform-details", |_, _, _| vec!["Linux/UNIX".to_owned()]),
        ("product-code", |_, _, _| Vec::new()),
        ("private-dns-name", |ec2, now, it| {
            present(now, it, || private_dns_name(ec2, it.private_ip))
        }),
        ("private-ip-address", |_, now, it| {
            present(now, it, || it.private_ip.to_string())
        }),
        ("reason", |_, now, it| vec![it.transition_reason(now)]),
        ("reservation-id", |_, _, it| vec![it.reservation.clone()]),
        ("root-device-name", |_, _, it| {
            vec![it.root_device().to_owned()]
        }),
        ("root-device-type", |_, _, _| vec!["ebs".to_owned()]),
        ("source-dest-check", |ec2, _, it| {
            vec![ec2.checks_source_and_destination(it).to_string()]
        }),
        ("spot-instance-request-id", |_, _, it| {
            it.spot_request.iter().cloned().collect()
        }),
        ("state-reason-code", |_, now, it| {
            let reason = it.state_reason(now);
            reason.map(|(code, _)| code).into_iter().collect()
        }),
        ("state-reason-message", |_, now, it| {
            let reason = it.state_reason(now);
            reason.map(|(_, message)| message).into_iter().collect()
        }),
        ("subnet-id", |_, now, it| {
            present(now, it, || it.subnet.clone())
        }),
        ("tenancy", |_, _, _| vec!["default".to_owned()]),
        ("usage-operation", |_, _, _| vec!["RunInstances".to_owned()]),
        ("virtualization-type", |_, _, _| vec!["hvm".to_owned()]),
        ("vpc-id", |_, now, it| present(now, it, || it.vpc.clone())),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::Instance.unknown(id)
    }
}

/// Returns a value that an instance loses with its network when it is terminated.
fn present(now: Timestamp, instance: &Instance, value: impl Fn() -> String) -> Vec<String> {
    let is_there = !instance.is_terminated(now);
    is_there.then(value).into_iter().collect()
}

fn interface(
    ec2: &Ec2,
    now: Timestamp,
    instance: &Instance,
    values: impl Fn(&NetworkInterface) -> Vec<String>,
) -> Vec<String> {
    if instance.is_terminated(now) {
        return Vec::new();
    }
    let interface = ec2.interfaces.get(&instance.interface);
    interface.map(values).unwrap_or_default()
}

fn group_names(ec2: &Ec2, now: Timestamp, instance: &Instance) -> Vec<String> {
    let ids = interface(ec2, now, instance, |it| it.security_groups.clone());
    ids.iter()
        .filter_map(|id| ec2.security_group(id))
        .map(|group| group.name.clone())
        .collect()
}

fn volumes(
    ec2: &Ec2,
    now: Timestamp,
    instance: &Instance,
    value: impl Fn(&str, &Attachment, AttachmentState) -> String,
) -> Vec<String> {
    ec2.volumes_of(&instance.id, now)
        .into_iter()
        .map(|(volume, attachment, state)| value(&volume.id, attachment, state))
        .collect()
}
