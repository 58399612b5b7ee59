//! The instances of `launch()`: each is requested in one place after another until one runs, and the mount target of its
//! zone is created meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures::future::{join_all, try_join_all};
use tokio::sync::{Mutex, OnceCell};

use super::pending_work::await_file_system;
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::error::{Attempt, Error};
use crate::id::{
    AccessPointId, FileSystemId, InstanceId, MountTargetId, SecurityGroupId, SubnetId,
};
use crate::journal::state::Status;
use crate::kind::ResourceKind;
use crate::ledger::Ledger;
use crate::plan::Candidate;
use crate::plan::network::UsedNetwork;
use crate::progress::event::{NextAttempt, ProgressUpdate};
use crate::progress::step::Step;
use crate::resource::instance::{self, Launched, NewInstance, RunningInstance};
use crate::resource::mount_target::NewMountTarget;
use crate::resource_key::ResourceKey;
use crate::spec::{InstanceType, VcpuQuota};
use crate::user_data::{GpuSetup, UserData};
use crate::wait::timeouts::Stage;
use crate::wait::{Expected, Wait};

/// The resources that the instances are launched in and with.
pub(super) struct Surroundings {
    pub(super) network: UsedNetwork,
    pub(super) instance_group: SecurityGroupId,
    pub(super) storage_group: SecurityGroupId,
    pub(super) file_system: FileSystemId,
    /// The access points by the folder of the instances; none if these mount the whole file system.
    pub(super) access_points: BTreeMap<String, AccessPointId>,
    pub(super) profile: Option<String>,
}

/// Launches all instances, and waits until they run. Their mount targets come up while they boot.
pub(super) async fn instances(
    ledger: &Arc<Ledger>,
    surroundings: &Surroundings,
) -> Result<(Vec<MountTargetId>, Vec<RunningInstance>), Error> {
    let progress = &ledger.account.progress;
    progress.step(Step::LaunchingInstances);
    let mut searches: Vec<_> = (0..ledger.plan.spec.compute().count())
        .map(|number| Search::new(ledger, surroundings, number))
        .collect();
    // All first requests are awaited, so that no outcome is left unknown when another one fails.
    let requested = join_all(searches.iter_mut().map(Search::next)).await;
    let requested: Vec<_> = requested.into_iter().collect::<Result<_, _>>()?;
    progress.step(Step::WaitingForInstances);
    let mount_targets = MountTargets::new(ledger, surroundings);
    let launches = searches.into_iter().zip(requested);
    let launches = launches.map(|(search, id)| search.finish(id, &mount_targets));
    let running = try_join_all(launches).await?;
    Ok((mount_targets.into_ids(), running))
}

/// Returns the script of an instance of this type.
fn user_data(
    ledger: &Ledger,
    surroundings: &Surroundings,
    instance_type: InstanceType,
) -> Result<Vec<u8>, Error> {
    let spec = &ledger.plan.spec;
    let user_data = UserData {
        stack: spec.name(),
        file_system: &surroundings.file_system,
        access_points: &surroundings.access_points,
        region: ledger.plan.region.as_str(),
        services: spec.services(),
        gpus: GpuSetup::of(instance_type, spec.compute().gpu_check()),
        may_be_spot: spec.compute().market().may_be_spot(),
    };
    // The spec was checked with the longest ids that AWS has, so the script fits, unless the GPUs are those of a type
    // that was not known then and need more lines.
    user_data
        .render()
        .map_err(|error| Error::UserData { bytes: error.bytes })
}

/// The search for a place in which one instance comes up.
struct Search<'a> {
    ledger: &'a Arc<Ledger>,
    surroundings: &'a Surroundings,
    number: u32,
    /// The places that are left, in the order in which they are tried.
    places: VecDeque<&'a Candidate>,
    attempts: Vec<Attempt>,
    /// The quotas that have refused an instance, with the fewest vCPUs that were too many.
    exhausted: BTreeMap<VcpuQuota, u32>,
}

impl<'a> Search<'a> {
    fn new(ledger: &'a Arc<Ledger>, surroundings: &'a Surroundings, number: u32) -> Self {
        Self {
            ledger,
            surroundings,
            number,
            places: in_turn(&ledger.plan.candidates, number).collect(),
            attempts: Vec::new(),
            exhausted: BTreeMap::new(),
        }
    }

    fn key(&self) -> ResourceKey {
        ResourceKey::new(format!("instance/{}", self.number))
    }

    /// Requests the instance in one place after another, until AWS accepts. Each attempt has its own token, and its
    /// outcome is resolved before the next attempt.
    async fn next(&mut self) -> Result<(&'a Candidate, InstanceId), Error> {
        let key = self.key();
        let entry = self.ledger.entry(&key);
        if entry.is_some_and(|entry| matches!(entry.status, Status::Deleting { .. })) {
            // An earlier run has ended during the removal of an instance that did not come up.
            self.ledger.discard(&key).await?;
        }
        while let Some(candidate) = self.places.pop_front() {
            let quota = candidate.instance_type.vcpu_quota(candidate.purchase);
            let vcpus = candidate.instance_type.vcpus();
            let refused = quota.and_then(|quota| self.exhausted.get(&quota));
            let is_exhausted = refused.is_some_and(|refused| vcpus >= *refused);
            let subnets = &self.surroundings.network.instance_subnets;
            let subnet = subnets.iter().find(|subnet| subnet.zone == candidate.zone);
            let (false, Some(subnet)) = (is_exhausted, subnet) else {
                continue;
            };
            let wanted = self.wanted(candidate, &subnet.id, subnet.is_public)?;
            match self.ledger.create(key.clone(), wanted).await {
                Ok(id) => return Ok((candidate, id)),
                Err(Error::Aws { source, .. }) if source.class == ErrorClass::Capacity => {
                    self.failed(candidate, source);
                }
                Err(Error::Aws { source, .. })
                    if is_about_vcpus(&source)
                        && let Some(quota) = quota =>
                {
                    // A smaller type may still fit. Larger ones were skipped.
                    self.exhausted.insert(quota, vcpus);
                    self.failed(candidate, source);
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::Capacity {
            instance: key,
            attempts: std::mem::take(&mut self.attempts),
            region: self.ledger.plan.region.clone(),
        })
    }

    fn wanted(
        &self,
        candidate: &Candidate,
        subnet: &SubnetId,
        is_public: bool,
    ) -> Result<NewInstance, Error> {
        let plan = &self.ledger.plan;
        let compute = plan.spec.compute();
        let user_data = user_data(self.ledger, self.surroundings, candidate.instance_type)?;
        Ok(NewInstance {
            name: format!("{}-{}", plan.spec.name(), self.number),
            image: plan.image.id.clone(),
            root_device: plan.image.root_device.clone(),
            instance_type: candidate.instance_type,
            subnet: subnet.clone(),
            has_public_address: is_public,
            security_group: self.surroundings.instance_group.clone(),
            purchase: candidate.purchase,
            max_price: compute.max_price(),
            capacity_reservation: compute.capacity_reservation().cloned(),
            root_volume_gib: compute.root_volume_gib(),
            key_pair: compute.key_pair().map(ToString::to_string),
            instance_profile: self.surroundings.profile.clone(),
            containers_use_role: plan.spec.access().containers_use_role(),
            user_data,
            owner: self.ledger.owner.clone(),
        })
    }

    /// Notes that a place has no instance for us.
    fn failed(&mut self, candidate: &Candidate, error: AwsError) {
        self.ledger.account.progress.tell(ProgressUpdate::Retrying {
            key: self.key(),
            kind: ResourceKind::Instance,
            error: error.clone(),
            next: NextAttempt::Elsewhere {
                tried: candidate.to_string(),
            },
        });
        self.attempts.push(Attempt {
            candidate: candidate.clone(),
            error,
        });
    }

    /// Waits until the instance runs. If AWS ends it for want of capacity, the next place is tried.
    async fn finish(
        mut self,
        (mut candidate, mut id): (&'a Candidate, InstanceId),
        mount_targets: &MountTargets<'_>,
    ) -> Result<RunningInstance, Error> {
        loop {
            let ((), launched) =
                futures::try_join!(mount_targets.of_instance(&id), self.launched(&id))?;
            match launched {
                Launched::Running(running) => return Ok(running),
                Launched::WithoutCapacity(error) => {
                    self.failed(candidate, error);
                    self.ledger.discard(&self.key()).await?;
                    (candidate, id) = self.next().await?;
                }
            }
        }
    }

    async fn launched(&self, id: &InstanceId) -> Result<Launched, Error> {
        let account = &self.ledger.account;
        let expected = Expected::with_deadline_minutes(15, 180, 20);
        let expected = account.timeouts.apply(Stage::Instances, expected);
        let launched = Wait::new(format!("instance {id} to run"), expected)
            .about(self.ledger.resource(id))
            .until(&account.clock, &account.progress, || {
                let candidates = self.ledger.plan.candidates.iter();
                let types = candidates.map(|candidate| candidate.instance_type);
                instance::launched(&account.reader, id, types)
            });
        Ok(launched.await?)
    }
}

/// Returns true if the error is about a quota of vCPUs, which other instance types may not count against.
fn is_about_vcpus(error: &AwsError) -> bool {
    let codes = [
        "VcpuLimitExceeded",
        "MaxSpotInstanceCountExceeded",
        "InstanceLimitExceeded",
    ];
    error
        .code
        .as_deref()
        .is_some_and(|code| codes.contains(&code))
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

/// The mount targets: one in each zone in which an instance is launched, unless an adopted file system has its own there.
struct MountTargets<'a> {
    ledger: &'a Arc<Ledger>,
    surroundings: &'a Surroundings,
    /// Set once the file system is available.
    is_available: OnceCell<()>,
    /// By zone. Locked while one is created, so that two instances do not both create it.
    created: Mutex<BTreeMap<String, MountTargetId>>,
}

impl<'a> MountTargets<'a> {
    fn new(ledger: &'a Arc<Ledger>, surroundings: &'a Surroundings) -> Self {
        Self {
            ledger,
            surroundings,
            is_available: OnceCell::new(),
            created: Mutex::default(),
        }
    }

    /// Creates the mount target of the zone in which AWS has launched the instance: a resumed launch may have found an
    /// existing instance.
    async fn of_instance(&self, id: &InstanceId) -> Result<(), Error> {
        let Self {
            ledger,
            surroundings,
            ..
        } = self;
        let file_system = &surroundings.file_system;
        let available = self
            .is_available
            .get_or_try_init(|| await_file_system(ledger, file_system));
        let (_, subnet) = futures::try_join!(available, self.subnet_of(id))?;
        let subnets = &surroundings.network.instance_subnets;
        let adopted = ledger.plan.adopted_file_system.as_ref();
        let Some(subnet) = subnets.iter().find(|known| known.id == subnet) else {
            return Ok(());
        };
        if adopted.is_some_and(|adopted| adopted.zones.contains(&subnet.zone)) {
            return Ok(());
        }
        let mut created = self.created.lock().await;
        if !created.contains_key(&subnet.zone) {
            let wanted = NewMountTarget {
                file_system: file_system.clone(),
                subnet: subnet.id.clone(),
                security_group: surroundings.storage_group.clone(),
            };
            let key = ResourceKey::new(format!("mount-target/{}", subnet.zone));
            let id = ledger.create(key, wanted).await?;
            created.insert(subnet.zone.clone(), id);
        }
        Ok(())
    }

    async fn subnet_of(&self, id: &InstanceId) -> Result<SubnetId, Error> {
        let account = &self.ledger.account;
        let expected = Expected::with_deadline_minutes(0, 6, 5);
        let subnet = Wait::new(format!("instance {id} to be visible"), expected)
            .about(self.ledger.resource(id))
            .until(&account.clock, &account.progress, || {
                instance::subnet_of(&account.reader, id)
            });
        Ok(subnet.await?)
    }

    fn into_ids(self) -> Vec<MountTargetId> {
        self.created.into_inner().into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::in_turn;
    use crate::plan::Candidate;
    use crate::spec::{InstanceType, Purchase};

    /// Another instance type is tried only after all zones.
    #[test]
    fn instances_spread_over_zones_first() {
        let candidate = |instance_type: &str, zone: &str| Candidate {
            instance_type: InstanceType::Gpu(instance_type.parse().unwrap()),
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
