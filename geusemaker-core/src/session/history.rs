//! The history of a stack: its journal in words.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::Session;
use crate::error::Error;
use crate::journal;
use crate::journal::event::{JournalEvent, JournalRecord, Key};
use crate::kind::ResourceKind;
use crate::plan::reached::Reached;
use crate::spec::StackName;

const STILL_AT_WORK: &str = "lock renewed:";

/// One record of a stack's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The number of the record, from 0.
    pub sequence: u64,
    /// The time at which the record was written.
    pub at: Timestamp,
    /// The type of the record: `planned`, `claimed`, `released`, `intent`, `created`, `refused`, `adopted`, `deleting`,
    /// `deleted`, `kept`, `reached`, `undoing`, `undone`, `committed`, `ending`, `gone`.
    pub event: &'static str,
    /// The resource that the record is about, by its name in the journal.
    pub key: Option<String>,
    /// The kind of that resource.
    pub kind: Option<ResourceKind>,
    /// The resource's id in AWS, if it was known at that time.
    pub id: Option<String>,
    /// The record in words.
    pub message: String,
}

impl HistoryEntry {
    /// Returns true if the record only renews a claim, because the process is still at work.
    #[must_use]
    pub fn is_renewal(&self) -> bool {
        self.event == "claimed" && self.message.starts_with(STILL_AT_WORK)
    }
}

impl Session {
    /// Returns everything that the journal of a stack says, from the first deployment of that name on, oldest first.
    /// The records are read as they are: a stack that is gone has a history, and so has one whose records contradict
    /// one another.
    ///
    /// # Errors
    /// Returns an error if there is no such journal, or a record is missing or damaged.
    pub async fn history(&self, stack: &StackName) -> Result<Vec<HistoryEntry>, Error> {
        let records = journal::read_all(self.store().as_ref(), stack.as_str()).await?;
        if records.is_empty() {
            return Err(Error::NoSuchStack {
                stack: stack.to_string(),
                known: self.known().await?,
            });
        }
        let mut reader = Reader::default();
        Ok(records.iter().map(|record| reader.read(record)).collect())
    }
}

/// The resources and the claim that the earlier records have named.
#[derive(Default)]
struct Reader {
    resources: BTreeMap<Key, (ResourceKind, Option<String>)>,
    at_work: Option<String>,
}

impl Reader {
    fn read(&mut self, record: &JournalRecord) -> HistoryEntry {
        let (event, key, message) = self.take_in(&record.event);
        let (kind, id) = match key.and_then(|key| self.resources.get(key)) {
            Some((kind, id)) => (Some(*kind), id.clone()),
            None => (None, None),
        };
        let message = match (kind, &id) {
            (Some(kind), Some(id)) => format!("{kind} {id} {message}"),
            (Some(kind), None) => format!("{kind} {message}"),
            (None, _) => message,
        };
        HistoryEntry {
            sequence: record.sequence,
            at: record.at,
            event,
            key: key.map(ToString::to_string),
            kind,
            id,
            message,
        }
    }

    /// Returns the type of a record, the resource that it is about, and its message.
    fn take_in<'a>(&mut self, event: &'a JournalEvent) -> (&'static str, Option<&'a Key>, String) {
        match event {
            JournalEvent::Planned { deployment, plan } => {
                self.resources.clear();
                let message = format!(
                    "deployment {deployment} planned: tier {} in account {}, {}",
                    plan.spec.tier().number(),
                    plan.account,
                    plan.region
                );
                ("planned", None, message)
            }
            JournalEvent::Claimed { holder, until } => {
                let is_renewal = self.at_work.as_deref() == Some(&holder.session);
                self.at_work = Some(holder.session.clone());
                let message = if is_renewal {
                    format!("{STILL_AT_WORK} {holder}, until {until}")
                } else {
                    format!("locked by {holder} until {until}")
                };
                ("claimed", None, message)
            }
            JournalEvent::Released => {
                self.at_work = None;
                ("released", None, "lock released".to_owned())
            }
            JournalEvent::Intent { key, lookup } => {
                self.resources.insert(key.clone(), (lookup.kind(), None));
                ("intent", Some(key), "is about to be created".to_owned())
            }
            JournalEvent::Created { key, id } => {
                self.has_id(key, id);
                ("created", Some(key), "created".to_owned())
            }
            JournalEvent::Refused { key, error } => {
                ("refused", Some(key), format!("was refused: {error}"))
            }
            JournalEvent::Adopted { key, lookup, id } => {
                let resource = (lookup.kind(), Some(id.clone()));
                self.resources.insert(key.clone(), resource);
                (
                    "adopted",
                    Some(key),
                    "adopted, and never deleted".to_owned(),
                )
            }
            JournalEvent::Deleting { key } => {
                ("deleting", Some(key), "is about to be deleted".to_owned())
            }
            JournalEvent::Deleted { key } => ("deleted", Some(key), "is gone".to_owned()),
            JournalEvent::Kept { key } => ("kept", Some(key), "is kept, as requested".to_owned()),
            JournalEvent::Reached { state } => ("reached", None, reached(state).to_owned()),
            JournalEvent::Committed { tier } => {
                let message = format!("committed: tier {} is in use", tier.number());
                ("committed", None, message)
            }
            JournalEvent::Undoing => (
                "undoing",
                None,
                "the last step is about to be undone".to_owned(),
            ),
            JournalEvent::Undone => ("undone", None, "the last step is undone".to_owned()),
            JournalEvent::Ending => (
                "ending",
                None,
                "the whole stack is about to be removed".to_owned(),
            ),
            JournalEvent::Gone => ("gone", None, "the whole stack is gone".to_owned()),
        }
    }

    fn has_id(&mut self, key: &Key, id: &str) {
        if let Some((_, known)) = self.resources.get_mut(key) {
            *known = Some(id.to_owned());
        }
    }
}

fn reached(state: &Reached) -> &'static str {
    match state {
        Reached::Ec2Ready(_) => "the instances are running",
        Reached::AlbHealthy(_) => "the load balancer is healthy",
        Reached::CdnPending(_) => "the distribution is being deployed",
        Reached::CdnDeployed(_) => "the distribution is deployed",
    }
}
