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
use crate::ledger::known::{ForeignMountTarget, KeepReason, Known};
use crate::ledger::teardown::{Item, TargetId, Teardown};
use crate::ledger::undo::{FileSystems, Leftover, Undone};
use crate::resource::tagged::{self, TaggedResource};
use crate::resource::{ResourceKind, mount_target, security_group_rule};
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
    pub spared: Vec<KeptResource>,
}

/// A resource that has to be left alone.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct KeptResource {
    /// What it is.
    #[serde(flatten)]
    pub resource: TaggedResource,
    /// Why.
    #[serde(flatten)]
    pub why: KeepReason,
}

impl KeptResource {
    /// The AWS CLI command that removes by hand what is in its way, if something is that is not this program's to remove.
    #[must_use]
    pub fn command(&self, region: &str) -> Option<String> {
        let KeepReason::HeldBy { mount_targets } = &self.why else {
            return None;
        };
        let commands: Vec<_> = mount_targets
            .iter()
            .map(|target| ResourceKind::MountTarget.removal_command(&target.id, region))
            .collect();
        Some(commands.join(" && "))
    }
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
    /// No journal is written: what a removal that was interrupted has not got to is found again by its tags. Dropped
    /// half way, the calls under way are finished all the same, and [`Session::close`] waits for them.
    ///
    /// # Errors
    /// As [`Session::orphans`]; nothing was removed. What could not be removed is no error here but listed in
    /// [`Undone::left`], and so is what may belong to a stack whose journal cannot be read, and a group that is held by
    /// a mount target of somebody else's file system.
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
        let mut undone = Teardown::without_journal(&account, self.calls(), items, file_systems)
            .run()
            .await;
        undone.left.extend(
            orphans
                .spared
                .iter()
                .filter_map(|spared| left(spared, &orphans.region)),
        );
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
                Some(why) => found.spared.push(KeptResource { resource, why }),
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
            let of_kind = self
                .orphans
                .iter()
                .filter(move |orphan| orphan.kind == kind);
            of_kind.cloned().collect::<Vec<_>>()
        };
        let (groups, file_systems) = (
            of_kind(ResourceKind::SecurityGroup),
            of_kind(ResourceKind::FileSystem),
        );
        let mut dependants: Vec<TaggedResource> = Vec::new();
        for group in &groups {
            let targets =
                mount_target::of_group(aws, &SecurityGroupId::from_aws(&group.id)).await?;
            match in_use(&targets, &file_systems, known) {
                // A group that mounts are made through stays with its mount target.
                Some(why) => self.spare(&group.id, &why),
                None => {
                    let of_group = |(target, _)| group.dependant(ResourceKind::MountTarget, target);
                    dependants.extend(targets.into_iter().map(of_group));
                }
            }
        }
        for group in &groups {
            let id = SecurityGroupId::from_aws(&group.id);
            for (rule, named) in security_group_rule::referencing_other_groups(aws, &id).await? {
                // Other rules go with their group, or stay with it.
                if self.orphans.iter().any(|orphan| orphan.id == named) {
                    dependants.push(group.dependant(ResourceKind::SecurityGroupRule, rule));
                }
            }
        }
        for file_system in &file_systems {
            let id = FileSystemId::from_aws(&file_system.id);
            let targets = match mount_target::of_file_system(aws, &id).await {
                // It has gone meanwhile.
                Err(error) if error.is_not_found() => Vec::new(),
                targets => targets?,
            };
            for target in targets {
                let id = target.mount_target_id;
                if !dependants.iter().any(|other| other.id == id) {
                    dependants.push(file_system.dependant(ResourceKind::MountTarget, id));
                }
            }
        }
        self.orphans.extend(dependants);
        self.orphans
            .sort_by(|a, b| (&a.stack, &a.deployment).cmp(&(&b.stack, &b.deployment)));
        Ok(())
    }

    fn spare(&mut self, id: &str, why: &KeepReason) {
        let of_id = self.orphans.extract_if(.., |orphan| orphan.id == id);
        self.spared.extend(of_id.map(|resource| KeptResource {
            resource,
            why: why.clone(),
        }));
    }
}

/// Why the mount targets of a group have to stay, which carry no tags: they are this program's if their file system is.
fn in_use(
    targets: &[(String, String)],
    file_systems: &[TaggedResource],
    known: &Known,
) -> Option<KeepReason> {
    let others: Vec<_> = targets
        .iter()
        .filter(|(_, file_system)| !file_systems.iter().any(|orphan| orphan.id == *file_system))
        .collect();
    if others.is_empty() {
        return None;
    }
    let user = others
        .iter()
        .find_map(|(_, file_system)| known.user_of(file_system));
    user.or_else(|| {
        let holder = |(id, file_system): &&(String, String)| {
            ForeignMountTarget::new(id.clone(), file_system.clone())
        };
        Some(KeepReason::HeldBy {
            mount_targets: others.iter().map(holder).collect(),
        })
    })
}

fn item(orphan: &TaggedResource) -> Item {
    Item {
        key: Key::new(&orphan.name),
        kind: orphan.kind,
        place: TargetId::Id(orphan.id.clone()),
        since: orphan.since,
        is_going: orphan.is_going,
    }
}

/// What is not removed and should not be forgotten: nobody knows whether it is an orphan, or something is in its way.
fn left(spared: &KeptResource, region: &str) -> Option<Leftover> {
    let KeptResource { resource, why } = spared;
    match why {
        KeepReason::Unreadable { .. } | KeepReason::HeldBy { .. } => Some(Leftover {
            key: resource.name.clone(),
            kind: resource.kind,
            id: Some(resource.id.clone()),
            why: why.to_string(),
            since: resource.since,
            command: spared.command(region),
        }),
        KeepReason::BelongsTo { .. } | KeepReason::AdoptedBy { .. } | KeepReason::KeptBy { .. } => {
            None
        }
    }
}
