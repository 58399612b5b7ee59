//! The status checks of instances.

use jiff::Timestamp;

use super::startup::Impairment;
use super::{Instance, InstanceState};
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::selection::{Described, Field, Selection};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// An instance as DescribeInstanceStatus shows it.
struct InstanceStatus {
    instance: Instance,
}

/// The result of a check.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    Initializing,
    Ok,
    Impaired { since: Timestamp },
    NotApplicable,
}

impl InstanceStatus {
    fn of_instance(&self, now: Timestamp) -> Check {
        self.check(now, |impairment| impairment.of_instance)
    }

    fn of_system(&self, now: Timestamp) -> Check {
        self.check(now, |impairment| impairment.of_system)
    }

    /// Returns the check of the attached volumes, which never fails here.
    fn of_volumes(&self, now: Timestamp) -> Check {
        self.check(now, |_| false)
    }

    fn check(&self, now: Timestamp, is_meant: impl Fn(&Impairment) -> bool) -> Check {
        let impairment = self.instance.impairment.as_ref();
        let failed = impairment.filter(|it| is_meant(it) && now >= it.since);
        match (self.instance.state(now), failed) {
            (InstanceState::Running, Some(failed)) => Check::Impaired {
                since: failed.since,
            },
            (InstanceState::Running, None) if now >= self.instance.startup.status_checked_at => {
                Check::Ok
            }
            (InstanceState::Running, None) => Check::Initializing,
            (
                InstanceState::Pending
                | InstanceState::Stopping
                | InstanceState::Stopped
                | InstanceState::ShuttingDown
                | InstanceState::Terminated,
                _,
            ) => Check::NotApplicable,
        }
    }
}

impl Check {
    fn name(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::Ok => "ok",
            Self::Impaired { .. } => "impaired",
            Self::NotApplicable => "not-applicable",
        }
    }

    fn reachability(self) -> Option<&'static str> {
        match self {
            Self::Initializing => Some("initializing"),
            Self::Ok => Some("passed"),
            Self::Impaired { .. } => Some("failed"),
            Self::NotApplicable => None,
        }
    }

    fn element(self, name: &str) -> Element {
        let since = match self {
            Self::Impaired { since } => Some(format!("{since:.3}")),
            Self::Initializing | Self::Ok | Self::NotApplicable => None,
        };
        let details = self.reachability().map(|status| {
            Element::new("item")
                .with_some("impairedSince", since)
                .with("name", "reachability")
                .with("status", status)
        });
        Element::new(name)
            .with("status", self.name())
            .child(Element::list("details", "item", details))
    }
}

impl Described for InstanceStatus {
    const IDS: Option<&'static str> = Some("InstanceId");
    const USUAL_PAGE: usize = Instance::USUAL_PAGE;
    const PAGES_OF_IDS: bool = false;
    const SET: Option<&'static str> = Instance::SET;
    const FIELDS: &'static [Field<Self>] = &[
        ("availability-zone", |_, _, status| {
            vec![status.instance.zone.clone()]
        }),
        ("availability-zone-id", |_, _, status| {
            vec![status.instance.zone_id.clone()]
        }),
        // No event is scheduled for any instance here.
        ("event.code", |_, _, _| Vec::new()),
        ("event.instance-event-id", |_, _, _| Vec::new()),
        ("instance-state-code", |_, now, status| {
            vec![status.instance.state(now).code().to_string()]
        }),
        ("instance-state-name", |_, now, status| {
            vec![status.instance.state(now).name().to_owned()]
        }),
        ("instance-status.reachability", |_, now, status| {
            let reachability = status.of_instance(now).reachability();
            reachability.map(str::to_owned).into_iter().collect()
        }),
        ("instance-status.status", |_, now, status| {
            vec![status.of_instance(now).name().to_owned()]
        }),
        ("system-status.reachability", |_, now, status| {
            let reachability = status.of_system(now).reachability();
            reachability.map(str::to_owned).into_iter().collect()
        }),
        ("system-status.status", |_, now, status| {
            vec![status.of_system(now).name().to_owned()]
        }),
        ("attached-ebs-status.status", |_, now, status| {
            vec![status.of_volumes(now).name().to_owned()]
        }),
    ];

    fn handle(&self) -> &str {
        &self.instance.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::Instance.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let include_all = params.parsed("IncludeAllInstances")?.unwrap_or(false);
    // No resource here belongs to a service that manages it for the account.
    params.accept("IncludeManagedResources");
    let selection = Selection::<InstanceStatus>::read(params, "DescribeInstanceStatus")?;
    let now = context.now;
    let all: Vec<InstanceStatus> = ec2
        .visible_instances(now)
        .map(|instance| InstanceStatus {
            instance: instance.clone(),
        })
        .collect();
    // EC2 reference: without IncludeAllInstances only the running instances.
    let is_shown = |status: &InstanceStatus| {
        include_all || status.instance.state(now) == InstanceState::Running
    };
    let page = selection.choose_where(ec2, now, &all, is_shown)?;
    Ok(page.reply("instanceStatusSet", |status| {
        Element::new("item")
            .with("instanceId", &status.instance.id)
            .with("availabilityZone", &status.instance.zone)
            .with("availabilityZoneId", &status.instance.zone_id)
            .child(status.instance.state(now).element("instanceState"))
            .child(status.of_system(now).element("systemStatus"))
            .child(status.of_instance(now).element("instanceStatus"))
            .child(status.of_volumes(now).element("attachedEbsStatus"))
    }))
}
