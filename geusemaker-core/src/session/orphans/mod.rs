//! Orphans: resources of this program that no journal in the store knows. They are found by their tags, and removed on
//! request.

mod cost;
mod dependents;
pub(crate) mod known;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use self::known::{ForeignMountTarget, KeepReason, Known};
use super::Session;
use crate::account::Account;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::error::Error;
use crate::id::{AccountId, FileSystemId, MountTargetId, SecurityGroupId};
use crate::kind::ResourceKind;
use crate::ledger::target::{Target, TargetId};
use crate::ledger::teardown::Teardown;
use crate::ledger::undone::{FileSystems, Undone};
use crate::leftover::Leftover;
use crate::progress::step::Step;
use crate::resource::tagged::TaggedResource;
use crate::resource::{kinds, mount_target, network_interface, security_group_rule};
use crate::resource_key::ResourceKey;
use crate::spec::Region;
use crate::timestamp;

/// The resources with this program's tags in an account and a region.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # session.plan(spec).await?.launch().await?.commit().await?;
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// use geusemaker_core::FileSystems;
///
/// // The journals of a stack are lost, or on another machine.
/// let orphans = session.orphans(None).await?;
/// for orphan in &orphans.orphans {
///     println!("{} {} of {}", orphan.kind, orphan.id, orphan.stack);
/// }
/// let undone = session.remove_orphans(&orphans, FileSystems::Delete).await?;
/// undone.into_result()?;
/// # assert!(aws.leftovers().is_empty());
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Orphans {
    /// The account.
    pub account: AccountId,
    /// The region. Distributions belong to no region, so all of them are found.
    pub region: Region,
    /// The time at which AWS was asked.
    #[serde(serialize_with = "timestamp::serialize")]
    pub at: Timestamp,
    /// The resources that no journal in the store knows, and those without tags that belong to them.
    pub orphans: Vec<TaggedResource>,
    /// The resources that are kept, and the reasons.
    pub spared: Vec<KeptResource>,
}

/// A resource that is kept.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct KeptResource {
    /// The resource.
    #[serde(flatten)]
    pub resource: TaggedResource,
    /// The reason.
    #[serde(flatten)]
    pub why: KeepReason,
}

impl KeptResource {
    /// Returns the AWS CLI command that deletes by hand the mount targets that hold the resource, if mount targets of
    /// another owner hold it.
    #[must_use]
    pub fn command(&self, region: &Region) -> Option<String> {
        let KeepReason::HeldBy { mount_targets } = &self.why else {
            return None;
        };
        let commands: Vec<_> = mount_targets
            .iter()
            .map(|target| {
                ResourceKind::MountTarget.removal_command(target.id.as_str(), region.as_str())
            })
            .collect();
        Some(commands.join(" && "))
    }
}

impl Session {
    /// Finds the resources that carry this program's tags and that no journal in the store knows, in the account of the
    /// credentials and in the given region, or else in the environment's. It changes nothing.
    ///
    /// A deployment whose journal is in another store, perhaps on another machine, is found too. AWS may not show
    /// resources that are less than a minute old.
    ///
    /// # Errors
    /// Returns an error if the journals cannot be listed, no region is named, or AWS cannot be asked for one of the
    /// kinds.
    pub async fn orphans(&self, region: Option<&Region>) -> Result<Orphans, Error> {
        let account = self.account(self.region_or(region)?);
        account.progress.step(Step::FindingOrphans);
        self.look(&account).await
    }

    /// Removes the resources that [`Session::orphans`] has found, in the order in which a stack is removed. A resource
    /// that a journal knows by now is kept.
    ///
    /// No journal is written: an interrupted removal finds by their tags the resources that are left. If the removal is
    /// dropped half way, the calls under way are still finished, and [`Session::close`] waits for them.
    ///
    /// # Errors
    /// Returns the errors of [`Session::orphans`]; then nothing was removed. A resource that could not be removed is no
    /// error but is listed in [`Undone::left`]. So is a resource that may belong to a stack whose journal cannot be
    /// read, and a security group that is held by a mount target of a file system of another owner.
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
            .map(target)
            .collect();
        account
            .progress
            .step(Step::RemovingOrphans { count: items.len() });
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
        let doing = || Error::aws("listing the resources with gm's tags");
        let identity = account.identity().await?;
        let at = account.clock.now();
        // AWS is asked first: a resource that is created meanwhile is then in a journal, or was not found.
        let all = kinds::tagged(&account.reader).await.map_err(doing())?;
        let known = Known::read(&self.store()).await?;
        let mut found = Orphans {
            account: identity.account,
            region: account.region.clone(),
            at,
            orphans: Vec::new(),
            spared: Vec::new(),
        };
        let in_use = known.networks_in_use(&all);
        for resource in all {
            let of_network = resource
                .kind
                .is_of_network()
                .then(|| in_use.get(&resource.deployment));
            let why = known
                .spares(&resource)
                .or_else(|| of_network.flatten().cloned());
            match why {
                Some(why) => found.spared.push(KeptResource { resource, why }),
                None => found.orphans.push(resource),
            }
        }
        found
            .add_dependents(&account.reader, &known)
            .await
            .map_err(doing())?;
        Ok(found)
    }
}

impl Orphans {
    /// Adds the resources without tags that must be deleted before those with tags: AWS refuses to delete a security
    /// group that a rule of another group references or that a mount target has, a file system with mount targets, a role
    /// with policies, an instance profile with a role, an attached internet gateway, and a route table of a subnet. Records
    /// would lead nowhere.
    async fn add_dependents(&mut self, aws: &Reader, known: &Known) -> Result<(), AwsError> {
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
        let mut dependents = dependents::of_roles(&self.orphans, aws).await?;
        dependents.extend(dependents::of_networks(&self.orphans, aws).await?);
        dependents.extend(dependents::of_names(&self.orphans, aws).await?);
        for group in &groups {
            let targets = network_interface::mount_targets_of(
                aws,
                &SecurityGroupId::from_aws(group.id.as_str()),
            )
            .await?;
            match in_use(&targets, &file_systems, known) {
                // A group that serves mounts is kept with its mount target.
                Some(why) => self.spare(group.id.as_str(), &why),
                None => {
                    let of_group = |(target, _)| group.dependent(ResourceKind::MountTarget, target);
                    dependents.extend(targets.into_iter().map(of_group));
                }
            }
        }
        for group in &groups {
            let id = SecurityGroupId::from_aws(group.id.as_str());
            for (rule, named) in security_group_rule::referencing_other_groups(aws, &id).await? {
                // Other rules are deleted or kept with their group.
                if self
                    .orphans
                    .iter()
                    .any(|orphan| orphan.id.as_str() == named)
                {
                    dependents.push(group.dependent(ResourceKind::SecurityGroupRule, rule));
                }
            }
        }
        for file_system in &file_systems {
            let id = FileSystemId::from_aws(file_system.id.as_str());
            let targets = match mount_target::of_file_system(aws, &id).await {
                // It was deleted in the meantime.
                Err(error) if error.is_not_found() => Vec::new(),
                targets => targets?,
            };
            for target in targets {
                let id = target.mount_target_id;
                if !dependents.iter().any(|other| other.id.as_str() == id) {
                    dependents.push(file_system.dependent(ResourceKind::MountTarget, id));
                }
            }
        }
        self.orphans.extend(dependents);
        self.orphans
            .sort_by(|a, b| (&a.stack, &a.deployment).cmp(&(&b.stack, &b.deployment)));
        Ok(())
    }

    fn spare(&mut self, id: &str, why: &KeepReason) {
        let of_id = self
            .orphans
            .extract_if(.., |orphan| orphan.id.as_str() == id);
        self.spared.extend(of_id.map(|resource| KeptResource {
            resource,
            why: why.clone(),
        }));
    }
}

/// Returns the reason to keep the mount targets of a group, if there is one. Mount targets carry no tags: they are this
/// program's if their file system is.
fn in_use(
    targets: &[(String, String)],
    file_systems: &[TaggedResource],
    known: &Known,
) -> Option<KeepReason> {
    let others: Vec<_> = targets
        .iter()
        .filter(|(_, file_system)| {
            !file_systems
                .iter()
                .any(|orphan| orphan.id.as_str() == *file_system)
        })
        .collect();
    if others.is_empty() {
        return None;
    }
    let user = others
        .iter()
        .find_map(|(_, file_system)| known.user_of(file_system));
    user.or_else(|| {
        let holder = |(id, file_system): &&(String, String)| {
            ForeignMountTarget::new(
                MountTargetId::from_aws(id),
                FileSystemId::from_aws(file_system),
            )
        };
        Some(KeepReason::HeldBy {
            mount_targets: others.iter().map(holder).collect(),
        })
    })
}

fn target(orphan: &TaggedResource) -> Target {
    Target {
        stack: Some(orphan.stack.clone()),
        key: ResourceKey::new(&orphan.name),
        kind: orphan.kind,
        id: TargetId::Id(orphan.id.to_string()),
        since: orphan.since,
        is_going: orphan.is_going,
        answered: None,
    }
}

/// Returns the leftover of a kept resource that must not be forgotten: it may be an orphan, or something is in its way.
fn left(spared: &KeptResource, region: &Region) -> Option<Leftover> {
    let KeptResource { resource, why } = spared;
    match why {
        KeepReason::Unreadable { .. } | KeepReason::HeldBy { .. } => Some(Leftover {
            key: ResourceKey::new(&resource.name),
            kind: resource.kind,
            id: Some(resource.id.clone()),
            name: None,
            why: why.to_string(),
            since: resource.since,
            remedy: None,
            command: spared.command(region),
        }),
        KeepReason::BelongsTo { .. } | KeepReason::AdoptedBy { .. } | KeepReason::KeptBy { .. } => {
            None
        }
    }
}
