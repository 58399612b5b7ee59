//! The existing file system that the spec names: it is asked who else lives on it before it is used.

use std::collections::BTreeSet;

use aws_sdk_efs::types::MountTargetDescription;

use super::Preflight;
use super::network::FoundNetwork;
use super::report::{Checked, Report, Unfit, during};
use crate::id::{FileSystemId, MountTargetId, SecurityGroupId, VpcId};
use crate::plan::problem::PlanProblem;
use crate::plan::warning::PlanWarning;
use crate::plan::{AdoptedFileSystem, Candidate};
use crate::resource::{file_system, mount_target, security_group};

const READING: &str = "reading the file system";

/// An existing file system that the stack will use.
pub(super) struct FoundFileSystem {
    pub(super) adopted: AdoptedFileSystem,
    /// The only zone in which it can be mounted, if it keeps its data in one zone.
    pub(super) only_zone: Option<String>,
}

impl Preflight<'_> {
    pub(super) async fn adopted_file_system(
        &self,
        network: Option<&FoundNetwork>,
        report: &mut Report,
    ) -> Checked<Option<FoundFileSystem>> {
        let Some(id) = self.spec.storage().file_system() else {
            return Ok(None);
        };
        if let Some(stack) = self
            .session
            .maker_of(id.as_str())
            .await
            .map_err(Unfit::Unknown)?
        {
            let file_system = id.clone();
            let warning = PlanWarning::FileSystemOfStack { file_system, stack };
            report.warnings.push(warning);
        }
        let aws = &self.account.reader;
        let found = file_system::described(aws, id)
            .await
            .map_err(during(READING))?;
        let Some(found) = found else {
            return Err(self.missing("storage.file_system", id).into());
        };
        if !found.is_usable {
            return Err(PlanProblem::FileSystemNotAvailable {
                file_system: id.clone(),
                state: found.state,
            }
            .into());
        }
        let Some(network) = network else {
            // The network is a problem of its own.
            return Ok(None);
        };
        let targets = mount_target::of_file_system(aws, id)
            .await
            .map_err(during(READING))?;
        let vpc = network.planned.existing_vpc();
        let mut others = targets.iter().filter_map(|target| target.vpc_id());
        let other = others.find(|actual| vpc.is_none_or(|vpc| *actual != vpc.as_str()));
        if let Some(actual) = other {
            let maker = self.session.maker_of(actual).await;
            return Err(PlanProblem::FileSystemInOtherVpc {
                file_system: id.clone(),
                actual: VpcId::from_aws(actual),
                vpc: vpc.cloned(),
                stack: maker.map_err(Unfit::Unknown)?,
            }
            .into());
        }
        Ok(Some(FoundFileSystem {
            adopted: self.admission(id, &targets, network).await?,
            only_zone: found.zone,
        }))
    }

    /// Leaves only the candidates in the zone of a file system that keeps its data in one zone.
    pub(super) fn in_only_zone(
        &self,
        found: &FoundFileSystem,
        candidates: Vec<Candidate>,
    ) -> Checked<Vec<Candidate>> {
        let Some(zone) = &found.only_zone else {
            return Ok(candidates);
        };
        let is_empty = candidates.is_empty();
        let there = candidates.into_iter().filter(|it| it.zone == *zone);
        let there: Vec<_> = there.collect();
        if there.is_empty() && !is_empty {
            return Err(PlanProblem::FileSystemOfOtherZone {
                file_system: found.adopted.id.clone(),
                zone: zone.clone(),
                makes_network: self.spec.network().is_created(),
            }
            .into());
        }
        Ok(there)
    }

    /// Checks that the mount targets in the zones of the instances admit them.
    async fn admission(
        &self,
        id: &FileSystemId,
        targets: &[MountTargetDescription],
        network: &FoundNetwork,
    ) -> Checked<AdoptedFileSystem> {
        let mut adopted = AdoptedFileSystem {
            id: id.clone(),
            zones: BTreeSet::new(),
            admitting_groups: BTreeSet::new(),
        };
        let mut problems = Vec::new();
        for target in targets {
            let Some(zone) = target.availability_zone_name() else {
                continue;
            };
            adopted.zones.insert(zone.to_owned());
            let Some(range) = network.ranges.get(zone) else {
                continue;
            };
            match self.admits(target, range).await? {
                Admission::Open => {}
                Admission::Ours(group) => {
                    adopted.admitting_groups.insert(group);
                }
                Admission::Closed(groups) => problems.push(PlanProblem::MountTargetClosed {
                    file_system: id.clone(),
                    mount_target: MountTargetId::from_aws(target.mount_target_id()),
                    zone: zone.to_owned(),
                    groups,
                    range: range.clone(),
                    region: self.account.region.clone(),
                }),
            }
        }
        if problems.is_empty() {
            Ok(adopted)
        } else {
            Err(Unfit::Problems(problems))
        }
    }

    async fn admits(&self, target: &MountTargetDescription, range: &str) -> Checked<Admission> {
        let aws = &self.account.reader;
        let doing = || during("reading the security groups of the mount targets");
        let ids = mount_target::security_groups(aws, target.mount_target_id())
            .await
            .map_err(doing())?;
        let groups = security_group::admissions(aws, &ids, mount_target::NFS, range)
            .await
            .map_err(doing())?;
        if groups.iter().any(|group| group.admits_range) {
            return Ok(Admission::Open);
        }
        let ours = groups.iter().find(|group| group.is_of_this_program);
        Ok(match ours {
            Some(ours) => Admission::Ours(ours.id.clone()),
            None => Admission::Closed(ids.into_iter().map(SecurityGroupId::from_aws).collect()),
        })
    }
}

/// The answer of a mount target's security groups to the instances.
enum Admission {
    /// They are admitted.
    Open,
    /// This group of another stack of this program can be told to admit them.
    Ours(SecurityGroupId),
    /// They are not admitted, and the groups are somebody else's.
    Closed(Vec<SecurityGroupId>),
}
