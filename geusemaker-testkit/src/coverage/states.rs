//! The states that answers show to a caller.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::xml::Element;
use crate::wire::{Body, Reply, Service};

const CERTIFICATE: &str = "CertificateManager::Certificate";
const ACCESS_POINT: &str = "EFS::AccessPoint";
const FILE_SYSTEM: &str = "EFS::FileSystem";
const MOUNT_TARGET: &str = "EFS::MountTarget";
const COMMAND_INVOCATION: &str = "SSM::CommandInvocation";
const MANAGED_INSTANCE: &str = "SSM::ManagedInstance";
const SESSION: &str = "SSM::Session";
const LIFE_CYCLE_STATES: &[&str] = &["creating", "available", "deleting", "error"];

const WATCHED: &[Watched] = &[
    Watched {
        service: Service::CloudFront,
        kind: "CloudFront::Distribution",
        path: &["Distribution", "Status"],
        states: &["InProgress", "Deployed"],
    },
    Watched {
        service: Service::CloudFront,
        kind: "CloudFront::Distribution",
        path: &["DistributionSummary", "Status"],
        states: &[],
    },
    Watched {
        service: Service::CloudFront,
        kind: "CloudFront::Invalidation",
        path: &["Invalidation", "Status"],
        states: &["InProgress", "Completed"],
    },
    Watched {
        service: Service::CloudFront,
        kind: "CloudFront::Invalidation",
        path: &["InvalidationSummary", "Status"],
        states: &[],
    },
    Watched {
        service: Service::CloudFront,
        kind: "CloudFront::VpcOrigin",
        path: &["VpcOrigin", "Status"],
        states: &["Deploying", "Deployed"],
    },
    Watched {
        service: Service::CloudFront,
        kind: "CloudFront::VpcOrigin",
        path: &["VpcOriginSummary", "Status"],
        states: &[],
    },
    Watched {
        service: Service::Route53,
        kind: "Route53::Change",
        path: &["ChangeInfo", "Status"],
        states: &["PENDING", "INSYNC"],
    },
    Watched {
        service: Service::Ec2,
        kind: "EC2::CapacityReservation",
        path: &["capacityReservationSet", "item", "state"],
        states: &[
            "active",
            "cancelled",
            "expired",
            "failed",
            "payment-pending",
            "pending",
            "scheduled",
        ],
    },
    Watched {
        service: Service::Ec2,
        kind: "EC2::Instance",
        path: &["instanceState", "name"],
        states: &[
            "pending",
            "running",
            "shutting-down",
            "stopped",
            "stopping",
            "terminated",
        ],
    },
    Watched {
        service: Service::Ec2,
        kind: "EC2::Instance",
        path: &["currentState", "name"],
        states: &[],
    },
    Watched {
        service: Service::Ec2,
        kind: "EC2::Instance status check",
        path: &["instanceStatus", "status"],
        states: &["impaired", "initializing", "ok"],
    },
    Watched {
        service: Service::Ec2,
        kind: "EC2::NatGateway",
        path: &["natGatewaySet", "item", "state"],
        states: &["available", "deleted", "deleting", "failed", "pending"],
    },
    Watched {
        service: Service::Ec2,
        kind: "EC2::NetworkInterface",
        path: &["networkInterfaceSet", "item", "status"],
        states: &["in-use"],
    },
    Watched {
        service: Service::Ec2,
        kind: "EC2::Volume",
        path: &["volumeSet", "item", "status"],
        states: &["available", "creating", "deleting", "error", "in-use"],
    },
    Watched {
        service: Service::Ec2,
        kind: "EC2::VPCEndpoint",
        path: &["vpcEndpointSet", "item", "state"],
        states: &["available", "deleting", "failed", "pending"],
    },
    Watched {
        service: Service::ElasticLoadBalancing,
        kind: "ElasticLoadBalancingV2::LoadBalancer",
        path: &["State", "Code"],
        states: &["provisioning", "active", "failed"],
    },
    Watched {
        service: Service::ElasticLoadBalancing,
        kind: "ElasticLoadBalancingV2::TargetGroup target",
        path: &["TargetHealth", "State"],
        states: &["draining", "healthy", "initial", "unhealthy", "unused"],
    },
    Watched {
        service: Service::ElasticLoadBalancing,
        kind: "ElasticLoadBalancingV2::TargetGroup target, reason",
        path: &["TargetHealth", "Reason"],
        states: &[
            "Elb.InitialHealthChecking",
            "Elb.InternalError",
            "Elb.RegistrationInProgress",
            "Target.DeregistrationInProgress",
            "Target.FailedHealthChecks",
            "Target.InvalidState",
            "Target.NotInUse",
            "Target.NotRegistered",
            "Target.ResponseCodeMismatch",
            "Target.Timeout",
        ],
    },
];

/// The states that were seen and their counts, by kind of resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SeenStates {
    kinds: BTreeMap<String, BTreeMap<String, u64>>,
}

impl SeenStates {
    /// Records the states in an answer.
    pub(crate) fn note(&mut self, service: Service, reply: &Reply) {
        match &reply.body {
            Body::Empty => {}
            Body::Xml(element) => self.note_element(service, element, &mut Vec::new()),
            Body::Json(value) if service == Service::Acm => self.note_acm(value),
            Body::Json(value) if service == Service::Ssm => self.note_ssm(value),
            Body::Json(value) => self.note_value(value),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (kind, state, times) in other.iter() {
            self.count(kind, state, times);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.kinds.iter().flat_map(|(kind, states)| {
            states
                .iter()
                .map(|(state, times)| (kind.as_str(), state.as_str(), *times))
        })
    }

    pub(super) fn has(&self, kind: &str, state: &str) -> bool {
        self.kinds
            .get(kind)
            .is_some_and(|states| states.contains_key(state))
    }

    fn count(&mut self, kind: &str, state: &str, times: u64) {
        let states = self.kinds.entry(kind.to_owned()).or_default();
        *states.entry(state.to_owned()).or_default() += times;
    }

    /// Records the states in an element. `path` holds the names of the elements around it.
    fn note_element<'a>(
        &mut self,
        service: Service,
        element: &'a Element,
        path: &mut Vec<&'a str>,
    ) {
        path.push(element.name());
        let watched = WATCHED
            .iter()
            .find(|watched| watched.service == service && path.ends_with(watched.path));
        if let Some(watched) = watched {
            self.count(watched.kind, element.text(), 1);
        }
        for child in element.elements() {
            self.note_element(service, child, path);
        }
        path.pop();
    }

    /// Records the states in an answer of Systems Manager.
    fn note_acm(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.note_acm(value)),
            Value::Object(members) => {
                let state = members.get("Status").and_then(Value::as_str);
                if let Some(state) = state.filter(|_| members.contains_key("CertificateArn")) {
                    self.count(CERTIFICATE, state, 1);
                }
                members.values().for_each(|value| self.note_acm(value));
            }
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn note_ssm(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.note_ssm(value)),
            Value::Object(members) => {
                let text = |name| members.get(name).and_then(Value::as_str);
                let has = |name| members.contains_key(name);
                if let Some(state) = text("PingStatus") {
                    self.count(MANAGED_INSTANCE, state, 1);
                }
                match text("Status") {
                    Some(state) if has("CommandId") && has("InstanceId") => {
                        self.count(COMMAND_INVOCATION, state, 1);
                    }
                    Some(state) if has("SessionId") => self.count(SESSION, state, 1),
                    Some(_) | None => {}
                }
                members.values().for_each(|value| self.note_ssm(value));
            }
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Records the states in an answer of EFS.
    fn note_value(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.note_value(value)),
            Value::Object(members) => {
                let kind = if members.contains_key("MountTargetId") {
                    MOUNT_TARGET
                } else if members.contains_key("AccessPointId") {
                    ACCESS_POINT
                } else {
                    FILE_SYSTEM
                };
                if let Some(Value::String(state)) = members.get("LifeCycleState") {
                    self.count(kind, state, 1);
                }
                members.values().for_each(|value| self.note_value(value));
            }
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Returns the states that the simulator can show, by kind of resource.
pub(super) fn offered() -> impl Iterator<Item = (&'static str, &'static str)> {
    // A kind may be watched in more than one place; its states are listed at the first.
    let in_xml = WATCHED.iter().map(|watched| (watched.kind, watched.states));
    let in_json = [
        (
            CERTIFICATE,
            &[
                "FAILED",
                "ISSUED",
                "PENDING_VALIDATION",
                "VALIDATION_TIMED_OUT",
            ][..],
        ),
        (ACCESS_POINT, LIFE_CYCLE_STATES),
        (FILE_SYSTEM, &["updating"]),
        (FILE_SYSTEM, LIFE_CYCLE_STATES),
        (MOUNT_TARGET, LIFE_CYCLE_STATES),
        (
            COMMAND_INVOCATION,
            &[
                "Cancelled",
                "Cancelling",
                "Failed",
                "InProgress",
                "Pending",
                "Success",
                "TimedOut",
            ],
        ),
        (MANAGED_INSTANCE, &["ConnectionLost", "Online"]),
        (SESSION, &["Connected", "Terminated"]),
    ];
    in_xml
        .chain(in_json)
        .flat_map(|(kind, states)| states.iter().map(move |state| (kind, *state)))
}

/// A place where a service's answers show a state.
struct Watched {
    service: Service,
    kind: &'static str,
    /// The names of the last elements on the path to the state.
    path: &'static [&'static str],
    states: &'static [&'static str],
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::offered;

    /// Returns the source of a file, or of all files below a folder.
    fn source(path: &Path) -> String {
        if path.is_file() {
            return fs::read_to_string(path).unwrap();
        }
        let entries = fs::read_dir(path).unwrap();
        entries
            .map(|entry| source(&entry.unwrap().path()))
            .collect()
    }

    #[test]
    fn offered_states_are_in_source() {
        let source = source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim")).to_lowercase();
        for (kind, state) in offered() {
            // EFS derives the names of its states from a Rust type, so they have no quotes in the source.
            assert!(source.contains(&state.to_lowercase()), "{kind} {state}");
        }
    }
}
