//! The state of a deployment: a pure fold over its journal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::claim::Holder;
use super::event::{JournalEvent, JournalRecord, Key};
use crate::deployment::plan::Plan;
use crate::deployment::state::Reached;
use crate::resource::lookup::Lookup;
use crate::spec::Tier;

/// The state that the records of a journal add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct LedgerState {
    pub(crate) deployment: Option<Header>,
    entries: BTreeMap<Key, Entry>,
    pub(crate) reached: Option<Reached>,
    pub(crate) committed: Option<Tier>,
    /// True once the removal of the deployment has begun.
    pub(crate) is_tearing_down: bool,
    /// True while the undo of a transition is unfinished.
    pub(crate) is_undoing: bool,
    pub(crate) claim: Option<Claim>,
    /// The number of attempts for each key: every attempt has its own token.
    attempts: BTreeMap<Key, u32>,
    next_order: u64,
    /// The place in the order of creation where the last state was reached.
    savepoint: Savepoint,
    /// The ids of the resources that were kept on purpose when their deployment was removed.
    pub(crate) retained: BTreeSet<String>,
}

/// The id, the plan and the start time of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) id: String,
    pub(crate) plan: Plan,
    pub(crate) since: Timestamp,
}

/// The process that works on the deployment, and the time at which its claim expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) holder: Holder,
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
}

/// A resource as the journal knows it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) lookup: Lookup,
    pub(crate) status: Status,
    /// The time since which the resource may exist.
    pub(crate) since: Timestamp,
    /// The place in the order of creation.
    pub(crate) order: u64,
}

/// The status of a resource, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It was requested, and it is unknown whether it exists.
    Intended,
    Created {
        id: String,
    },
    /// It exists and belongs to another owner.
    Adopted {
        id: String,
    },
    /// Its deletion was requested; there is no id if the outcome of its creation was unknown.
    Deleting {
        id: Option<String>,
    },
    /// It is kept on purpose.
    Kept {
        id: String,
    },
}

impl Entry {
    pub(crate) fn id(&self) -> Option<&str> {
        match &self.status {
            Status::Intended => None,
            Status::Created { id } | Status::Adopted { id } | Status::Kept { id } => Some(id),
            Status::Deleting { id } => id.as_deref(),
        }
    }

    /// Returns true if the resource has to be deleted with its deployment.
    pub(crate) fn is_owned(&self) -> bool {
        match self.status {
            // A resource that was kept may be deleted by the next removal.
            Status::Intended
            | Status::Created { .. }
            | Status::Deleting { .. }
            | Status::Kept { .. } => true,
            Status::Adopted { .. } => false,
        }
    }
}

/// Error returned when an event cannot follow the events before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of type {event} cannot follow here: {why}")]
pub struct IllegalEvent {
    event: &'static str,
    why: String,
}

impl LedgerState {
    /// Returns the state after all these records.
    pub(crate) fn replay(records: &[JournalRecord]) -> Result<Self, (u64, IllegalEvent)> {
        let mut state = Self::default();
        for record in records {
            state
                .apply(record.at, &record.event)
                .map_err(|error| (record.sequence, error))?;
        }
        Ok(state)
    }

    /// Returns true if no deployment exists, or none exists any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.deployment.is_none()
    }

    pub(crate) fn entry(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Returns every resource that exists or may exist, in the order of the requests.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<_> = self.entries.values().cloned().collect();
        entries.sort_by_key(|entry| entry.order);
        entries
    }

    /// Returns the place where the last state was reached. Everything created after it, by any process, can be undone
    /// without what was created before it.
    pub(crate) fn savepoint(&self) -> Savepoint {
        self.savepoint
    }

    pub(crate) fn attempts(&self, key: &Key) -> u32 {
        self.attempts.get(key).copied().unwrap_or(0)
    }

    /// Applies one event to the state.
    pub(crate) fn apply(
        &mut self,
        at: Timestamp,
        event: &JournalEvent,
    ) -> Result<(), IllegalEvent> {
        let illegal = |event, why: String| Err(IllegalEvent { event, why });
        let name = event.name();
        if self.is_gone()
            && !matches!(
                event,
                JournalEvent::Planned { .. }
                    | JournalEvent::Claimed { .. }
                    | JournalEvent::Released
            )
        {
            return illegal(name, "no deployment has begun".to_owned());
        }
        match event {
            JournalEvent::Planned { deployment, plan } => {
                if !self.is_gone() {
                    return illegal(name, "a deployment is under way already".to_owned());
                }
                self.deployment = Some(Header {
                    id: deployment.clone(),
                    plan: (**plan).clone(),
                    since: at,
                });
            }
            JournalEvent::Claimed { holder, until } => {
                let since = match &self.claim {
                    Some(claim) if claim.holder == *holder => claim.since,
                    _ => at,
                };
                self.claim = Some(Claim {
                    holder: holder.clone(),
                    since,
                    until: *until,
                });
            }
            JournalEvent::Released => self.claim = None,
            JournalEvent::Intent { key, lookup } => {
                if self.entries.contains_key(key) {
                    return illegal(name, format!("{key} was asked for already"));
                }
                *self.attempts.entry(key.clone()).or_default() += 1;
                self.insert(at, key, lookup, Status::Intended);
            }
            JournalEvent::Created { key, id } => match self.entries.get_mut(key) {
                Some(entry) if entry.status == Status::Intended => {
                    entry.status = Status::Created { id: id.clone() };
                    // Its age counts from now on, no matter how long the creation took.
                    entry.since = at;
                }
                _ => return illegal(name, format!("{key} was not asked for")),
            },
            JournalEvent::Refused { key, .. } => match self.status_mut(key) {
                Some(Status::Intended) => {
                    self.entries.remove(key);
                }
                _ => return illegal(name, format!("{key} was not asked for")),
            },
            JournalEvent::Adopted { key, lookup, id } => {
                if self.entries.contains_key(key) {
                    return illegal(name, format!("{key} exists already"));
                }
                self.insert(at, key, lookup, Status::Adopted { id: id.clone() });
            }
            JournalEvent::Deleting { key } => {
                let status = match self.status_mut(key) {
                    Some(status) if !matches!(status, Status::Adopted { .. }) => status,
                    _ => return illegal(name, format!("{key} does not exist or was adopted")),
                };
                *status = match status {
                    Status::Created { id } | Status::Kept { id } | Status::Adopted { id } => {
                        Status::Deleting {
                            id: Some(id.clone()),
                        }
                    }
                    Status::Deleting { id } => Status::Deleting { id: id.clone() },
                    Status::Intended => Status::Deleting { id: None },
                };
            }
            JournalEvent::Deleted { key } => match self.status_mut(key) {
                Some(Status::Deleting { .. } | Status::Intended) => {
                    self.entries.remove(key);
                }
                _ => return illegal(name, format!("{key} was not being deleted")),
            },
            JournalEvent::Kept { key } => match self.status_mut(key) {
                Some(status) => match &*status {
                    // A deletion that was requested and refused can still be cancelled.
                    Status::Created { id }
                    | Status::Kept { id }
                    | Status::Deleting { id: Some(id) } => {
                        *status = Status::Kept { id: id.clone() };
                    }
                    Status::Intended | Status::Adopted { .. } | Status::Deleting { id: None } => {
                        return illegal(name, format!("{key} does not exist or was adopted"));
                    }
                },
                None => return illegal(name, format!("{key} does not exist")),
            },
            JournalEvent::Reached { state } => {
                self.reached = Some((**state).clone());
                self.savepoint = Savepoint(self.next_order);
                self.is_undoing = false;
            }
            JournalEvent::Committed { tier } => self.committed = Some(*tier),
            JournalEvent::Undoing => self.is_undoing = true,
            JournalEvent::Undone => self.is_undoing = false,
            JournalEvent::Ending => self.is_tearing_down = true,
            JournalEvent::Gone => {
                let stays = |entry: &&Entry| {
                    entry.is_owned() && !matches!(entry.status, Status::Kept { .. })
                };
                if let Some(entry) = self.entries.values().find(stays) {
                    return illegal(name, format!("{} is not gone", entry.key));
                }
                let attempts = std::mem::take(&mut self.attempts);
                let mut retained = std::mem::take(&mut self.retained);
                let kept = self.entries.values().filter(|entry| entry.is_owned());
                retained.extend(kept.filter_map(|entry| entry.id().map(str::to_owned)));
                *self = Self {
                    claim: self.claim.take(),
                    next_order: self.next_order,
                    attempts,
                    retained,
                    ..Self::default()
                };
            }
        }
        Ok(())
    }

    fn insert(&mut self, at: Timestamp, key: &Key, lookup: &Lookup, status: Status) {
        let entry = Entry {
            key: key.clone(),
            lookup: lookup.clone(),
            status,
            since: at,
            order: self.next_order,
        };
        self.next_order += 1;
        self.entries.insert(key.clone(), entry);
    }

    fn status_mut(&mut self, key: &Key) -> Option<&mut Status> {
        self.entries.get_mut(key).map(|entry| &mut entry.status)
    }
}

/// A place in the order of creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Savepoint(u64);

impl Savepoint {
    pub(crate) fn is_before(self, entry: &Entry) -> bool {
        self.0 <= entry.order
    }
}

impl JournalEvent {
    /// Returns the type of the event, as the journal writes it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "planned",
            Self::Claimed { .. } => "claimed",
            Self::Released => "released",
            Self::Intent { .. } => "intent",
            Self::Created { .. } => "created",
            Self::Refused { .. } => "refused",
            Self::Adopted { .. } => "adopted",
            Self::Deleting { .. } => "deleting",
            Self::Deleted { .. } => "deleted",
            Self::Kept { .. } => "kept",
            Self::Reached { .. } => "reached",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Committed { .. } => "committed",
            Self::Ending => "ending",
            Self::Gone => "gone",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::aws::error::AwsError;
    use crate::deployment::state::Ec2Ready;
    use crate::id::{AmiId, FileSystemId, SecurityGroupId, VpcId};
    use crate::ledger::event::VERSION;
    use crate::resource::image::Image;
    use crate::spec::DeploymentSpec;

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
            spec: DeploymentSpec::from_toml(spec).unwrap(),
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            vpc: VpcId::from_aws("vpc-1"),
            subnets: Vec::new(),
            candidates: Vec::new(),
            image: Image {
                id: AmiId::from_aws("ami-1"),
                name: "an image".to_owned(),
                root_device: "/dev/sda1".to_owned(),
                architecture: "x86_64".to_owned(),
            },
            adopted_file_system: None,
            cloudfront_prefix_list: None,
        }
    }

    pub(crate) fn planned() -> JournalEvent {
        JournalEvent::Planned {
            deployment: "0123456789ab".to_owned(),
            plan: Box::new(plan()),
        }
    }

    fn reached() -> JournalEvent {
        JournalEvent::Reached {
            state: Box::new(Reached::Ec2Ready(Ec2Ready {
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
            key: Key::new(key),
            lookup: lookup(key),
        }
    }

    fn lookup(key: &str) -> Lookup {
        Lookup::FileSystem {
            creation_token: format!("token of {key}"),
        }
    }

    pub(crate) fn created(key: &str) -> JournalEvent {
        JournalEvent::Created {
            key: Key::new(key),
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
                key: Key::new(key),
                error: AwsError::incomplete("ec2:RunInstances", "instance id"),
            }),
            1 => key().prop_map(|key| JournalEvent::Adopted {
                key: Key::new(key),
                lookup: lookup(key),
                id: format!("id of {key}"),
            }),
            4 => key().prop_map(|key| JournalEvent::Deleting { key: Key::new(key) }),
            4 => key().prop_map(|key| JournalEvent::Deleted { key: Key::new(key) }),
            1 => key().prop_map(|key| JournalEvent::Kept { key: Key::new(key) }),
            1 => Just(reached()),
            1 => Just(JournalEvent::Committed { tier: Tier::Instances }),
            1 => Just(JournalEvent::Ending),
            1 => Just(JournalEvent::Gone),
        ]
    }

    fn at(sequence: u64) -> Timestamp {
        Timestamp::from_second(sequence.try_into().unwrap()).unwrap()
    }

    /// Returns the keys of the resources that exist or may exist, and are neither adopted nor kept.
    fn at_stake(state: &LedgerState) -> BTreeSet<Key> {
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
    fn applied(events: &[JournalEvent]) -> (LedgerState, Vec<JournalRecord>) {
        let mut state = LedgerState::default();
        let mut records: Vec<JournalRecord> = Vec::new();
        for event in std::iter::once(&planned()).chain(events) {
            let sequence = records.len() as u64;
            if state.apply(at(sequence), event).is_ok() {
                records.push(JournalRecord {
                    version: VERSION,
                    sequence,
                    at: at(sequence),
                    event: event.clone(),
                });
            }
        }
        (state, records)
    }

    proptest! {
        #[test]
        fn event_applies_fully_or_not_at_all(
            events in prop::collection::vec(any_event(), 0..60),
        ) {
            let mut state = LedgerState::default();
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
            let mut state = LedgerState::default();
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
            let replayed = LedgerState::replay(&read).unwrap();
            prop_assert_eq!(format!("{replayed:?}"), format!("{state:?}"));
        }

        #[test]
        fn tokens_are_never_reused(events in prop::collection::vec(any_event(), 0..60)) {
            let mut state = LedgerState::default();
            let mut used = BTreeSet::new();
            for event in std::iter::once(&planned()).chain(&events) {
                let is_new = state.apply(Timestamp::UNIX_EPOCH, event).is_ok();
                if let (true, JournalEvent::Intent { key, .. }) = (is_new, event) {
                    prop_assert!(used.insert((key.clone(), state.attempts(key))));
                }
            }
        }
    }

    fn after(events: &[JournalEvent]) -> LedgerState {
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
        let deleting = JournalEvent::Deleting { key: Key::new("a") };
        let deleted = JournalEvent::Deleted { key: Key::new("a") };
        let adopted = JournalEvent::Adopted {
            key: Key::new("a"),
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
        let nothing = LedgerState::default()
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
        assert_eq!(after[0].key, Key::new("after"));
    }

    #[test]
    fn renewed_claim_keeps_its_start() {
        let holder = Holder::this_process();
        let mut state = LedgerState::default();
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
}
