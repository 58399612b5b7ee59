//! The history of a stack: its journal in words.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::Session;
use super::status::{Phase, phase_of};
use crate::aws::error::AwsError;
use crate::error::Error;
use crate::id::ResourceId;
use crate::journal;
use crate::journal::claim::Holder;
use crate::journal::event::{JournalEvent, JournalRecord};
use crate::kind::ResourceKind;
use crate::plan::Plan;
use crate::plan::reached::Reached;
use crate::resource_key::ResourceKey;
use crate::spec::StackName;
use crate::timestamp;

/// One record of a stack's journal.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// use geusemaker_core::HistoryEvent;
///
/// // Also of a stack that is gone.
/// let history = session.history(&stack.name).await?;
/// for entry in &history {
///     println!("{} {}", entry.at, entry.message);
/// }
/// assert!(history.iter().any(|entry| entry.event == HistoryEvent::Gone));
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The number of the record, from 0.
    pub sequence: u64,
    /// The time at which the record was written.
    #[serde(serialize_with = "timestamp::serialize")]
    pub at: Timestamp,
    /// The type of the record.
    pub event: HistoryEvent,
    /// The resource that the record is about, by its name in the journal.
    pub key: Option<ResourceKey>,
    /// The kind of that resource.
    pub kind: Option<ResourceKind>,
    /// The resource's id in AWS, if it was known at that time.
    pub id: Option<ResourceId>,
    /// The record in words.
    pub message: String,
    /// The last lines of the console of a [`HistoryEvent::Console`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// The plan of a [`HistoryEvent::Planned`] or [`HistoryEvent::Adjusted`], as it is from then on. It is not serialized.
    #[serde(skip)]
    pub plan: Option<Box<Plan>>,
    /// The process of a [`HistoryEvent::Claimed`] or [`HistoryEvent::Renewed`]. It is not serialized.
    #[serde(skip)]
    pub holder: Option<Holder>,
    /// The phase that a [`HistoryEvent::Reached`] begins. It is not serialized.
    #[serde(skip)]
    pub reached: Option<Phase>,
    /// AWS's error of a [`HistoryEvent::Refused`]. It is not serialized.
    #[serde(skip)]
    pub error: Option<Box<AwsError>>,
}

/// The type of a record in the history of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HistoryEvent {
    /// A deployment begins.
    Planned,
    /// The stack has another spec, which makes the same resources.
    Adjusted,
    /// The end of an instance's console was kept, because a failure is about to remove the instance.
    Console,
    /// A process works on the stack.
    Claimed,
    /// The process that works on the stack is still at work.
    Renewed,
    /// No process works on the stack.
    Released,
    /// A resource is about to be created.
    Intent,
    /// The resource exists.
    Created,
    /// AWS refused to create the resource.
    Refused,
    /// The resource of another owner is used.
    Adopted,
    /// The resource is about to be deleted.
    Deleting,
    /// The resource is deleted.
    Deleted,
    /// The resource is kept on purpose.
    Kept,
    /// A transition is complete.
    Reached,
    /// The last transition is about to be undone.
    Undoing,
    /// The last transition is undone.
    Undone,
    /// The deployment is in use.
    Committed,
    /// The whole stack is about to be removed.
    Ending,
    /// The whole stack is gone.
    Gone,
    /// A resource that was kept when the stack was removed is deleted.
    KeptDeleted,
}

impl Session {
    /// Returns everything that the journal of a stack says, from the first deployment of that name on, oldest first.
    /// The records are read as they are: a stack that is gone has a history, and so has one whose records contradict
    /// one another.
    ///
    /// # Errors
    /// Returns an error if there is no such journal, or a record is missing or damaged.
    pub async fn history(&self, stack: &StackName) -> Result<Vec<HistoryEntry>, Error> {
        let records = journal::read_all(self.store().as_ref(), stack).await?;
        if records.is_empty() {
            return Err(Error::NoSuchStack {
                stack: stack.clone(),
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
    resources: BTreeMap<ResourceKey, (ResourceKind, Option<String>)>,
    at_work: Option<String>,
    plan: Option<Box<Plan>>,
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
            key: key.cloned(),
            kind,
            id: id.map(ResourceId::from_aws),
            message,
            lines: if let JournalEvent::Console { lines, .. } = &record.event {
                lines.clone()
            } else {
                Vec::new()
            },
            plan: if matches!(event, HistoryEvent::Planned | HistoryEvent::Adjusted) {
                self.plan.clone()
            } else {
                None
            },
            holder: if let JournalEvent::Claimed { holder, .. } = &record.event {
                Some(holder.clone())
            } else {
                None
            },
            reached: if let JournalEvent::Reached { state } = &record.event {
                Some(phase_of(state))
            } else {
                None
            },
            error: if let JournalEvent::Refused { error, .. } = &record.event {
                Some(Box::new(error.clone()))
            } else {
                None
            },
        }
    }

    /// Returns the type of a record, the resource that it is about, and its message.
    fn take_in<'a>(
        &mut self,
        event: &'a JournalEvent,
    ) -> (HistoryEvent, Option<&'a ResourceKey>, String) {
        match event {
            JournalEvent::Planned { deployment, plan } => {
                self.resources.clear();
                self.plan = Some(plan.clone());
                let message = format!(
                    "deployment {deployment} planned: tier {} in account {}, {}",
                    plan.spec.tier().number(),
                    plan.account,
                    plan.region
                );
                (HistoryEvent::Planned, None, message)
            }
            JournalEvent::Adjusted { spec } => {
                if let Some(plan) = &mut self.plan {
                    plan.spec = (**spec).clone();
                }
                (
                    HistoryEvent::Adjusted,
                    None,
                    "the settings of the spec that touch no resource were changed".to_owned(),
                )
            }
            JournalEvent::Console { instance, lines } => {
                let message = match lines.len() {
                    1 => format!("the last line of the console of {instance} is kept here"),
                    count => {
                        format!("the last {count} lines of the console of {instance} are kept here")
                    }
                };
                (HistoryEvent::Console, None, message)
            }
            JournalEvent::Claimed { holder, until } => {
                let is_renewal = self.at_work.as_deref() == Some(&holder.session);
                self.at_work = Some(holder.session.clone());
                if is_renewal {
                    let message = format!("lock renewed: {holder}, until {until:.0}");
                    (HistoryEvent::Renewed, None, message)
                } else {
                    let message = format!("locked by {holder} until {until:.0}");
                    (HistoryEvent::Claimed, None, message)
                }
            }
            JournalEvent::Released => {
                self.at_work = None;
                (HistoryEvent::Released, None, "lock released".to_owned())
            }
            JournalEvent::Intent { key, lookup } => {
                self.resources.insert(key.clone(), (lookup.kind(), None));
                (
                    HistoryEvent::Intent,
                    Some(key),
                    "is about to be created".to_owned(),
                )
            }
            JournalEvent::Created { key, id } => {
                self.has_id(key, id);
                (HistoryEvent::Created, Some(key), "created".to_owned())
            }
            JournalEvent::Refused { key, error } => (
                HistoryEvent::Refused,
                Some(key),
                format!("was refused: {error}"),
            ),
            JournalEvent::Adopted { key, lookup, id } => {
                let resource = (lookup.kind(), Some(id.clone()));
                self.resources.insert(key.clone(), resource);
                (
                    HistoryEvent::Adopted,
                    Some(key),
                    "adopted, and never deleted".to_owned(),
                )
            }
            JournalEvent::Deleting { key } => (
                HistoryEvent::Deleting,
                Some(key),
                "is about to be deleted".to_owned(),
            ),
            JournalEvent::Deleted { key } => {
                (HistoryEvent::Deleted, Some(key), "is gone".to_owned())
            }
            JournalEvent::Kept { key } => (
                HistoryEvent::Kept,
                Some(key),
                "is kept, as requested".to_owned(),
            ),
            JournalEvent::Reached { state } => {
                (HistoryEvent::Reached, None, reached(state).to_owned())
            }
            JournalEvent::Committed { tier } => {
                let message = format!("tier {} is deployed, and in use", tier.number());
                (HistoryEvent::Committed, None, message)
            }
            JournalEvent::Undoing => (
                HistoryEvent::Undoing,
                None,
                "the last step is about to be undone".to_owned(),
            ),
            JournalEvent::Undone => (
                HistoryEvent::Undone,
                None,
                "the last step is undone".to_owned(),
            ),
            JournalEvent::Ending => (
                HistoryEvent::Ending,
                None,
                "the whole stack is about to be removed".to_owned(),
            ),
            JournalEvent::Gone => (
                HistoryEvent::Gone,
                None,
                "the whole stack is gone".to_owned(),
            ),
            JournalEvent::KeptDeleted { id } => (
                HistoryEvent::KeptDeleted,
                None,
                format!("{id}, which was kept, is deleted"),
            ),
        }
    }

    fn has_id(&mut self, key: &ResourceKey, id: &str) {
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
