//! The status checks of instances.

use jiff::Timestamp;

use super::Ec2;
use super::instance::{Instance, InstanceState};
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use crate::sim::moment::Moment;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// An instance as DescribeInstanceStatus sees it.
struct InstanceStatus {
    instance: Instance,
}

/// What the checks say. Nothing here ever fails one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    Initializing,
    Ok,
    NotApplicable,
}

impl InstanceStatus {
    fn check(&self, now: Timestamp) -> Check {
        match self.instance.state(now) {
            InstanceState::Running if now >= self.instance.status_checked_at => Check::Ok,
            InstanceState::Running => Check::Initializing,
            InstanceState::Pending | InstanceState::ShuttingDown | InstanceState::Terminated => {
                Check::NotApplicable
            }
        }
    }
}

impl Check {
    fn name(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::Ok => "ok",
            Self::NotApplicable => "not-applicable",
        }
    }

    fn element(self, name: &str) -> Element {
        let reachability = match self {
            Self::Initializing => Some("initializing"),
            Self::Ok => Some("passed"),
            Self::NotApplicable => None,
        };
        let details = reachability.map(|status| {
            Element::new("item")
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
    const FIELDS: &'static [Field<Self>] = &[
        ("availability-zone", |_, _, status| {
            vec![status.instance.zone.clone()]
        }),
        ("instance-state-name", |_, now, status| {
            vec![status.instance.state(now).name().to_owned()]
        }),
        ("instance-status.status", |_, now, status| {
            vec![status.check(now).name().to_owned()]
        }),
        ("system-status.status", |_, now, status| {
            vec![status.check(now).name().to_owned()]
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
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let include_all = params.parsed("IncludeAllInstances")?.unwrap_or(false);
    let selection = Selection::<InstanceStatus>::read(params, "DescribeInstanceStatus")?;
    let now = moment.now;
    let all: Vec<InstanceStatus> = ec2
        .visible_instances(now)
        .map(|instance| InstanceStatus {
            instance: instance.clone(),
        })
        .collect();
    let mut page = selection.choose(ec2, now, &all)?;
    // EC2 reference: without IncludeAllInstances only the running ones.
    page.items
        .retain(|status| include_all || status.instance.state(now) == InstanceState::Running);
    Ok(page.reply("instanceStatusSet", |status| {
        Element::new("item")
            .with("instanceId", &status.instance.id)
            .with("availabilityZone", &status.instance.zone)
            .with("availabilityZoneId", &status.instance.zone_id)
            .child(status.instance.state(now).element("instanceState"))
            .child(status.check(now).element("systemStatus"))
            .child(status.check(now).element("instanceStatus"))
    }))
}
