//! `Session::plan`: checks the spec against the account, and chooses everything that it leaves open. It only reads.

use std::collections::BTreeSet;

use super::Session;
use crate::account::Account;
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::deployment::Deployment;
use crate::deployment::launch::SECURITY_GROUP_ROLES;
use crate::deployment::state::Planned;
use crate::error::Error;
use crate::id::{PrefixListId, VpcId};
use crate::journal::Journal;
use crate::ledger::unstarted::Unstarted;
use crate::plan::error::PlanError;
use crate::plan::{AdoptedFileSystem, Candidate, Plan};
use crate::progress::step::Step;
use crate::resource::image::{self, Image};
use crate::resource::subnet::{self, Subnet};
use crate::resource::{
    file_system, instance_profile, instance_type_offering, key_pair, load_balancer, mount_target,
    parameter, prefix_list, secret, security_group, target_group, vpc,
};
use crate::spec::{DeploymentSpec, Market, Purchase, SecretSource, StackName, Tier};

impl Session {
    /// Checks a spec against the account: credentials, network, image, zones and names. It only reads.
    ///
    /// # Errors
    /// Returns an error if the stack exists in these journals ([`Error::Exists`]), the spec does not fit
    /// ([`Error::Plan`]), or AWS cannot be asked ([`Error::Aws`]). Nothing was created.
    pub async fn plan(&self, spec: DeploymentSpec) -> Result<Deployment<Planned>, Error> {
        let region = self.region_or(spec.region())?;
        let account = self.account(region.clone()).of_stack(spec.name());
        self.cleanup().ensure_open(spec.name())?;
        // Its names in AWS are taken, and AWS would not say by what.
        self.ensure_gone(spec.name()).await?;
        account.progress.step(Step::CheckingAccount);
        let identity = account.identity().await?;
        if let Some(file_system) = spec.storage().file_system()
            && let Some(stack) = self.maker_of(file_system.as_str()).await?
        {
            return Err(Error::Plan(PlanError::BelongsToStack {
                file_system: file_system.clone(),
                stack,
            }));
        }
        let look = Preflight {
            account: &account,
            spec: &spec,
        };
        let (vpc, subnets) = look.network().await?;
        let (image, candidates, adopted_file_system, cloudfront_prefix_list, (), (), (), ()) =
            Box::pin(async {
                futures::try_join!(
                    look.image(),
                    look.candidates(&subnets),
                    look.adopted_file_system(&vpc),
                    look.cloudfront_prefix_list(),
                    look.key_pair(),
                    look.instance_profile(),
                    look.secrets(),
                    look.names(&vpc),
                )
            })
            .await?;
        let plan = Plan {
            account: identity.account,
            region,
            vpc,
            subnets: one_per_zone(subnets),
            candidates,
            image,
            adopted_file_system,
            cloudfront_prefix_list,
            spec,
        };
        let unstarted = Unstarted::new(self.store(), account, self.cleanup());
        Ok(Deployment::new(unstarted.into(), Planned { plan }))
    }
}

impl Session {
    /// Returns an error if the stack exists. One that is being undone in the background is waited for: its owner has just
    /// given it up with `?`.
    async fn ensure_gone(&self, stack: &StackName) -> Result<(), Error> {
        let is_gone = async || {
            let journal = Journal::open(self.store(), stack).await?;
            Ok::<_, Error>(journal.state.is_gone())
        };
        if is_gone().await? {
            return Ok(());
        }
        self.drain().await;
        if is_gone().await? {
            return Ok(());
        }
        Err(Error::Exists {
            stack: stack.clone(),
        })
    }
}

/// The preflight checks of a spec in an account.
struct Preflight<'a> {
    account: &'a Account,
    spec: &'a DeploymentSpec,
}

impl Preflight<'_> {
    fn missing(&self, field: &'static str, id: &impl ToString) -> Error {
        let region = self.account.region.clone();
        let id = id.to_string();
        Error::Plan(PlanError::Missing { field, id, region })
    }

    async fn network(&self) -> Result<(VpcId, Vec<Subnet>), Error> {
        let network = self.spec.network();
        let doing = || Error::aws("choosing the network");
        let aws = &self.account.reader;
        let (vpc, subnets) = if network.subnets().is_empty() {
            let (vpc, is_default) = match network.vpc() {
                Some(vpc) if vpc::exists(aws, vpc).await.map_err(doing())? => (vpc.clone(), false),
                Some(vpc) => return Err(self.missing("network.vpc", vpc)),
                None => {
                    let region = self.account.region.clone();
                    let default = vpc::default(aws).await.map_err(doing())?;
                    (default.ok_or(PlanError::NoDefaultVpc { region })?, true)
                }
            };
            let subnets = subnet::of_vpc(aws, &vpc, is_default)
                .await
                .map_err(doing())?;
            (vpc, subnets)
        } else {
            self.named_subnets().await?
        };
        let zones: BTreeSet<_> = subnets.iter().map(|subnet| subnet.zone.clone()).collect();
        let needed = if self.spec.tier() >= Tier::LoadBalancer {
            2
        } else {
            1
        };
        if zones.len() < needed {
            return Err(Error::Plan(PlanError::OneZone {
                tier: self.spec.tier(),
                vpc,
                zones: zones.into_iter().collect(),
            }));
        }
        Ok((vpc, subnets))
    }

    async fn named_subnets(&self) -> Result<(VpcId, Vec<Subnet>), Error> {
        let mut subnets = Vec::new();
        for id in self.spec.network().subnets() {
            let found = subnet::named(&self.account.reader, id)
                .await
                .map_err(Error::aws("choosing the network"))?;
            subnets.push(found.ok_or_else(|| self.missing("network.subnets", id))?);
        }
        let vpc = self.spec.network().vpc().cloned();
        let Some(vpc) = vpc.or_else(|| subnets.first().map(|subnet| subnet.vpc.clone())) else {
            return Err(self.missing("network.subnets", &""));
        };
        if let Some(other) = subnets.iter().find(|subnet| subnet.vpc != vpc) {
            return Err(Error::Plan(PlanError::OtherVpc {
                subnet: other.id.clone(),
                actual: other.vpc.clone(),
                vpc,
            }));
        }
        Ok((vpc, subnets))
    }

    async fn image(&self) -> Result<Image, Error> {
        let compute = self.spec.compute();
        let instance_type = compute.instance_type();
        let architecture = instance_type.architecture();
        let aws = &self.account.reader;
        let region = self.account.region.clone();
        let doing = || Error::aws("choosing the image");
        let Some(id) = compute.ami() else {
            let found = image::newest_deep_learning(aws, architecture)
                .await
                .map_err(doing())?;
            return Ok(found.ok_or(PlanError::NoImage {
                architecture,
                region,
            })?);
        };
        let found = image::named(aws, id).await.map_err(doing())?;
        let image = found.ok_or_else(|| self.missing("compute.ami", id))?;
        if !image.boots_on(architecture) {
            return Err(Error::Plan(PlanError::WrongArchitecture {
                image: id.clone(),
                found: image.architecture,
                instance_type,
                needed: architecture,
            }));
        }
        Ok(image)
    }

    /// Returns every type in every zone that offers it, ordered by market, then by type, then by zone.
    async fn candidates(&self, subnets: &[Subnet]) -> Result<Vec<Candidate>, Error> {
        let compute = self.spec.compute();
        let mut offered = Vec::new();
        for instance_type in compute.instance_types() {
            let zones = instance_type_offering::zones(&self.account.reader, &instance_type)
                .await
                .map_err(Error::aws("finding the zones that offer the instance type"))?;
            offered.push((instance_type, zones));
        }
        let markets: &[Purchase] = match compute.market() {
            Market::OnDemand => &[Purchase::OnDemand],
            Market::Spot => &[Purchase::Spot],
            Market::SpotThenOnDemand => &[Purchase::Spot, Purchase::OnDemand],
        };
        let subnets = one_per_zone(subnets.to_vec());
        let candidates: Vec<_> = markets
            .iter()
            .flat_map(|purchase| {
                let subnets = &subnets;
                offered.iter().flat_map(move |(instance_type, zones)| {
                    subnets
                        .iter()
                        .filter(move |subnet| zones.contains(&subnet.zone))
                        .map(move |subnet| Candidate {
                            instance_type: *instance_type,
                            subnet: subnet.clone(),
                            purchase: *purchase,
                        })
                })
            })
            .collect();
        if candidates.is_empty() {
            let wanted: Vec<_> = compute.instance_types().map(|t| t.to_string()).collect();
            let zones: BTreeSet<_> = offered.into_iter().flat_map(|(_, zones)| zones).collect();
            return Err(Error::Plan(PlanError::NotOffered {
                wanted: wanted.join(", "),
                have: subnets.into_iter().map(|subnet| subnet.zone).collect(),
                offered: zones.into_iter().collect(),
            }));
        }
        Ok(candidates)
    }

    async fn adopted_file_system(&self, vpc: &VpcId) -> Result<Option<AdoptedFileSystem>, Error> {
        let Some(id) = self.spec.storage().file_system() else {
            return Ok(None);
        };
        let aws = &self.account.reader;
        let doing = || Error::aws("reading the file system");
        if !file_system::exists(aws, id).await.map_err(doing())? {
            return Err(self.missing("storage.file_system", id));
        }
        let targets = mount_target::of_file_system(aws, id)
            .await
            .map_err(doing())?;
        let in_vpc = targets.into_iter().filter(|target| {
            target
                .vpc_id()
                .is_none_or(|target_vpc| target_vpc == vpc.as_str())
        });
        Ok(Some(AdoptedFileSystem {
            id: id.clone(),
            zones: in_vpc
                .filter_map(|target| target.availability_zone_name)
                .collect(),
        }))
    }

    async fn cloudfront_prefix_list(&self) -> Result<Option<PrefixListId>, Error> {
        if self.spec.tier() < Tier::Cdn {
            return Ok(None);
        }
        let found = prefix_list::cloudfront_origin_facing(&self.account.reader)
            .await
            .map_err(Error::aws("looking up CloudFront's addresses"))?;
        let region = self.account.region.clone();
        Ok(Some(found.ok_or(PlanError::NoPrefixList { region })?))
    }

    async fn key_pair(&self) -> Result<(), Error> {
        let Some(name) = self.spec.compute().key_pair() else {
            return Ok(());
        };
        let exists = key_pair::exists(&self.account.reader, name)
            .await
            .map_err(Error::aws("looking up the key pair"))?;
        if exists {
            Ok(())
        } else {
            Err(self.missing("compute.key_pair", name))
        }
    }

    /// Checks the instance profile that the spec names: it must have a role.
    async fn instance_profile(&self) -> Result<(), Error> {
        let Some(profile) = self.spec.access().instance_profile() else {
            return Ok(());
        };
        let roles = instance_profile::roles(&self.account.reader, profile.as_str())
            .await
            .map_err(Error::aws("looking up the instance profile"))?;
        match roles {
            None => Err(self.missing("access.instance_profile", profile)),
            Some(roles) if roles.is_empty() => Err(PlanError::ProfileWithoutRole {
                profile: profile.clone(),
            }
            .into()),
            Some(_) => Ok(()),
        }
    }

    /// Checks that the places of the secrets exist. Without permission to ask, the instances find out.
    async fn secrets(&self) -> Result<(), Error> {
        match self.missing_secret().await {
            Ok(None) => Ok(()),
            Ok(Some(place)) => Err(self.missing("service.secrets", &place)),
            Err(error) if error.class == ErrorClass::Permission => Ok(()),
            Err(error) => Err(Error::aws("looking up the secrets")(error)),
        }
    }

    /// Returns the first place that does not exist.
    async fn missing_secret(&self) -> Result<Option<String>, AwsError> {
        let aws = &self.account.reader;
        let parameters = self.spec.secret_sources();
        let parameters = parameters.filter_map(|source| match source {
            SecretSource::Parameter(name) => Some(name),
            SecretSource::SecretsManager { .. } | SecretSource::Generated(_) => None,
        });
        let parameters: Vec<_> = parameters.collect();
        if let Some(name) = parameter::missing(aws, &parameters).await? {
            return Ok(Some(format!("ssm:{name}")));
        }
        for source in self.spec.secret_sources() {
            if let SecretSource::SecretsManager { name, .. } = source
                && !secret::exists(aws, name).await?
            {
                return Ok(Some(format!("secretsmanager:{name}")));
            }
        }
        Ok(None)
    }

    /// Checks that the names are free. AWS answers a second create with the same name and settings with the ARN of the
    /// first resource, of any owner, so a taken name must be found before the create.
    async fn names(&self, vpc: &VpcId) -> Result<(), Error> {
        let aws = &self.account.reader;
        let stack = self.spec.name();
        let doing = |error: AwsError| Error::aws("checking that names are free")(error);
        let taken = |what, name| {
            let region = self.account.region.clone();
            PlanError::NameTaken { what, name, region }
        };
        if self.spec.tier() >= Tier::LoadBalancer {
            let name = stack.load_balancer_name();
            if load_balancer::is_named(aws, &name).await.map_err(doing)? {
                return Err(taken("load balancer", name).into());
            }
            for service in self.spec.served_services() {
                let name = stack.target_group_name(service.name());
                if target_group::is_named(aws, &name).await.map_err(doing)? {
                    return Err(taken("target group", name).into());
                }
            }
        }
        for role in SECURITY_GROUP_ROLES {
            let name = stack.security_group_name(role);
            if security_group::is_named(aws, vpc, &name)
                .await
                .map_err(doing)?
            {
                return Err(taken("security group", name).into());
            }
        }
        Ok(())
    }
}

/// Returns the first subnet of each zone: a load balancer and a file system each take only one.
fn one_per_zone(subnets: Vec<Subnet>) -> Vec<Subnet> {
    let mut zones = BTreeSet::new();
    subnets
        .into_iter()
        .filter(|subnet| zones.insert(subnet.zone.clone()))
        .collect()
}
