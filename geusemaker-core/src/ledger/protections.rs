//! The protections of the resources that a teardown is about to delete: it asks before anything that cannot be undone.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::target::Target;
use super::undone::Undone;
use crate::account::Account;
use crate::kind::ResourceKind;
use crate::resource::protection::Protection;
use crate::spec::{Region, StackName};

/// The answers of AWS about the protections of some resources.
#[derive(Clone, Debug, Default)]
pub(super) struct Protections {
    protected: Vec<Protected>,
    /// The kinds for whose resources AWS has not answered: only the deletion itself shows their protection.
    pub(super) unanswered: BTreeSet<ResourceKind>,
}

/// A protected resource.
#[derive(Clone, Debug)]
struct Protected {
    kind: ResourceKind,
    id: String,
    stack: Option<StackName>,
    protection: Protection,
}

impl Protections {
    /// Asks AWS about every resource that can be protected.
    pub(super) async fn ask(account: &Account, targets: &[Target]) -> Self {
        let questions = targets
            .iter()
            .filter(|target| target.kind.is_protectable())
            .filter_map(|target| Some((target, target.id()?)))
            .map(|(target, id)| async move {
                (
                    target,
                    id,
                    target.kind.protection(&account.reader, id).await,
                )
            });
        let mut found = Self::default();
        for (target, id, answer) in join_all(questions).await {
            match answer {
                Ok(Some(protection)) => found.add(target, id, protection),
                Ok(None) => {}
                Err(_) => {
                    found.unanswered.insert(target.kind);
                }
            }
        }
        found
    }

    pub(super) fn is_empty(&self) -> bool {
        self.protected.is_empty()
    }

    /// Adds a protection that a refused deletion has shown.
    pub(super) fn add(&mut self, target: &Target, id: &str, protection: Protection) {
        self.protected.push(Protected {
            kind: target.kind,
            id: id.to_owned(),
            stack: target.stack.clone(),
            protection,
        });
    }

    /// Returns the protection of a resource.
    pub(super) fn of(&self, kind: ResourceKind, id: &str) -> Option<Protection> {
        let mut protected = self.protected.iter();
        let found = protected.find(|protected| protected.kind == kind && protected.id == id)?;
        Some(found.protection)
    }

    /// Returns the first protected resource of a stack in words.
    pub(super) fn first_of(&self, stack: Option<&StackName>) -> Option<String> {
        let mut protected = self.protected.iter();
        let first = protected.find(|protected| protected.stack.as_ref() == stack)?;
        Some(format!("{} {}", first.kind, first.id))
    }

    /// Lists all resources as left: those that are protected, and the others because of them.
    pub(super) fn nothing_removed(&self, targets: &[Target], region: &Region) -> Undone {
        let left = targets.iter().map(|target| {
            let protection = target
                .id()
                .and_then(|id| Some((id, self.of(target.kind, id)?)));
            match protection {
                Some((id, protection)) => target.protected(id, protection, region),
                None => {
                    let first = self.first_of(target.stack.as_ref()).unwrap_or_default();
                    let why = format!("nothing was removed, because {first} is protected");
                    target.refused(target.id(), why, None)
                }
            }
        });
        Undone {
            left: left.collect(),
            ..Undone::default()
        }
    }
}
