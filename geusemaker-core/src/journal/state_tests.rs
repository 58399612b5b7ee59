//! Tests of the fold: for any sequence of events, and for the illegal ones.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::claim::Holder;
use super::event::{JournalEvent, JournalRecord};
use super::state::{JournalState, Status};
use crate::aws::error::AwsError;
use crate::id::{AmiId, FileSystemId, InstanceId, SecurityGroupId, VpcId};
use crate::plan::Plan;
use crate::plan::network::PlannedNetwork;
use crate::plan::reached::{Ec2Ready, Reached};
use crate::resource::file_system;
use crate::resource::image::Image;
use crate::resource::kinds::AnyLookup;
use crate::resource_key::ResourceKey;
use crate::spec::{DeploymentSpec, LoadBalancer, Tier};

pub(crate) fn plan() -> Plan {
    let spec = r#"
        name = "llm"
        tier = 1
        [compute]
        instance_type = "g5.xlarge"
        [[service]]
        name = "ollama"
        port = 11434
        image = "ollama/ollama:latest"
    "#;
    Plan {
        warnings: Vec::new(),
        spec: DeploymentSpec::from_toml(spec).unwrap(),
        account: "123456789012".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        network: PlannedNetwork::Existing {
            vpc: VpcId::from_aws("vpc-1"),
            subnets: Vec::new(),
        },
        candidates: Vec::new(),
        image: Image {
            state: String::new(),
            snapshot_gib: 0,
            id: AmiId::from_aws("ami-1"),
            name: "an image".to_owned(),
            root_device: "/dev/sda1".to_owned(),
            architecture: "x86_64".to_owned(),
        },
        adopted_file_system: None,
        cloudfront_prefix_list: None,
        hosted_zone: None,
    }
}

pub(crate) fn planned() -> JournalEvent {
    JournalEvent::Planned {
        deployment: "0123456789ab".parse().unwrap(),
        plan: Box::new(plan()),
    }
}

fn adjusted() -> JournalEvent {
    let plan = plan();
    let balancer = LoadBalancer::builder().wait_timeout(Duration::from_secs(1800));
    let spec = plan.spec.to_builder().load_balancer(balancer).build();
    JournalEvent::Adjusted {
        spec: Box::new(spec.unwrap()),
    }
}

fn reached() -> JournalEvent {
    JournalEvent::Reached {
        state: Box::new(Reached::Ec2Ready(Ec2Ready {
            network: plan().used_network().unwrap(),
            plan: plan(),
            instance_group: SecurityGroupId::from_aws("sg-1"),
            file_system: FileSystemId::from_aws("fs-1"),
            mount_targets: Vec::new(),
            instances: Vec::new(),
        })),
    }
}

pub(crate) fn intent(key: &str) -> JournalEvent {
    JournalEvent::Intent {
        key: ResourceKey::new(key),
        lookup: lookup(key),
    }
}

fn lookup(key: &str) -> AnyLookup {
    AnyLookup::FileSystem(file_system::Lookup {
        creation_token: format!("token of {key}"),
    })
}

pub(crate) fn created(key: &str) -> JournalEvent {
    JournalEvent::Created {
        key: ResourceKey::new(key),
        id: format!("id of {key}"),
    }
}

fn any_event() -> impl Strategy<Value = JournalEvent> {
    let key = || prop::sample::select(vec!["a", "b", "c"]);
    let holder = prop::sample::select(vec![1u32, 2]).prop_map(|pid| Holder {
        pid,
        ..Holder::this_process()
    });
    prop_oneof![
        1 => Just(planned()),
        1 => holder.prop_map(|holder| JournalEvent::Claimed { holder, until: Timestamp::MAX }),
        1 => Just(JournalEvent::Released),
        6 => key().prop_map(intent),
        6 => key().prop_map(created),
        2 => key().prop_map(|key| JournalEvent::Refused {
            key: ResourceKey::new(key),
            error: AwsError::incomplete("ec2:RunInstances", "instance id"),
        }),
        1 => key().prop_map(|key| JournalEvent::Adopted {
            key: ResourceKey::new(key),
            lookup: lookup(key),
            id: format!("id of {key}"),
        }),
        4 => key().prop_map(|key| JournalEvent::Deleting { key: ResourceKey::new(key) }),
        4 => key().prop_map(|key| JournalEvent::Deleted { key: ResourceKey::new(key) }),
        1 => key().prop_map(|key| JournalEvent::Kept { key: ResourceKey::new(key) }),
        1 => Just(reached()),
        1 => Just(JournalEvent::Committed { tier: Tier::Instances }),
        1 => Just(adjusted()),
        1 => Just(JournalEvent::Console {
            instance: InstanceId::from_aws("i-1"),
            lines: vec!["stage 1".to_owned()],
        }),
        1 => Just(JournalEvent::Ending),
        1 => Just(JournalEvent::Gone),
    ]
}

fn at(sequence: u64) -> Timestamp {
    Timestamp::from_second(sequence.try_into().unwrap()).unwrap()
}

/// Returns the keys of the resources that exist or may exist, and are neither adopted nor kept.
fn at_stake(state: &JournalState) -> BTreeSet<ResourceKey> {
    let entries = state
        .entries()
        .into_iter()
        .filter(|entry| match entry.status {
            Status::Intended | Status::Created { .. } | Status::Deleting { .. } => true,
            Status::Adopted { .. } | Status::Kept { .. } => false,
        });
    entries.map(|entry| entry.key).collect()
}

/// Applies every event that is legal, and returns the state and the applied records.
fn applied(events: &[JournalEvent]) -> (JournalState, Vec<JournalRecord>) {
    let mut state = JournalState::default();
    let mut records: Vec<JournalRecord> = Vec::new();
    for event in std::iter::once(&planned()).chain(events) {
        let sequence = records.len() as u64;
        if state.apply(at(sequence), event).is_ok() {
            records.push(JournalRecord {
                version: event.version(),
                sequence,
                at: at(sequence),
                event: event.clone(),
            });
        }
    }
    (state, records)
}

/// A spec of an earlier version may have a text that this version takes for a secret.
#[test]
fn journal_with_secret_is_read() {
    let mut json = serde_json::to_value(planned()).unwrap();
    json["plan"]["spec"]["service"][0]["env"] =
        serde_json::json!({ "HF_TOKEN": "hunter2-hunter2" });
    let JournalEvent::Planned { plan, .. } = serde_json::from_value(json).unwrap() else {
        panic!("another event")
    };
    assert_eq!(plan.spec.services()[0].env().len(), 1);
}

proptest! {
    #[test]
    fn event_applies_fully_or_not_at_all(
        events in prop::collection::vec(any_event(), 0..60),
    ) {
        let mut state = JournalState::default();
        for event in &events {
            let before = format!("{state:?}");
            if state.apply(Timestamp::UNIX_EPOCH, event).is_err() {
                prop_assert_eq!(format!("{state:?}"), before);
            }
        }
    }

    /// Only a refused, deleted or kept resource disappears from the state.
    #[test]
    fn resource_is_never_forgotten_silently(
        events in prop::collection::vec(any_event(), 0..60),
    ) {
        let mut state = JournalState::default();
        for event in std::iter::once(&planned()).chain(&events) {
            let before = at_stake(&state);
            if state.apply(Timestamp::UNIX_EPOCH, event).is_err() {
                continue;
            }
            let now = at_stake(&state);
            let forgotten: Vec<_> = before.difference(&now).collect();
            match event {
                JournalEvent::Refused { key, .. } | JournalEvent::Deleted { key } | JournalEvent::Kept { key } => {
                    prop_assert!(forgotten.iter().all(|gone| *gone == key));
                }
                _ => prop_assert!(forgotten.is_empty(), "{} has made it forget {forgotten:?}", event.name()),
            }
            if let JournalEvent::Intent { key, .. } = event {
                prop_assert!(now.contains(key));
            }
        }
    }

    #[test]
    fn written_records_replay_same_state(
        events in prop::collection::vec(any_event(), 0..60),
    ) {
        let (state, records) = applied(&events);
        let written = serde_json::to_string(&records).unwrap();
        let read: Vec<JournalRecord> = serde_json::from_str(&written).unwrap();
        let replayed = JournalState::replay(&read).unwrap();
        prop_assert_eq!(format!("{replayed:?}"), format!("{state:?}"));
    }

    #[test]
    fn tokens_are_never_reused(events in prop::collection::vec(any_event(), 0..60)) {
        let mut state = JournalState::default();
        let mut used = BTreeSet::new();
        for event in std::iter::once(&planned()).chain(&events) {
            let is_new = state.apply(Timestamp::UNIX_EPOCH, event).is_ok();
            if let (true, JournalEvent::Intent { key, .. }) = (is_new, event) {
                prop_assert!(used.insert((key.clone(), state.attempts(key))));
            }
        }
    }
}

fn after(events: &[JournalEvent]) -> JournalState {
    let (state, records) = applied(events);
    assert_eq!(records.len(), events.len() + 1, "an event was refused");
    state
}

fn refusal(events: &[JournalEvent], next: &JournalEvent) -> String {
    after(events)
        .apply(Timestamp::UNIX_EPOCH, next)
        .unwrap_err()
        .to_string()
}

#[test]
fn illegal_sequences_name_contradiction() {
    let deleting = JournalEvent::Deleting {
        key: ResourceKey::new("a"),
    };
    let deleted = JournalEvent::Deleted {
        key: ResourceKey::new("a"),
    };
    let adopted = JournalEvent::Adopted {
        key: ResourceKey::new("a"),
        lookup: lookup("a"),
        id: "fs-1".to_owned(),
    };
    for (before, next, why) in [
        (
            vec![],
            planned(),
            "planned cannot follow here: a deployment is under way already",
        ),
        (
            vec![],
            created("a"),
            "created cannot follow here: a was not asked for",
        ),
        (
            vec![intent("a")],
            intent("a"),
            "intent cannot follow here: a was asked for already",
        ),
        (
            vec![intent("a"), created("a")],
            created("a"),
            "created cannot follow here: a was not asked for",
        ),
        (
            vec![intent("a"), created("a")],
            deleted,
            "deleted cannot follow here: a was not being deleted",
        ),
        (
            vec![adopted],
            deleting,
            "deleting cannot follow here: a does not exist or was adopted",
        ),
        (
            vec![intent("a")],
            JournalEvent::Gone,
            "gone cannot follow here: a is not gone",
        ),
    ] {
        let refusal = refusal(&before, &next);
        assert!(refusal.ends_with(why), "{refusal}");
    }
    let nothing = JournalState::default()
        .apply(Timestamp::UNIX_EPOCH, &intent("a"))
        .unwrap_err();
    assert!(
        nothing.to_string().ends_with("no deployment has begun"),
        "{nothing}"
    );
}

/// A transition undoes only what was created after the savepoint.
#[test]
fn savepoint_marks_last_reached_state() {
    let state = after(&[
        intent("before"),
        created("before"),
        reached(),
        intent("after"),
        created("after"),
    ]);
    let mark = state.savepoint();
    let after: Vec<_> = state
        .entries()
        .into_iter()
        .filter(|entry| mark.is_before(entry))
        .collect();
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].key, ResourceKey::new("after"));
}

#[test]
fn renewed_claim_keeps_its_start() {
    let holder = Holder::this_process();
    let mut state = JournalState::default();
    for second in [10, 20] {
        let claimed = JournalEvent::Claimed {
            holder: holder.clone(),
            until: at(second + 900),
        };
        state.apply(at(second), &claimed).unwrap();
    }
    let claim = state.claim.unwrap();
    assert_eq!((claim.since, claim.until), (at(10), at(920)));
}

#[test]
fn adjusted_spec_is_in_reached_state() {
    let (state, _) = applied(&[reached(), adjusted()]);
    let spec = &state.deployment.unwrap().plan.spec;
    assert_eq!(spec.load_balancer().wait_timeout().as_secs(), 1800);
    assert_eq!(state.reached.unwrap().ec2().plan.spec, *spec);
}
