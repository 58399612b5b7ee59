//! The plan: the spec held against the account, with everything chosen that it leaves open. Nothing is created here.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Deployment, Planned};
use crate::aws::error::AwsError;
use crate::error::Error;
use crate::id::{AmiId, FileSystemId, PrefixListId, SubnetId, VpcId};
use crate::ledger::rollback_guard::RollbackGuard;
use crate::resource::image::{self, Image};
use crate::resource::subnet::{self, Subnet};
use crate::resource::{
    file_system, instance_type_offering, key_pair, load_balancer, mount_target, prefix_list,
    target_group, vpc,
};
use crate::session::{Account, Session};
use crate::spec::{Architecture, DeploymentSpec, GpuInstanceType, Market, Tier};

/// What is going to be made, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// What was asked for.
    pub spec: DeploymentSpec,
    /// The account that the credentials belong to.
    pub account: String,
    /// `us-east-1`
    pub region: String,
    /// The VPC.
    pub vpc: VpcId,
    /// The subnets of the load balancer: one per zone.
    pub subnets: Vec<Subnet>,
    /// Where an instance may go, in the order in which it is tried.
    pub candidates: Vec<Candidate>,
    /// The image that instances boot.
    pub image: Image,
    /// The file system that is adopted, if the spec names one.
    pub adopted_file_system: Option<AdoptedFileSystem>,
    /// The addresses that the load balancer admits behind a CDN.
    pub cloudfront_prefix_list: Option<PrefixListId>,
}

/// A place where an instance may go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Candidate {
    /// `g5.xlarge`
    pub instance_type: GpuInstanceType,
    /// The subnet, which lies in a zone that offers the type.
    pub subnet: Subnet,
    /// Whether it is asked for at the spot price.
    pub spot: bool,
}

impl std::fmt::Display for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let market = if self.spot { "spot" } else { "on-demand" };
        write!(f, "{} {market} in {}", self.instance_type, self.subnet.zone)
    }
}

/// A file system that somebody else made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdoptedFileSystem {
    /// `fs-0123…`
    pub id: FileSystemId,
    /// The zones in which it has mount targets of its own.
    pub zones: BTreeSet<String>,
}

/// Why a spec does not fit the account. Nothing was created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Neither the spec nor the environment names a region.
    #[error("no region: neither the spec nor the environment names one")]
    NoRegion,
    /// The account has no default VPC in the region.
    #[error("the account has no default VPC in {region}")]
    #[non_exhaustive]
    NoDefaultVpc {
        /// The region.
        region: String,
    },
    /// What the spec names does not exist.
    #[error("{field} {id} does not exist in {region}, or these credentials cannot see it")]
    #[non_exhaustive]
    Missing {
        /// The field of the spec: `network.vpc`.
        field: &'static str,
        /// What it says.
        id: String,
        /// The region.
        region: String,
    },
    /// A subnet is not in the VPC that the spec names.
    #[error("network.subnets: {subnet} is in {actual}, not in {vpc}")]
    #[non_exhaustive]
    OtherVpc {
        /// The subnet.
        subnet: SubnetId,
        /// The VPC that it is in.
        actual: VpcId,
        /// The VPC that it should be in.
        vpc: VpcId,
    },
    /// A load balancer needs two zones.
    #[error("tier {tier} needs subnets in two availability zones, and {vpc} has {}", joined(.zones))]
    #[non_exhaustive]
    OneZone {
        /// The tier that was asked for.
        tier: u8,
        /// The VPC.
        vpc: VpcId,
        /// The zones that it has subnets in.
        zones: Vec<String>,
    },
    /// No zone with a subnet offers any of the instance types.
    #[error("no zone of the subnets offers {wanted}: the subnets are in {}, and it is offered in {}", joined(.have), joined(.offered))]
    #[non_exhaustive]
    NotOffered {
        /// The instance types.
        wanted: String,
        /// The zones of the subnets.
        have: Vec<String>,
        /// The zones that offer the types.
        offered: Vec<String>,
    },
    /// The region has no Deep Learning image.
    #[error("no Deep Learning image for {architecture} was found in {region}")]
    #[non_exhaustive]
    NoImage {
        /// The architecture.
        architecture: Architecture,
        /// The region.
        region: String,
    },
    /// The image is for other machines.
    #[error("compute.ami {image} is built for {found}, and {instance_type} needs {needed}")]
    #[non_exhaustive]
    WrongArchitecture {
        /// The image.
        image: AmiId,
        /// What it is built for.
        found: String,
        /// The instance type.
        instance_type: GpuInstanceType,
        /// What that needs.
        needed: Architecture,
    },
    /// The region has no prefix list of CloudFront's servers.
    #[error("the prefix list of CloudFront's origin-facing servers was not found in {region}")]
    #[non_exhaustive]
    NoPrefixList {
        /// The region.
        region: String,
    },
    /// A name that has to be unique in the region is taken.
    #[error("a {what} named {name} exists in {region} already")]
    #[non_exhaustive]
    NameTaken {
        /// `load balancer`
        what: &'static str,
        /// The name.
        name: String,
        /// The region.
        region: String,
    },
}

impl PlanError {
    /// What a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NoRegion => "add region = \"us-east-1\" to the spec, or set AWS_REGION",
            Self::NoDefaultVpc { .. } => {
                "name a VPC in network.vpc, or make a default one: aws ec2 create-default-vpc"
            }
            Self::Missing { .. } => "check the id, the region and the account",
            Self::OtherVpc { .. } => "name subnets of one VPC",
            Self::OneZone { .. } => "name subnets in two zones in network.subnets, or make one in another zone",
            Self::NotOffered { .. } => {
                "name subnets in zones that offer it, or another instance type in compute"
            }
            Self::NoImage { .. } => "name an image in compute.ami",
            Self::WrongArchitecture { .. } => "name an image for the architecture of the instance type",
            Self::NoPrefixList { .. } => "choose a region that CloudFront serves origins in",
            Self::NameTaken { .. } => "choose another stack name, or remove what has it",
        }
        .to_owned()
    }
}

fn joined(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

impl Session {
    /// Holds a spec against the account: credentials, network, image, zones and names. It only reads.
    ///
    /// # Errors
    /// The spec does not fit ([`Error::Plan`]), or AWS cannot be asked ([`Error::Aws`]). Nothing was created.
    pub async fn plan(&self, spec: DeploymentSpec) -> Result<Deployment<Planned>, Error> {
        let region = spec
            .region()
            .map(ToString::to_string)
            .or_else(|| self.region())
            .ok_or(PlanError::NoRegion)?;
        let account = self.account(region.clone());
        account.progress.step("Checking credentials and network...");
        let identity = account.identity().await?;
        let look = Look {
            account: &account,
            spec: &spec,
        };
        let (vpc, subnets) = look.network().await?;
        let (image, candidates, adopted_file_system, cloudfront_prefix_list, (), ()) = futures::try_join!(
            look.image(),
            look.candidates(&subnets),
            look.adopted_file_system(&vpc),
            look.cloudfront_prefix_list(),
            look.key_pair(),
            look.names(),
        )?;
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
        let guard = RollbackGuard::empty(self.cleanup());
        Ok(Deployment::new(self.clone(), guard, Planned { plan }))
    }
}

/// A look at the account on behalf of a spec.
struct Look<'a> {
    account: &'a Account,
    spec: &'a DeploymentSpec,
}

impl Look<'_> {
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
            let subnets = subnet::of_vpc(aws, &vpc, is_default).await.map_err(doing())?;
            (vpc, subnets)
        } else {
            self.named_subnets().await?
        };
        let zones: BTreeSet<_> = subnets.iter().map(|subnet| subnet.zone.clone()).collect();
        let needed = if self.spec.tier() >= Tier::LoadBalancer { 2 } else { 1 };
        if zones.len() < needed {
            return Err(Error::Plan(PlanError::OneZone {
                tier: self.spec.tier().number(),
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
            let found = image::newest_deep_learning(aws, architecture).await.map_err(doing())?;
            return Ok(found.ok_or(PlanError::NoImage { architecture, region })?);
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

    /// Every type in every zone that offers it: the market first, then the type, then the zone.
    async fn candidates(&self, subnets: &[Subnet]) -> Result<Vec<Candidate>, Error> {
        let compute = self.spec.compute();
        let mut offered = Vec::new();
        for instance_type in compute.instance_types() {
            let zones = instance_type_offering::zones(&self.account.reader, &instance_type)
                .await
                .map_err(Error::aws("asking where the instance type is offered"))?;
            offered.push((instance_type, zones));
        }
        let markets: &[bool] = match compute.market() {
            Market::OnDemand => &[false],
            Market::Spot => &[true],
            Market::SpotThenOnDemand => &[true, false],
        };
        let subnets = one_per_zone(subnets.to_vec());
        let candidates: Vec<_> = markets
            .iter()
            .flat_map(|spot| {
                let subnets = &subnets;
                offered.iter().flat_map(move |(instance_type, zones)| {
                    subnets
                        .iter()
                        .filter(move |subnet| zones.contains(&subnet.zone))
                        .map(move |subnet| Candidate {
                            instance_type: *instance_type,
                            subnet: subnet.clone(),
                            spot: *spot,
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
        let doing = || Error::aws("looking at the file system");
        if !file_system::exists(aws, id).await.map_err(doing())? {
            return Err(self.missing("storage.file_system", id));
        }
        let targets = mount_target::of_file_system(aws, id).await.map_err(doing())?;
        let in_vpc = targets
            .into_iter()
            .filter(|target| target.vpc_id().is_none_or(|target_vpc| target_vpc == vpc.as_str()));
        Ok(Some(AdoptedFileSystem {
            id: id.clone(),
            zones: in_vpc.filter_map(|target| target.availability_zone_name).collect(),
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

    /// AWS answers a second creation of the same name and settings with the first one's ARN, whoever made it, so a
    /// name that is taken has to be found out before.
    async fn names(&self) -> Result<(), Error> {
        if self.spec.tier() < Tier::LoadBalancer {
            return Ok(());
        }
        let aws = &self.account.reader;
        let stack = self.spec.name();
        let doing = |error: AwsError| Error::aws("checking that names are free")(error);
        let taken = |what, name| {
            let region = self.account.region.clone();
            Err(Error::Plan(PlanError::NameTaken { what, name, region }))
        };
        let name = stack.load_balancer_name();
        if load_balancer::is_named(aws, &name).await.map_err(doing)? {
            return taken("load balancer", name);
        }
        for service in self.spec.services() {
            let name = stack.target_group_name(service.name());
            if target_group::is_named(aws, &name).await.map_err(doing)? {
                return taken("target group", name);
            }
        }
        Ok(())
    }
}

/// A load balancer and a file system each take one subnet per zone.
fn one_per_zone(subnets: Vec<Subnet>) -> Vec<Subnet> {
    let mut zones = BTreeSet::new();
    subnets.into_iter().filter(|subnet| zones.insert(subnet.zone.clone())).collect()
}
