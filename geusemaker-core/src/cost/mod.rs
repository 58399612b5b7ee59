//! Estimates of costs, from the list prices that are part of the program. AWS is not asked.

pub(crate) mod charge;
pub(crate) mod inventory;
mod item;
mod left_out;
mod of_plan;

use std::fmt;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

pub use self::item::{Billable, CostItem};
pub use self::left_out::LeftOut;
use crate::price::{self, Money};
use crate::spec::Region;

/// The hours of a month, as AWS counts them in its examples.
pub(crate) const HOURS_PER_MONTH: u64 = 730;

/// An estimate of what AWS bills for by the hour: of a [`Plan`](crate::Plan), a stack or resources.
///
/// The prices are list prices in `us-east-1`, of the day that [`as_of`](Self::as_of) returns. They are the estimate for
/// a stack in that Region only; for other Regions the list has none. Traffic and use are [left out](Self::left_out).
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # let aws = geusemaker_testkit::Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
/// #     [[service]]\nname = 'a'\nport = 80\nimage = 'a'")?;
/// let planned = session.plan(spec).await?;
/// let cost = planned.state().plan.cost();
/// println!("{cost}"); // about $1.078/h, $786.75/month
/// for item in cost.items() {
///     println!("  {item}"); // 1 x g5.xlarge on-demand
/// }
/// assert!(cost.per_hour().is_some_and(|usd| usd > "1.006".parse().unwrap()));
/// # drop(planned);
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    region: Region,
    items: Vec<CostItem>,
    left_out: Vec<LeftOut>,
}

impl Estimate {
    /// Returns the price of an hour, or `None` if it is not known: in a Region without prices, or with an instance type
    /// without one.
    #[must_use]
    pub fn per_hour(&self) -> Option<Money> {
        self.is_known().then(|| self.list_per_hour())
    }

    /// Returns the price of a month of 730 hours, or `None` if it is not known.
    #[must_use]
    pub fn per_month(&self) -> Option<Money> {
        self.is_known().then(|| self.list_per_month())
    }

    /// Returns the price of an hour in the [Region of the list](Self::list_region), of all that the list has.
    #[must_use]
    pub fn list_per_hour(&self) -> Money {
        self.items.iter().filter_map(CostItem::per_hour).sum()
    }

    /// Returns the price of a month of 730 hours in the [Region of the list](Self::list_region), of all that the list
    /// has.
    #[must_use]
    pub fn list_per_month(&self) -> Money {
        self.items.iter().filter_map(CostItem::per_month).sum()
    }

    /// Returns the Region of the stack.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Returns the Region of the list prices, `us-east-1`.
    #[must_use]
    pub fn list_region(&self) -> Region {
        Region::us_east_1()
    }

    /// Returns the day of the list prices.
    #[must_use]
    pub fn as_of(&self) -> Date {
        price::as_of()
    }

    /// Returns everything that is counted, with and without a price.
    #[must_use]
    pub fn items(&self) -> &[CostItem] {
        &self.items
    }

    /// Returns what AWS bills for in addition.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Returns true if the list has a price for every item, in the Region of the stack.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.is_of_list_region() && self.unpriced().next().is_none()
    }

    /// Returns true if the amounts are upper bounds, because spot instances cost less than their limit.
    #[must_use]
    pub fn is_at_most(&self) -> bool {
        self.items.iter().any(|item| item.at_most)
    }

    /// Returns true if the stack is in the Region of the list prices.
    #[must_use]
    pub fn is_of_list_region(&self) -> bool {
        self.region.as_str() == price::REGION
    }

    /// Returns the items without a price.
    pub fn unpriced(&self) -> impl Iterator<Item = &CostItem> {
        let items = self.items.iter();
        items.filter(|item| item.per_month().is_none())
    }
}

/// The amounts, or the reason why there are none: `about $1.078/h, $786.75/month`.
impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unpriced: Vec<_> = self.unpriced().map(ToString::to_string).collect();
        let unpriced = unpriced.join(", ");
        if !self.is_of_list_region() {
            write!(
                f,
                "no price known for {}; {}: ",
                self.region,
                self.list_region()
            )?;
        }
        let start = match (self.is_at_most(), unpriced.is_empty()) {
            (_, false) => "more than",
            (true, true) => "at most",
            (false, true) => "about",
        };
        let (hour, month) = (self.list_per_hour(), self.list_per_month());
        if unpriced.is_empty() || hour > Money::default() {
            let (hour, month) = (hour.rounded(3), month.rounded(2));
            write!(f, "{start} ${hour}/h, ${month}/month")?;
        }
        match (unpriced.is_empty(), hour > Money::default()) {
            (true, _) => Ok(()),
            (false, true) => write!(f, "; no price known for {unpriced}"),
            (false, false) => write!(f, "no price known for {unpriced}"),
        }
    }
}

impl Serialize for Estimate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'a> {
            region: &'a Region,
            usd_per_hour: Option<Money>,
            usd_per_month: Option<Money>,
            hours_per_month: u64,
            at_most: bool,
            list: List,
            items: &'a [CostItem],
            left_out: &'a [LeftOut],
        }
        #[derive(Serialize)]
        struct List {
            region: Region,
            as_of: Date,
            usd_per_hour: Money,
            usd_per_month: Money,
        }
        let document = Document {
            region: &self.region,
            usd_per_hour: self.per_hour(),
            usd_per_month: self.per_month(),
            hours_per_month: HOURS_PER_MONTH,
            at_most: self.is_at_most(),
            list: List {
                region: self.list_region(),
                as_of: self.as_of(),
                usd_per_hour: self.list_per_hour(),
                usd_per_month: self.list_per_month(),
            },
            items: &self.items,
            left_out: &self.left_out,
        };
        document.serialize(serializer)
    }
}
