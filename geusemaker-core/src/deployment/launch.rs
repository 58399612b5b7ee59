//! `launch()`: creates the network if the stack has its own, security groups, storage and instances, and waits until
//! every instance runs.

use std::sync::Arc;

use futures::future::{join_all, try_join_all};

use super::allowed_ranges::admit_to_instances;
use super::failed::Failed;
use super::guard::PlannedGuard;
use super::instance_role::instance_profile;
use super::pending_work::await_file_system;
use super::state::Planned;
use super::{Deployment, conclude, network};
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::error::{Attempt, Error};
use crate::id::{FileSystemId, InstanceId, MountTargetId, SecurityGroupId, SubnetId, VpcId};
use crate::journal::state::Savepoint;
use crate::kind::ResourceKind;
use crate::ledger::Ledger;
use crate::plan::Candidate;
use crate::plan::network::UsedNetwork;
use crate::plan::reached::Ec2Ready;
use crate::progress::event::{NextAttempt, ProgressUpdate};
use crate::progress::step::Step;
use crate::resource::file_system::{self, NewFileSystem};
use crate::resource::instance::{self, NewInstance, RunningInstance};
use crate::resource::mount_target::{NFS, NewMountTarget};
use crate::resource::security_group::NewSecurityGroup;
use crate::resource::security_group_rule::{NewSecurityGroupRule, Source};
use crate::resource_key::ResourceKey;
use crate::spec::Purchase;
use crate::user_data::UserData;
use crate::wait::{Expected, Wait};

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
            futures::try_join!(
                security_group(ledger, &vpc, "instances", "The GPU instances of a stack"),
                security_group(ledger, &vpc, "storage", "The file system of a stack"),
            )
        };
        let (groups, subnets) = futures::try_join!(groups, network::subnets(ledger, &vpc))?;
        let network = network::way_out(ledger, subnets, &groups.0).await?;
        Ok((network, groups))
    };
    let ((network, (instance_group, storage_group)), file_system, profile) = futures::try_join!(
        network_and_groups,
        file_system(ledger),
        instance_profile(ledger),
    )?;

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
    let instances_and_mounts = async {
        let wanted = (&network, &instance_group, &file_system);
        let requested = request_instances(ledger, wanted, profile).await?;
        // Mount targets come up while the instances boot.
        futures::try_join!(
            mount_targets(ledger, (&network, &file_system), &storage_group, &requested),
            await_instances(ledger, &requested),
        )
    };
    let admit_ranges = admit_to_instances(ledger, &instance_group);
    let admit_elsewhere = admit_to_mount_targets(ledger, &instance_group);
    let (_, (mount_targets, instances), (), ()) = futures::try_join!(
        admit_instances,
        instances_and_mounts,
        admit_ranges,
        admit_elsewhere
    )?;
    Ok(Ec2Ready {
        plan: ledger.plan.clone(),
        network,
        instance_group,
        file_system,
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

async fn request_instances(
    ledger: &Arc<Ledger>,
    (network, group, file_system): (&UsedNetwork, &SecurityGroupId, &FileSystemId),
    profile: Option<String>,
) -> Result<Vec<InstanceId>, Error> {
    let spec = &ledger.plan.spec;
    ledger.account.progress.step(Step::LaunchingInstances);
    let user_data = UserData {
        stack: spec.name(),
        file_system,
        region: ledger.plan.region.as_str(),
        services: spec.services(),
        instance_type: spec.compute().instance_type(),
        gpu_check: spec.compute().gpu_check(),
    };
    // The spec was checked with the longest ids that AWS has, so the rendered script fits.
    let user_data = user_data
        .render()
        .map_err(|error| Error::UserData { bytes: error.bytes })?;
    let requests = (0..spec.compute().count()).map(|number| {
        let place = (number, network, group);
        request_instance(ledger, place, profile.as_deref(), &user_data)
    });
    // All requests are awaited, so that no outcome is left unknown when another one fails.
    join_all(requests).await.into_iter().collect()
}

/// Requests one instance, from one candidate after another. Each attempt has its own token, and its outcome is resolved
/// before the next attempt.
async fn request_instance(
    ledger: &Arc<Ledger>,
    (number, network, group): (u32, &UsedNetwork, &SecurityGroupId),
    profile: Option<&str>,
    user_data: &[u8],
) -> Result<InstanceId, Error> {
    let plan = &ledger.plan;
    let key = ResourceKey::new(format!("instance/{number}"));
    let mut attempts = Vec::new();
    for candidate in in_turn(&plan.candidates, number) {
        let mut subnets = network.instance_subnets.iter();
        let Some(subnet) = subnets.find(|subnet| subnet.zone == candidate.zone) else {
            continue;
        };
        let wanted = NewInstance {
            name: format!("{}-{number}", plan.spec.name()),
            image: plan.image.id.clone(),
            root_device: plan.image.root_device.clone(),
            instance_type: candidate.instance_type,
            subnet: subnet.id.clone(),
            has_public_address: subnet.is_public,
            security_group: group.clone(),
            purchase: candidate.purchase,
            root_volume_gib: plan.spec.compute().root_volume_gib(),
            key_pair: plan.spec.compute().key_pair().map(ToString::to_string),
            instance_profile: profile.map(str::to_owned),
            containers_use_role: plan.spec.access().containers_use_role(),
            user_data: user_data.to_owned(),
            owner: ledger.owner.clone(),
        };
        match ledger.create(key.clone(), wanted).await {
            Ok(id) => return Ok(id),
            Err(Error::Aws { source, .. }) if elsewhere_may_help(candidate, &source) => {
                ledger.account.progress.tell(ProgressUpdate::Retrying {
                    key: key.clone(),
                    kind: ResourceKind::Instance,
                    error: source.clone(),
                    next: NextAttempt::Elsewhere {
                        tried: candidate.to_string(),
                    },
                });
                attempts.push(Attempt {
                    candidate: candidate.clone(),
                    error: source,
                });
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::Capacity {
        instance: key,
        attempts,
    })
}

/// Returns true if another candidate may succeed. A quota holds for the whole region, but spot and on-demand have one
/// each.
fn elsewhere_may_help(candidate: &Candidate, error: &AwsError) -> bool {
    error.class == ErrorClass::Capacity
        || (candidate.purchase == Purchase::Spot && error.class == ErrorClass::Quota)
}

/// Returns the candidates for one instance. For each type and market, every instance begins with another zone, so that
/// the instances spread over the zones.
fn in_turn(candidates: &[Candidate], number: u32) -> impl Iterator<Item = &Candidate> {
    candidates
        .chunk_by(|a, b| a.instance_type == b.instance_type && a.purchase == b.purchase)
        .flat_map(move |group| {
            let first = number as usize % group.len();
            group[first..].iter().chain(&group[..first])
        })
}

async fn await_instances(
    ledger: &Arc<Ledger>,
    requested: &[InstanceId],
) -> Result<Vec<RunningInstance>, Error> {
    let account = &ledger.account;
    account.progress.step(Step::WaitingForInstances);
    let waits = requested.iter().map(|id| async move {
        Wait::new(
            format!("instance {id} to run"),
            Expected::with_deadline_minutes(15, 180, 20),
        )
        .about(ledger.resource(id))
        .until(&account.clock, &account.progress, || {
            instance::running(&account.reader, id)
        })
        .await
        .map_err(Error::from)
    });
    try_join_all(waits).await
}

/// Returns the subnets of the instances as AWS reports them: a resumed launch may have found existing instances.
async fn used_subnets(
    ledger: &Arc<Ledger>,
    instances: &[InstanceId],
) -> Result<Vec<SubnetId>, Error> {
    let account = &ledger.account;
    let waits = instances.iter().map(|id| async move {
        Wait::new(
            format!("instance {id} to be visible"),
            Expected::with_deadline_minutes(0, 6, 5),
        )
        .about(ledger.resource(id))
        .until(&account.clock, &account.progress, || {
            instance::subnet_of(&account.reader, id)
        })
        .await
        .map_err(Error::from)
    });
    try_join_all(waits).await
}

/// Creates a mount target in each zone in which an instance runs, unless an adopted file system has its own there.
async fn mount_targets(
    ledger: &Arc<Ledger>,
    (network, file_system): (&UsedNetwork, &FileSystemId),
    group: &SecurityGroupId,
    instances: &[InstanceId],
) -> Result<Vec<MountTargetId>, Error> {
    let plan = &ledger.plan;
    let ((), used) = futures::try_join!(
        await_file_system(ledger, file_system),
        used_subnets(ledger, instances),
    )?;
    let adopted = plan.adopted_file_system.as_ref();
    let zones = network.instance_subnets.iter().filter(|subnet| {
        used.contains(&subnet.id)
            && !adopted.is_some_and(|adopted| adopted.zones.contains(&subnet.zone))
    });
    let creations = zones.map(|subnet| {
        ledger.create(
            ResourceKey::new(format!("mount-target/{}", subnet.zone)),
            NewMountTarget {
                file_system: file_system.clone(),
                subnet: subnet.id.clone(),
                security_group: group.clone(),
            },
        )
    });
    try_join_all(creations).await
}

#[cfg(test)]
mod tests {
    use super::in_turn;
    use crate::plan::Candidate;
    use crate::spec::Purchase;

    /// Another instance type is tried only after all zones.
    #[test]
    fn instances_spread_over_zones_first() {
        let candidate = |instance_type: &str, zone: &str| Candidate {
            instance_type: instance_type.parse().unwrap(),
            zone: zone.to_owned(),
            subnet: None,
            purchase: Purchase::OnDemand,
        };
        let candidates = [
            candidate("g5.xlarge", "a"),
            candidate("g5.xlarge", "b"),
            candidate("g6.xlarge", "b"),
        ];
        let order = |number| -> Vec<String> {
            in_turn(&candidates, number)
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(
            order(1),
            [
                "g5.xlarge on-demand in b",
                "g5.xlarge on-demand in a",
                "g6.xlarge on-demand in b"
            ]
        );
        assert_eq!(order(0), order(2));
    }
}
