//! The state of a deployment: a pure fold over its journal.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::claim::Holder;
use super::event::{Event, Key, Record};
use crate::deployment::plan::Plan;
use crate::deployment::state::Reached;
use crate::resource::lookup::Lookup;
use crate::spec::Tier;

/// What the journal adds up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct LedgerState {
    pub(crate) deployment: Option<Header>,
    entries: BTreeMap<Key, Entry>,
    pub(crate) reached: Option<Reached>,
    pub(crate) committed: Option<Tier>,
    pub(crate) claim: Option<Claim>,
    /// How often each key has been asked for: every attempt has a token of its own.
    attempts: BTreeMap<Key, u32>,
    next_order: u64,
    /// Where the last state was reached.
    savepoint: Savepoint,
}

/// What a deployment began with.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) id: String,
    pub(crate) plan: Plan,
    pub(crate) since: Timestamp,
}

/// Who works on the deployment, and until when at the latest.
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
    /// Since when it may exist.
    pub(crate) since: Timestamp,
    /// The place in the order of creation.
    pub(crate) order: u64,
}

/// What is known of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It was asked for, and nobody knows whether it exists.
    Intended,
    Created { id: String },
    /// It exists and is somebody else's.
    Adopted { id: String },
    /// Its deletion was asked for; nobody knows an id if its creation was in doubt.
    Deleting { id: Option<String> },
    /// It stays on purpose.
    Kept { id: String },
}

impl Entry {
    pub(crate) fn id(&self) -> Option<&str> {
        match &self.status {
            Status::Intended => None,
            Status::Created { id } | Status::Adopted { id } | Status::Kept { id } => Some(id),
            Status::Deleting { id } => id.as_deref(),
        }
    }

    /// Whether it has to be deleted when its deployment ends.
    pub(crate) fn is_owned(&self) -> bool {
        match self.status {
            // What was kept once may be asked to go the next time.
            Status::Intended | Status::Created { .. } | Status::Deleting { .. } | Status::Kept { .. } => true,
            Status::Adopted { .. } => false,
        }
    }
}

/// An event that cannot follow those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of type {event} cannot follow here: {why}")]
pub struct IllegalEvent {
    event: &'static str,
    why: String,
}

impl LedgerState {
    /// The state after all these records.
    pub(crate) fn replay(records: &[Record]) -> Result<Self, (u64, IllegalEvent)> {
        let mut state = Self::default();
        for record in records {
            state
                .apply(record.at, &record.event)
                .map_err(|error| (record.sequence, error))?;
        }
        Ok(state)
    }

    /// Whether there is no deployment, or no longer one.
    pub(crate) fn is_gone(&self) -> bool {
        self.deployment.is_none()
    }

    pub(crate) fn entry(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Every resource that exists or may exist, in the order in which they were asked for.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<_> = self.entries.values().cloned().collect();
        entries.sort_by_key(|entry| entry.order);
        entries
    }

    /// Where the last state was reached: what came after it can be undone without what came before, whichever process
    /// has made it.
    pub(crate) fn savepoint(&self) -> Savepoint {
        self.savepoint
    }

    pub(crate) fn attempts(&self, key: &Key) -> u32 {
        self.attempts.get(key).copied().unwrap_or(0)
    }

    /// Takes in one event.
    pub(crate) fn apply(&mut self, at: Timestamp, event: &Event) -> Result<(), IllegalEvent> {
        let illegal = |event, why: String| Err(IllegalEvent { event, why });
        let name = event.name();
        if self.is_gone() && !matches!(event, Event::Planned { .. } | Event::Claimed { .. } | Event::Released)
        {
            return illegal(name, "no deployment has begun".to_owned());
        }
        match event {
            Event::Planned { deployment, plan } => {
                if !self.is_gone() {
                    return illegal(name, "a deployment is under way already".to_owned());
                }
                self.deployment = Some(Header {
                    id: deployment.clone(),
                    plan: (**plan).clone(),
                    since: at,
                });
            }
            Event::Claimed { holder, until } => {
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
            Event::Released => self.claim = None,
            Event::Intent { key, lookup } => {
                if self.entries.contains_key(key) {
                    return illegal(name, format!("{key} was asked for already"));
                }
                *self.attempts.entry(key.clone()).or_default() += 1;
                self.insert(at, key, lookup, Status::Intended);
            }
            Event::Created { key, id } => match self.status_mut(key) {
                Some(status @ Status::Intended) => *status = Status::Created { id: id.clone() },
                _ => return illegal(name, format!("{key} was not asked for")),
            },
            Event::Refused { key, .. } => match self.status_mut(key) {
                Some(Status::Intended) => {
                    self.entries.remove(key);
                }
                _ => return illegal(name, format!("{key} was not asked for")),
            },
            Event::Adopted { key, lookup, id } => {
                if self.entries.contains_key(key) {
                    return illegal(name, format!("{key} exists already"));
                }
                self.insert(at, key, lookup, Status::Adopted { id: id.clone() });
            }
            Event::Deleting { key } => {
                let status = match self.status_mut(key) {
                    Some(status) if !matches!(status, Status::Adopted { .. }) => status,
                    _ => return illegal(name, format!("{key} does not exist or was adopted")),
                };
                *status = match status {
                    Status::Created { id } | Status::Kept { id } | Status::Adopted { id } => {
                        Status::Deleting { id: Some(id.clone()) }
                    }
                    Status::Deleting { id } => Status::Deleting { id: id.clone() },
                    Status::Intended => Status::Deleting { id: None },
                };
            }
            Event::Deleted { key } => match self.status_mut(key) {
                Some(Status::Deleting { .. } | Status::Intended) => {
                    self.entries.remove(key);
                }
                _ => return illegal(name, format!("{key} was not being deleted")),
            },
            Event::Kept { key } => match self.status_mut(key) {
                Some(status @ Status::Created { .. }) => {
                    if let Status::Created { id } = &*status {
                        *status = Status::Kept { id: id.clone() };
                    }
                }
                Some(Status::Kept { .. }) => {}
                _ => return illegal(name, format!("{key} does not exist")),
            },
            Event::Reached { state } => {
                self.reached = Some((**state).clone());
                self.savepoint = Savepoint(self.next_order);
            }
            Event::Committed { tier } => self.committed = Some(*tier),
            Event::Gone => {
                let attempts = std::mem::take(&mut self.attempts);
                *self = Self {
                    claim: self.claim.take(),
                    next_order: self.next_order,
                    attempts,
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

impl Event {
    /// The type as the journal writes it.
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
            Self::Committed { .. } => "committed",
            Self::Gone => "gone",
        }
    }
}
