//! The GPU instance types that a Region offers to an account.

use aws_sdk_ec2::types::LocationType;
use serde::{Serialize, Serializer};

use super::Session;
use crate::account::Account;
use crate::error::Error;
use crate::id::AccountId;
use crate::resource::{instance_type_offering, vcpu_quota};
use crate::spec::{GpuInstanceType, Purchase, Region, VcpuQuota};

/// The GPU instance types of the catalog that a Region offers to an account.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{Journals, Session};
/// # let aws = geusemaker_testkit::Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// let offers = session.gpu_offers(None).await?;
/// let mut all = offers.offers.iter();
/// let offer = all.find(|offer| offer.instance_type.name() == "g5.xlarge").unwrap();
/// assert_eq!(offer.zones[0], "us-east-1a");
/// // The quota admits so many, beside what runs already.
/// assert!(offer.admitted.is_some_and(|count| count > 0));
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct GpuOffers {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// The types that are offered, sorted by name.
    pub offers: Vec<GpuOffer>,
    /// The quotas that the types count against when they are bought on demand.
    pub quotas: Vec<QuotaLevel>,
}

/// An instance type that a Region offers.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct GpuOffer {
    /// The instance type.
    pub instance_type: GpuInstanceType,
    /// The Availability Zones that offer it, sorted by name.
    pub zones: Vec<String>,
    /// The number of on-demand instances that the quota admits now, if it is known.
    pub admitted: Option<u32>,
}

/// A quota of vCPUs in an account.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{Journals, Session};
/// # let aws = geusemaker_testkit::Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// for quota in &session.gpu_offers(None).await?.quotas {
///     match &quota.level {
///         Ok((limit, used)) => println!("{}: {used} of {limit} vCPUs in use", quota.quota),
///         Err(reason) => println!("{}: unknown: {reason}", quota.quota),
///     }
/// }
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct QuotaLevel {
    /// The quota. It is serialized as its name.
    #[serde(serialize_with = "as_text")]
    pub quota: VcpuQuota,
    /// The vCPUs that may run, and those that run now; or the reason why they are not known.
    #[serde(flatten, serialize_with = "level")]
    pub level: Result<(u32, u32), String>,
}

impl Session {
    /// Asks AWS which GPU instance types of the catalog are offered in a Region, or else in the environment's, and how
    /// many of each the quotas admit. It changes nothing.
    ///
    /// A quota that cannot be read is no error: [`QuotaLevel::level`] has the reason.
    ///
    /// # Errors
    /// Returns an error if no region is named, or AWS cannot be asked for the account or for the offers.
    pub async fn gpu_offers(&self, region: Option<&Region>) -> Result<GpuOffers, Error> {
        let account = self.account(self.region_or(region)?);
        let identity = account.identity().await?;
        let zones = instance_type_offering::by_type(
            &account.reader,
            LocationType::AvailabilityZone,
            GpuInstanceType::all().map(|it| it.name()),
        );
        let doing = Error::aws("asking AWS which GPU instance types it offers");
        let mut zones = zones.await.map_err(doing)?;
        let quotas = quota_levels(&account).await;
        let offers = GpuInstanceType::all().filter_map(|instance_type| {
            let zones = zones.remove(instance_type.name())?;
            let quota = VcpuQuota::of(instance_type.name(), Purchase::OnDemand);
            let mut levels = quotas.iter();
            let level = levels.find(|level| Some(level.quota) == quota);
            let free = level.and_then(|level| {
                let (limit, used) = level.level.as_ref().ok()?;
                Some(limit.saturating_sub(*used))
            });
            Some(GpuOffer {
                instance_type,
                zones: zones.into_iter().collect(),
                admitted: free.map(|free| free / instance_type.vcpus().max(1)),
            })
        });
        Ok(GpuOffers {
            account: identity.account,
            region: account.region.clone(),
            offers: offers.collect(),
            quotas,
        })
    }
}

/// Returns the quotas that GPU types count against.
async fn quota_levels(account: &Account) -> Vec<QuotaLevel> {
    let aws = &account.reader;
    let quotas = [VcpuQuota::OnDemandGAndVt, VcpuQuota::OnDemandP];
    let used = vcpu_quota::used(aws, &quotas).await;
    let mut levels = Vec::new();
    for (place, quota) in quotas.into_iter().enumerate() {
        let level = match (vcpu_quota::limit(aws, quota).await, &used) {
            (Ok(Some(limit)), Ok(used)) => {
                Ok((limit, used.get(place).copied().unwrap_or_default()))
            }
            (Ok(None), _) => Err("Service Quotas does not have it".to_owned()),
            (Err(error), _) => Err(error.to_string()),
            (Ok(Some(_)), Err(error)) => Err(error.to_string()),
        };
        levels.push(QuotaLevel { quota, level });
    }
    levels
}

fn as_text<S: Serializer>(quota: &VcpuQuota, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(quota)
}

fn level<S: Serializer>(
    level: &Result<(u32, u32), String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Level<'a> {
        limit: Option<u32>,
        used: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        unknown: Option<&'a str>,
    }
    let level = match level {
        Ok((limit, used)) => Level {
            limit: Some(*limit),
            used: Some(*used),
            unknown: None,
        },
        Err(reason) => Level {
            limit: None,
            used: None,
            unknown: Some(reason),
        },
    };
    level.serialize(serializer)
}
