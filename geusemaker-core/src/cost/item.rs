//! The items of an estimate.

use std::fmt;

use serde::{Serialize, Serializer};

use super::HOURS_PER_MONTH;
use crate::price::{self, Money, Rate};
use crate::spec::{MaxPrice, Purchase};

/// Something that AWS bills for by the hour or by the month.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # let aws = geusemaker_testkit::Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let planned = session.plan(spec).await?;
/// # let plan = &planned.state().plan;
/// use geusemaker_core::Billable;
///
/// let cost = plan.cost();
/// let mut items = cost.items().iter();
/// let addresses = items.find(|item| item.what == Billable::PublicAddress);
/// assert_eq!(addresses.map(|item| item.count), Some(1));
/// # drop(planned);
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Billable {
    /// An instance with Linux.
    #[non_exhaustive]
    Instance {
        /// The instance type: `g5.xlarge`.
        instance_type: String,
        /// The way in which it is bought.
        purchase: Purchase,
    },
    /// A root volume of type `gp3`.
    #[non_exhaustive]
    RootVolume {
        /// The size in GiB.
        gib: u32,
    },
    /// An Application Load Balancer.
    LoadBalancer,
    /// A public IPv4 address.
    PublicAddress,
    /// A NAT gateway.
    NatGateway,
    /// An interface endpoint in one zone.
    Endpoint,
}

/// One line of an estimate: so many of something.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # let aws = geusemaker_testkit::Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let planned = session.plan(spec).await?;
/// # let plan = &planned.state().plan;
/// let cost = plan.cost();
/// let instances = &cost.items()[0];
/// assert_eq!(instances.to_string(), "1 x g5.xlarge on-demand");
/// assert_eq!(instances.per_hour(), Some("1.006".parse().unwrap()));
/// assert_eq!(instances.per_month(), Some("734.38".parse().unwrap()));
/// # drop(planned);
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CostItem {
    /// The thing that AWS bills for.
    pub what: Billable,
    /// The number of them.
    pub count: u32,
    /// True if the price is an upper bound.
    pub at_most: bool,
    /// The price of a month of one, if the list has one.
    month: Option<Money>,
}

impl CostItem {
    /// Creates an item of so many instances. Blocks of capacity were paid when they were bought.
    pub(super) fn instances(
        instance_type: &str,
        purchase: Purchase,
        limit: Option<MaxPrice>,
        count: u32,
    ) -> Self {
        let on_demand = price::on_demand(instance_type);
        let (hour, at_most) = match purchase {
            Purchase::OnDemand => (on_demand, false),
            Purchase::Spot => {
                let limit = limit.map(|limit| limit.money_per_hour());
                // A spot instance never costs more than one on demand.
                (on_demand.into_iter().chain(limit).min(), true)
            }
            Purchase::CapacityBlock => (Some(Money::default()), false),
        };
        Self {
            what: Billable::Instance {
                instance_type: instance_type.to_owned(),
                purchase,
            },
            count,
            at_most,
            month: hour.map(|hour| hour.times(HOURS_PER_MONTH)),
        }
    }

    pub(super) fn root_volumes(gib: u32, count: u32) -> Self {
        let month = Rate::RootVolumeGbMonth.price().times(gib.into());
        Self::priced(Billable::RootVolume { gib }, count, month)
    }

    /// Creates an item that is billed by the hour.
    pub(super) fn hourly(what: Billable, count: u32, rate: Rate) -> Self {
        Self::priced(what, count, rate.price().times(HOURS_PER_MONTH))
    }

    fn priced(what: Billable, count: u32, month: Money) -> Self {
        Self {
            what,
            count,
            at_most: false,
            month: Some(month),
        }
    }

    /// Returns the price of an hour of all of them, if the list has one.
    #[must_use]
    pub fn per_hour(&self) -> Option<Money> {
        let month = self.per_month()?;
        Some(month.divided_by(HOURS_PER_MONTH))
    }

    /// Returns the price of a month of 730 hours of all of them, if the list has one.
    #[must_use]
    pub fn per_month(&self) -> Option<Money> {
        Some(self.month?.times(self.count.into()))
    }
}

/// The number and the thing, without the price: `3 public IPv4 addresses`.
impl fmt::Display for CostItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count;
        let (one, many) = match &self.what {
            Billable::Instance {
                instance_type,
                purchase,
            } => return write!(f, "{count} x {instance_type} {purchase}"),
            Billable::RootVolume { gib } if count == 1 => {
                return write!(f, "root volume, {gib} GiB");
            }
            Billable::RootVolume { gib } => {
                return write!(f, "{count} root volumes, {gib} GiB each");
            }
            Billable::LoadBalancer => ("load balancer", "load balancers"),
            Billable::PublicAddress => ("public IPv4 address", "public IPv4 addresses"),
            Billable::NatGateway => ("NAT gateway", "NAT gateways"),
            Billable::Endpoint => (
                "interface endpoint in a zone",
                "interface endpoints, by zone",
            ),
        };
        match count {
            1 => f.write_str(one),
            _ => write!(f, "{count} {many}"),
        }
    }
}

impl Serialize for CostItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Default, Serialize)]
        struct Document<'a> {
            what: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            instance_type: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            purchase: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            gib: Option<u32>,
            count: u32,
            at_most: bool,
            usd_per_hour: Option<Money>,
            usd_per_month: Option<Money>,
        }
        let mut document = Document {
            count: self.count,
            at_most: self.at_most,
            usd_per_hour: self.per_hour(),
            usd_per_month: self.per_month(),
            ..Document::default()
        };
        document.what = match &self.what {
            Billable::Instance {
                instance_type,
                purchase,
            } => {
                document.instance_type = Some(instance_type);
                document.purchase = Some(purchase.to_string());
                "instance"
            }
            Billable::RootVolume { gib } => {
                document.gib = Some(*gib);
                "root-volume"
            }
            Billable::LoadBalancer => "load-balancer",
            Billable::PublicAddress => "public-address",
            Billable::NatGateway => "nat-gateway",
            Billable::Endpoint => "endpoint",
        };
        document.serialize(serializer)
    }
}
