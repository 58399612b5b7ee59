//! The state of a deployment: a pure fold over its journal.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::claim::Holder;
use super::event::{JournalEvent, JournalRecord};
use crate::id::{AccountId, DeploymentId};
use crate::kind::ResourceKind;
use crate::plan::Plan;
use crate::plan::reached::Reached;
use crate::resource::kinds::AnyLookup;
use crate::resource_key::ResourceKey;
use crate::spec::{DeploymentSpec, Region, Tier};

/// The state that the records of a journal add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct JournalState {
    pub(crate) deployment: Option<Header>,
    entries: BTreeMap<ResourceKey, Entry>,
    pub(crate) reached: Option<Reached>,
    pub(crate) committed: Option<Tier>,
    /// True once the removal of the deployment has begun.
    pub(crate) is_tearing_down: bool,
    /// True while the undo of a transition is unfinished.
    pub(crate) is_undoing: bool,
    pub(crate) claim: Option<Claim>,
    /// The number of attempts for each key: every attempt has its own token.
    attempts: BTreeMap<ResourceKey, u32>,
    next_order: u64,
    /// The place in the order of creation where the last state was reached.
    savepoint: Savepoint,
    /// The resources that were kept on purpose when their deployment was removed, by their ids.
    pub(crate) retained: BTreeMap<String, Retained>,
    /// The time of the last event.
    pub(crate) at: Option<Timestamp>,
}

/// A resource that was kept on purpose when its deployment was removed.
#[derive(Clone, Debug)]
pub(crate) struct Retained {
    pub(crate) kind: ResourceKind,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The time of its creation.
    pub(crate) since: Timestamp,
    /// The time of the removal that kept it.
    pub(crate) kept_at: Timestamp,
}

/// The id, the plan and the start time of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) id: DeploymentId,
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
    pub(crate) key: ResourceKey,
    pub(crate) lookup: AnyLookup,
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

impl JournalState {
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

    /// Returns the claim of a process that is at work at this time, as far as that can be known here.
    pub(crate) fn claim_at(&self, now: Timestamp) -> Option<&Claim> {
        let claim = self.claim.as_ref();
        claim.filter(|claim| claim.until > now && !claim.holder.is_dead())
    }

    pub(crate) fn entry(&self, key: &ResourceKey) -> Option<&Entry> {
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

    /// Returns the present place. Everything created from now on can be told from what exists already.
    pub(crate) fn present(&self) -> Savepoint {
        Savepoint(self.next_order)
    }

    pub(crate) fn attempts(&self, key: &ResourceKey) -> u32 {
        self.attempts.get(key).copied().unwrap_or(0)
    }

    /// Applies one event to the state, or leaves the state as it is if the event cannot follow.
    pub(crate) fn apply(
        &mut self,
        at: Timestamp,
        event: &JournalEvent,
    ) -> Result<(), IllegalEvent> {
        self.follow(at, event).map_err(|why| IllegalEvent {
            event: event.name(),
            why,
        })?;
        self.at = Some(at);
        Ok(())
    }

    /// Applies one event, or returns the reason why it cannot follow.
    fn follow(&mut self, at: Timestamp, event: &JournalEvent) -> Result<(), String> {
        if self.is_gone() && event.needs_deployment() {
            return Err("no deployment has begun".to_owned());
        }
        match event {
            JournalEvent::Planned { deployment, plan } => self.planned(at, deployment, plan)?,
            JournalEvent::Adjusted { spec } => self.adjusted(spec)?,
            JournalEvent::Console { .. } => {}
            JournalEvent::Claimed { holder, until } => self.claimed(at, holder, *until),
            JournalEvent::Released => self.claim = None,
            JournalEvent::Intent { key, lookup } => self.intended(at, key, lookup)?,
            JournalEvent::Created { key, id } => self.created(at, key, id)?,
            JournalEvent::Refused { key, .. } => self.refused(key)?,
            JournalEvent::Adopted { key, lookup, id } => self.adopted(at, key, lookup, id)?,
            JournalEvent::Deleting { key } => self.deleting(key)?,
            JournalEvent::Deleted { key } => self.deleted(key)?,
            JournalEvent::Kept { key } => self.kept(key)?,
            JournalEvent::Reached { state } => {
                self.reached = Some((**state).clone());
                self.savepoint = Savepoint(self.next_order);
                self.is_undoing = false;
            }
            JournalEvent::Committed { tier } => self.committed = Some(*tier),
            JournalEvent::Undoing => self.is_undoing = true,
            JournalEvent::Undone => self.is_undoing = false,
            JournalEvent::Ending => self.is_tearing_down = true,
            JournalEvent::Gone => self.gone(at)?,
            JournalEvent::KeptDeleted { id } => {
                let deleted = self.retained.remove(id);
                deleted.ok_or_else(|| format!("{id} was not kept"))?;
            }
        }
        Ok(())
    }

    fn planned(
        &mut self,
        at: Timestamp,
        deployment: &DeploymentId,
        plan: &Plan,
    ) -> Result<(), String> {
        if !self.is_gone() {
            return Err("a deployment is under way already".to_owned());
        }
        self.deployment = Some(Header {
            id: deployment.clone(),
            plan: plan.clone(),
            since: at,
        });
        Ok(())
    }

    fn adjusted(&mut self, spec: &DeploymentSpec) -> Result<(), String> {
        let Some(header) = &mut self.deployment else {
            return Err("no deployment has begun".to_owned());
        };
        header.plan.spec = spec.clone();
        if let Some(reached) = &mut self.reached {
            reached.ec2_mut().plan.spec = spec.clone();
        }
        Ok(())
    }

    /// A renewed claim keeps its start.
    fn claimed(&mut self, at: Timestamp, holder: &Holder, until: Timestamp) {
        let own = self.claim.as_ref().filter(|claim| claim.holder == *holder);
        self.claim = Some(Claim {
            holder: holder.clone(),
            since: own.map_or(at, |claim| claim.since),
            until,
        });
    }

    fn intended(
        &mut self,
        at: Timestamp,
        key: &ResourceKey,
        lookup: &AnyLookup,
    ) -> Result<(), String> {
        if self.entries.contains_key(key) {
            return Err(format!("{key} was asked for already"));
        }
        *self.attempts.entry(key.clone()).or_default() += 1;
        self.insert(at, key, lookup, Status::Intended);
        Ok(())
    }

    fn created(&mut self, at: Timestamp, key: &ResourceKey, id: &str) -> Result<(), String> {
        let entry = self.open_intent(key)?;
        entry.status = Status::Created { id: id.to_owned() };
        // Its age counts from now on, no matter how long the creation took.
        entry.since = at;
        Ok(())
    }

    fn refused(&mut self, key: &ResourceKey) -> Result<(), String> {
        self.open_intent(key)?;
        self.entries.remove(key);
        Ok(())
    }

    fn adopted(
        &mut self,
        at: Timestamp,
        key: &ResourceKey,
        lookup: &AnyLookup,
        id: &str,
    ) -> Result<(), String> {
        if self.entries.contains_key(key) {
            return Err(format!("{key} exists already"));
        }
        self.insert(at, key, lookup, Status::Adopted { id: id.to_owned() });
        Ok(())
    }

    fn deleting(&mut self, key: &ResourceKey) -> Result<(), String> {
        let entry = self.entries.get_mut(key).filter(|entry| entry.is_owned());
        let entry = entry.ok_or_else(|| format!("{key} does not exist or was adopted"))?;
        entry.status = Status::Deleting {
            id: entry.id().map(str::to_owned),
        };
        Ok(())
    }

    fn deleted(&mut self, key: &ResourceKey) -> Result<(), String> {
        match self.entries.get(key).map(|entry| &entry.status) {
            Some(Status::Deleting { .. } | Status::Intended) => {
                self.entries.remove(key);
                Ok(())
            }
            Some(Status::Created { .. } | Status::Adopted { .. } | Status::Kept { .. }) | None => {
                Err(format!("{key} was not being deleted"))
            }
        }
    }

    /// A deletion that was requested and refused can still be cancelled.
    fn kept(&mut self, key: &ResourceKey) -> Result<(), String> {
        let entry = self.entries.get_mut(key);
        let entry = entry.ok_or_else(|| format!("{key} does not exist"))?;
        match entry.id().filter(|_| entry.is_owned()) {
            Some(id) => {
                entry.status = Status::Kept { id: id.to_owned() };
                Ok(())
            }
            None => Err(format!("{key} does not exist or was adopted")),
        }
    }

    /// Forgets the deployment, but not the tokens that it has used and the resources that were kept.
    fn gone(&mut self, at: Timestamp) -> Result<(), String> {
        let stays =
            |entry: &&Entry| entry.is_owned() && !matches!(entry.status, Status::Kept { .. });
        if let Some(entry) = self.entries.values().find(stays) {
            return Err(format!("{} is not gone", entry.key));
        }
        let mut retained = std::mem::take(&mut self.retained);
        let kept = self.entries.values().filter(|entry| entry.is_owned());
        retained.extend(kept.filter_map(|entry| {
            let plan = &self.deployment.as_ref()?.plan;
            let kept = Retained {
                kind: entry.lookup.kind(),
                account: plan.account.clone(),
                region: plan.region.clone(),
                since: entry.since,
                kept_at: at,
            };
            Some((entry.id()?.to_owned(), kept))
        }));
        *self = Self {
            claim: self.claim.take(),
            next_order: self.next_order,
            attempts: std::mem::take(&mut self.attempts),
            retained,
            ..Self::default()
        };
        Ok(())
    }

    /// Returns the entry of a resource that was requested, while it is unknown whether it exists.
    fn open_intent(&mut self, key: &ResourceKey) -> Result<&mut Entry, String> {
        let entry = self.entries.get_mut(key);
        entry
            .filter(|entry| entry.status == Status::Intended)
            .ok_or_else(|| format!("{key} was not asked for"))
    }

    fn insert(&mut self, at: Timestamp, key: &ResourceKey, lookup: &AnyLookup, status: Status) {
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
    /// Returns true if the event can only happen to a deployment that exists.
    fn needs_deployment(&self) -> bool {
        match self {
            Self::Planned { .. }
            | Self::Claimed { .. }
            | Self::Released
            | Self::KeptDeleted { .. } => false,
            Self::Adjusted { .. }
            | Self::Console { .. }
            | Self::Intent { .. }
            | Self::Created { .. }
            | Self::Refused { .. }
            | Self::Adopted { .. }
            | Self::Deleting { .. }
            | Self::Deleted { .. }
            | Self::Kept { .. }
            | Self::Reached { .. }
            | Self::Undoing
            | Self::Undone
            | Self::Committed { .. }
            | Self::Ending
            | Self::Gone => true,
        }
    }

    /// Returns the type of the event, as the journal writes it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "planned",
            Self::Adjusted { .. } => "adjusted",
            Self::Console { .. } => "console",
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
            Self::KeptDeleted { .. } => "kept-deleted",
        }
    }
}
