//! The table of a stack's resources: in sections, by names that people know.

use geusemaker_core::id::InstanceId;
use geusemaker_core::{
    DegradedPart, DeploymentStatus, Health, ResourceKind, ResourceState, ResourceStatus,
};
use jiff::Timestamp;

use super::status::View;
use crate::age;
use crate::resource_name::{name, short_id};
use crate::table::Table;

const HEADER: [&str; 7] = ["NAME", "STATE", "ID", "TYPE", "ZONE", "ADDRESS", "AGE"];

/// Address, zone, type, age, id.
const DISPENSABLE: &[usize] = &[5, 4, 3, 6, 2];

/// A section of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Network,
    Instances,
    LoadBalancer,
    Cdn,
    Names,
}

impl Section {
    const ALL: [Self; 5] = [
        Self::Network,
        Self::Instances,
        Self::LoadBalancer,
        Self::Cdn,
        Self::Names,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Instances => "tier 1: instances and storage",
            Self::LoadBalancer => "tier 2: load balancer",
            Self::Cdn => "tier 3: CDN",
            Self::Names => "names and certificates",
        }
    }

    fn of(resource: &ResourceStatus) -> Self {
        use ResourceKind as Kind;
        let part = resource.key.as_str().split('/').nth(1);
        match (resource.kind, part) {
            (Kind::SecurityGroup | Kind::SecurityGroupRule, Some("alb")) => Self::LoadBalancer,
            (Kind::SecurityGroup | Kind::SecurityGroupRule, Some("endpoints")) => Self::Network,
            (
                Kind::VpcEndpoint
                | Kind::NatGateway
                | Kind::ElasticIp
                | Kind::Route
                | Kind::RouteTableAssociation
                | Kind::RouteTable
                | Kind::Subnet
                | Kind::InternetGatewayAttachment
                | Kind::InternetGateway
                | Kind::Vpc,
                _,
            ) => Self::Network,
            (
                Kind::LoadBalancer
                | Kind::TargetGroup
                | Kind::TargetRegistration
                | Kind::Listener
                | Kind::ListenerRule,
                _,
            ) => Self::LoadBalancer,
            (Kind::Distribution | Kind::VpcOrigin, _) => Self::Cdn,
            (Kind::DnsRecord | Kind::Certificate, _) => Self::Names,
            // A later version of the library may have more.
            _ => Self::Instances,
        }
    }
}

/// Returns the lines of the table.
pub(super) fn lines(status: &DeploymentStatus, now: Timestamp, view: View) -> Vec<String> {
    if status.resources.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(HEADER, DISPENSABLE);
    for section in Section::ALL {
        let mut resources = status
            .resources
            .iter()
            .filter(|resource| Section::of(resource) == section)
            .peekable();
        if resources.peek().is_none() {
            continue;
        }
        table.title(section.title());
        for resource in resources {
            table.row(row(resource, &status.outputs.instances, now, view));
            if let Some(note) = note(resource, status) {
                table.note(note);
            }
        }
    }
    table.lines(view.width.filter(|_| !view.is_wide))
}

fn row(
    resource: &ResourceStatus,
    instances: &[InstanceId],
    now: Timestamp,
    view: View,
) -> [String; 7] {
    let number_of = |id: &str| instances.iter().position(|known| known.as_str() == id);
    let mut name = name(resource.kind, &resource.key, number_of);
    if resource.adopted {
        name.push_str(" (yours)");
    }
    let id = match &resource.id {
        Some(id) if view.is_wide => id.to_string(),
        Some(id) => short_id(resource.kind, id),
        None => String::new(),
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        name,
        state(&resource.state),
        id,
        text(&resource.instance_type),
        text(&resource.zone),
        text(&resource.address),
        age::between(resource.since, now),
    ]
}

/// Returns AWS's reason for the state of a part that does not work, or the error of a question about it.
fn note(resource: &ResourceStatus, status: &DeploymentStatus) -> Option<String> {
    if let ResourceState::Unknown(error) = &resource.state {
        let code = error.code.as_deref();
        return Some(format!(
            "{}: {}",
            error.operation,
            code.unwrap_or(&error.message)
        ));
    }
    let Health::Degraded { parts, .. } = &status.health else {
        return None;
    };
    let is_it = |part: &&DegradedPart| part.key == resource.key;
    parts
        .iter()
        .find(is_it)?
        .reason
        .as_ref()
        .map(ToString::to_string)
}

fn state(state: &ResourceState) -> String {
    match state {
        ResourceState::Unknown(_) => "unknown".to_owned(),
        ResourceState::Interrupted => "interrupted".to_owned(),
        state => state.to_string(),
    }
}
