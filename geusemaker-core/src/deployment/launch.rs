//! `launch()`: creates the network if the stack has its own, security groups, storage and instances, and waits until
//! every instance runs.

use std::sync::Arc;

use futures::future::try_join_all;

use super::access_points::access_points;
use super::allowed_ranges::admit_to_instances;
use super::failed::Failed;
use super::guard::PlannedGuard;
use super::instance_role::instance_profile;
use super::instances::{Surroundings, instances};
use super::state::Planned;
use super::{Deployment, conclude, network};
use crate::error::Error;
use crate::id::{FileSystemId, SecurityGroupId, VpcId};
use crate::journal::state::Savepoint;
use crate::ledger::Ledger;
use crate::plan::reached::Ec2Ready;
use crate::progress::step::Step;
use crate::resource::file_system::{self, NewFileSystem};
use crate::resource::mount_target::NFS;
use crate::resource::security_group::NewSecurityGroup;
use crate::resource::security_group_rule::{NewSecurityGroupRule, Source};
use crate::resource_key::ResourceKey;
use crate::spec::InstanceType;

/// The roles that have a security group of their own: `llm-prod-instances`.
pub(crate) const SECURITY_GROUP_ROLES: [&str; 3] = ["instances", "storage", "alb"];

impl Deployment<Planned> {
    /// Launches the instances and their storage. Returns when every instance runs. The next transition waits for the
    /// mount targets and the GPU check, so that a load balancer does not have to wait for them.
    ///
    /// # Errors
    /// Returns [`Failed`] with everything undone that this call had created.
    pub async fn launch(self) -> Result<Deployment<Ec2Ready>, Failed<Planned>> {
        let (guard, state) = self.begin()?;
        let guard = match guard {
            PlannedGuard::Begun(guard) => guard,
            PlannedGuard::Unstarted(unstarted) => match unstarted.begin(&state.plan).await {
                Ok(guard) => guard,
                Err(error) => {
                    let previous = Self::new(PlannedGuard::Unstarted(unstarted), state);
                    return Err(Failed::refused(error, previous));
                }
            },
        };
        let ledger = guard.ledger();
        let launched = ledger.unless_closed(Box::pin(launch(ledger))).await;
        conclude(guard, state, Savepoint::default(), launched).await
    }
}

async fn launch(ledger: &Arc<Ledger>) -> Result<Ec2Ready, Error> {
    ledger.finish_undo().await?;
    let network_and_groups = async {
        let vpc = network::vpc(ledger).await?;
        let groups = async {
            ledger.account.progress.step(Step::CreatingSecurityGroups);
            let instances = match ledger.plan.first_type() {
                Some(InstanceType::Gpu(_)) => "The GPU instances of a stack",
                Some(InstanceType::Cpu(_)) | None => "The instances of a stack",
            };
            futures::try_join!(
                security_group(ledger, &vpc, "instances", instances),
                security_group(ledger, &vpc, "storage", "The file system of a stack"),
            )
        };
        let (groups, subnets) = futures::try_join!(groups, network::subnets(ledger, &vpc))?;
        let network = network::way_out(ledger, subnets, &groups.0).await?;
        Ok((network, groups))
    };
    let storage = async {
        let file_system = file_system(ledger).await?;
        let access_points = access_points(ledger, &file_system).await?;
        Ok((file_system, access_points))
    };
    let ((network, groups), (file_system, access_points), profile) =
        futures::try_join!(network_and_groups, storage, instance_profile(ledger))?;
    let (instance_group, storage_group) = groups;

    let admit_instances = ledger.create(
        ResourceKey::new("security-group-rule/storage/nfs"),
        NewSecurityGroupRule {
            group: storage_group.clone(),
            port: NFS,
            source: Source::Group(instance_group.clone()),
            description: "NFS from the instances".to_owned(),
            owner: ledger.owner.clone(),
        },
    );
    let admit_ranges = admit_to_instances(ledger, &instance_group);
    let admit_elsewhere = admit_to_mount_targets(ledger, &instance_group);
    let surroundings = Surroundings {
        network,
        instance_group: instance_group.clone(),
        storage_group,
        file_system,
        access_points,
        profile,
    };
    let (_, (mount_targets, instances), (), ()) = futures::try_join!(
        admit_instances,
        instances(ledger, &surroundings),
        admit_ranges,
        admit_elsewhere
    )?;
    Ok(Ec2Ready {
        plan: ledger.plan.clone(),
        network: surroundings.network,
        instance_group,
        file_system: surroundings.file_system,
        mount_targets,
        instances,
    })
}

/// Admits the instances to the mount targets that other stacks have made in an adopted file system.
async fn admit_to_mount_targets(
    ledger: &Arc<Ledger>,
    instances: &SecurityGroupId,
) -> Result<(), Error> {
    let Some(adopted) = &ledger.plan.adopted_file_system else {
        return Ok(());
    };
    let rules = adopted.admitting_groups.iter().map(|group| {
        ledger.create(
            ResourceKey::new(format!("security-group-rule/{group}/nfs")),
            NewSecurityGroupRule {
                group: group.clone(),
                port: NFS,
                source: Source::Group(instances.clone()),
                description: format!("NFS from the instances of {}", ledger.plan.spec.name()),
                owner: ledger.owner.clone(),
            },
        )
    });
    try_join_all(rules).await?;
    Ok(())
}

/// Creates the security group of a role: `llm-prod-instances`.
pub(super) async fn security_group(
    ledger: &Arc<Ledger>,
    vpc: &VpcId,
    role: &str,
    description: &str,
) -> Result<SecurityGroupId, Error> {
    let plan = &ledger.plan;
    ledger
        .create(
            ResourceKey::new(format!("security-group/{role}")),
            NewSecurityGroup {
                vpc: vpc.clone(),
                name: plan.spec.name().security_group_name(role),
                description: description.to_owned(),
                owner: ledger.owner.clone(),
            },
        )
        .await
}

async fn file_system(ledger: &Arc<Ledger>) -> Result<FileSystemId, Error> {
    let key = ResourceKey::new("file-system");
    let Some(adopted) = &ledger.plan.adopted_file_system else {
        ledger.account.progress.step(Step::CreatingFileSystem);
        let name = format!("{}-storage", ledger.plan.spec.name());
        let owner = ledger.owner.clone();
        return ledger.create(key, NewFileSystem { name, owner }).await;
    };
    let lookup = file_system::Lookup {
        creation_token: String::new(),
    };
    ledger
        .adopt(key, lookup.into(), adopted.id.as_str())
        .await?;
    Ok(adopted.id.clone())
}
