//! What this program has made and no journal here knows: found by its tags, and removed on request.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::account::Account;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::error::Error;
use crate::id::{FileSystemId, SecurityGroupId};
use crate::ledger::event::Key;
use crate::ledger::known::{Known, Spared};
use crate::ledger::teardown::{Item, Place, Teardown};
use crate::ledger::undo::{FileSystems, Leftover, Undone};
use crate::resource::tagged::{self, TaggedResource};
use crate::resource::{Kind, mount_target, security_group_rule};
use crate::session::Session;
use crate::spec::Region;

/// What carries this program's tags in an account and a region.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Orphans {
    /// The account.
    pub account: String,
    /// The region; distributions are found from every one.
    pub region: String,
    /// When AWS was asked.
    pub at: Timestamp,
    /// What no journal here knows, with what belongs to it and carries no tags.
    pub orphans: Vec<TaggedResource>,
    /// What has to be left alone, and why.
    pub spared: Vec<SparedResource>,
}

/// A resource that has to be left alone.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SparedResource {
    /// What it is.
    #[serde(flatten)]
    pub resource: TaggedResource,
    /// Why.
    #[serde(flatten)]
    pub why: Spared,
}

impl Session {
    /// Finds what this program's tags say that it has made and no journal here knows, in the account of the
    /// credentials and in this region or else the environment's. It changes nothing.
    ///
    /// A deployment whose journal is elsewhere, on another machine perhaps, looks the same. What was made less than a
    /// minute ago AWS may not show yet.
    ///
    /// # Errors
    /// The journals cannot be listed, no region is named, or AWS cannot be asked for one of the kinds.
    pub async fn orphans(&self, region: Option<&Region>) -> Result<Orphans, Error> {
        let region = region
            .map(ToString::to_string)
            .or_else(|| self.region())
            .ok_or(Error::NoRegion)?;
        let account = self.account(region);
        account
            .progress
            .step("Looking for what no journal knows...");
        self.look(&account).await
    }

    /// Removes what [`Session::orphans`] has found, in the order in which the stacks' own removal goes. What has
    /// become known to a journal since then is left alone.
    ///
    /// No journal is written: what a removal that was interrupted has not got to is found again by its tags.
    ///
    /// # Errors
    /// As [`Session::orphans`]; nothing was removed. What could not be removed is no error here but listed in
    /// [`Undone::left`], and so is what may belong to a stack whose journal cannot be read.
    pub async fn remove_orphans(
        &self,
        orphans: &Orphans,
        file_systems: FileSystems,
    ) -> Result<Undone, Error> {
        let account = self.account(orphans.region.clone());
        let agreed: BTreeSet<_> = orphans.orphans.iter().map(|orphan| &orphan.id).collect();
        let now = self.look(&account).await?;
        let items: Vec<_> = now
            .orphans
            .iter()
            .filter(|orphan| agreed.contains(&orphan.id))
            .map(item)
            .collect();
        account
            .progress
            .step(format!("Removing {} resources...", items.len()));
        let mut undone = Teardown::without_journal(&account, items, file_systems)
            .run()
            .await;
        undone
            .left
            .extend(orphans.spared.iter().filter_map(in_doubt));
        Ok(undone)
    }

    async fn look(&self, account: &Account) -> Result<Orphans, Error> {
        let doing = || Error::aws("looking for what carries this program's tags");
        let identity = account.identity().await?;
        let at = account.clock.now();
        // AWS is asked first: what is begun meanwhile is then in the journals, or was not found.
        let all = tagged::all(&account.reader).await.map_err(doing())?;
        let known = Known::read(&self.store()).await?;
        let mut found = Orphans {
            account: identity.account,
            region: account.region.clone(),
            at,
            orphans: Vec::new(),
            spared: Vec::new(),
        };
        for resource in all {
            match known.spares(&resource) {
                Some(why) => found.spared.push(SparedResource { resource, why }),
                None => found.orphans.push(resource),
            }
        }
        found
            .add_dependants(&account.reader, &known)
            .await
            .map_err(doing())?;
        Ok(found)
    }
}

impl Orphans {
    /// Adds what has no tags and has to go before what has: AWS refuses to delete a group that a rule of another one
    /// names or that a mount target has, and a file system with mount targets.
    async fn add_dependants(&mut self, aws: &Reader, known: &Known) -> Result<(), AwsError> {
        let of_kind = |kind| {
            self.orphans
                .iter()
                .filter(move |orphan| orphan.kind == kind)
        };
        let mut dependants: Vec<TaggedResource> = Vec::new();
        let mut in_use = Vec::new();
        for group in of_kind(Kind::SecurityGroup) {
            let id = SecurityGroupId::from_aws(&group.id);
            for rule in security_group_rule::naming_others(aws, &id).await? {
                dependants.push(group.dependant(Kind::SecurityGroupRule, rule));
            }
            let targets = mount_target::of_group(aws, &id).await?;
            let user = targets.iter().find_map(|(_, file_system)| {
                let is_orphan = self.orphans.iter().any(|orphan| orphan.id == *file_system);
                known.user_of(file_system).filter(|_| !is_orphan)
            });
            match user {
                Some(why) => in_use.push((group.id.clone(), why)),
                None => {
                    let of_group = |(target, _)| group.dependant(Kind::MountTarget, target);
                    dependants.extend(targets.into_iter().map(of_group));
                }
            }
        }
        for file_system in of_kind(Kind::FileSystem) {
            let id = FileSystemId::from_aws(&file_system.id);
            let targets = match mount_target::of_file_system(aws, &id).await {
                // It has gone meanwhile.
                Err(error) if error.is_not_found() => Vec::new(),
                targets => targets?,
            };
            for target in targets {
                let id = target.mount_target_id;
                if !dependants.iter().any(|other| other.id == id) {
                    dependants.push(file_system.dependant(Kind::MountTarget, id));
                }
            }
        }
        // A group that mounts are made through stays with its mount target.
        for (id, why) in in_use {
            let of_id = self.orphans.extract_if(.., |orphan| orphan.id == id);
            self.spared.extend(of_id.map(|resource| SparedResource {
                resource,
                why: why.clone(),
            }));
        }
        self.orphans.extend(dependants);
        self.orphans
            .sort_by(|a, b| (&a.stack, &a.deployment).cmp(&(&b.stack, &b.deployment)));
        Ok(())
    }
}

fn item(orphan: &TaggedResource) -> Item {
    Item {
        key: Key::new(&orphan.name),
        kind: orphan.kind,
        place: Place::Id(orphan.id.clone()),
        since: orphan.since,
        is_going: orphan.is_going,
    }
}

/// What may be an orphan, and is not removed because nobody knows.
fn in_doubt(spared: &SparedResource) -> Option<Leftover> {
    let SparedResource { resource, why } = spared;
    match why {
        Spared::Unreadable { .. } => Some(Leftover {
            key: resource.name.clone(),
            kind: resource.kind,
            id: Some(resource.id.clone()),
            why: why.to_string(),
            since: resource.since,
            command: None,
        }),
        Spared::BelongsTo { .. } | Spared::AdoptedBy { .. } | Spared::KeptBy { .. } => None,
    }
}
