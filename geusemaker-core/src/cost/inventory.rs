//! The things that AWS bills for in one place, before they are priced.

use super::item::{Billable, CostItem};
use super::{Estimate, LeftOut};
use crate::price::Rate;
use crate::spec::{MaxPrice, Purchase, Region};

/// An instance, as far as its price depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BilledInstance {
    pub(crate) instance_type: String,
    pub(crate) purchase: Purchase,
    /// The highest price, if it is a spot instance and has one.
    pub(crate) max_price: Option<MaxPrice>,
}

/// Everything that AWS bills for, of a plan, a stack or a list of resources.
#[derive(Clone, Debug)]
pub(crate) struct Inventory {
    pub(crate) region: Region,
    pub(crate) instances: Vec<BilledInstance>,
    /// The sizes of the root volumes.
    pub(crate) root_volumes_gib: Vec<u32>,
    /// True if there are root volumes of unknown size.
    pub(crate) has_unknown_volumes: bool,
    pub(crate) load_balancers: u32,
    pub(crate) public_addresses: u32,
    pub(crate) nat_gateways: u32,
    /// The interface endpoints, each counted once for each of its zones.
    pub(crate) endpoints: u32,
    pub(crate) has_file_system: bool,
    pub(crate) has_distribution: bool,
    pub(crate) has_hosted_zone: bool,
}

impl Inventory {
    pub(crate) fn new(region: Region) -> Self {
        Self {
            region,
            instances: Vec::new(),
            root_volumes_gib: Vec::new(),
            has_unknown_volumes: false,
            load_balancers: 0,
            public_addresses: 0,
            nat_gateways: 0,
            endpoints: 0,
            has_file_system: false,
            has_distribution: false,
            has_hosted_zone: false,
        }
    }

    pub(crate) fn estimate(self) -> Estimate {
        let mut items: Vec<_> = counted(&self.instances)
            .into_iter()
            .map(|(instance, count)| {
                let BilledInstance {
                    instance_type,
                    purchase,
                    max_price,
                } = instance;
                CostItem::instances(instance_type, *purchase, *max_price, count)
            })
            .collect();
        let volumes = counted(&self.root_volumes_gib).into_iter();
        items.extend(volumes.map(|(gib, count)| CostItem::root_volumes(*gib, count)));
        let others = [
            (
                Billable::LoadBalancer,
                self.load_balancers,
                Rate::LoadBalancerHour,
            ),
            (
                Billable::NatGateway,
                self.nat_gateways,
                Rate::NatGatewayHour,
            ),
            (Billable::Endpoint, self.endpoints, Rate::EndpointHour),
            (
                Billable::PublicAddress,
                self.public_addresses,
                Rate::PublicAddressHour,
            ),
        ];
        let others = others.into_iter().filter(|(_, count, _)| *count > 0);
        items.extend(others.map(|(what, count, rate)| CostItem::hourly(what, count, rate)));
        Estimate {
            left_out: self.left_out(),
            region: self.region,
            items,
        }
    }

    fn left_out(&self) -> Vec<LeftOut> {
        let is_in_block = |instance: &BilledInstance| instance.purchase == Purchase::CapacityBlock;
        let has_traffic = !self.instances.is_empty() || self.load_balancers > 0;
        [
            (has_traffic, LeftOut::Traffic),
            (self.has_distribution, LeftOut::Cdn),
            (self.load_balancers > 0, LeftOut::CapacityUnits),
            (self.nat_gateways > 0, LeftOut::NatGatewayTraffic),
            (self.endpoints > 0, LeftOut::EndpointTraffic),
            (self.has_file_system, LeftOut::FileSystem),
            (self.has_unknown_volumes, LeftOut::RootVolumes),
            (
                self.instances.iter().any(is_in_block),
                LeftOut::CapacityBlock,
            ),
            (self.has_hosted_zone, LeftOut::HostedZone),
        ]
        .into_iter()
        .filter_map(|(is_there, left_out)| is_there.then_some(left_out))
        .collect()
    }
}

/// Returns each different value with its number, in the order of the first ones.
fn counted<T: PartialEq>(values: &[T]) -> Vec<(&T, u32)> {
    let mut counted: Vec<(&T, u32)> = Vec::new();
    for value in values {
        match counted.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += 1,
            None => counted.push((value, 1)),
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::price::Money;

    const TYPES: [&str; 5] = [
        "g5.xlarge",
        "p5.48xlarge",
        "m7i.large",
        "g4ad.xlarge",
        "g6f.large",
    ];

    fn instance(instance_type: &str, purchase: Purchase) -> BilledInstance {
        BilledInstance {
            instance_type: instance_type.to_owned(),
            purchase,
            max_price: None,
        }
    }

    fn inventory(region: &str, instances: Vec<BilledInstance>) -> Inventory {
        Inventory {
            instances,
            ..Inventory::new(region.parse().unwrap())
        }
    }

    fn inventories() -> impl Strategy<Value = Inventory> {
        let purchase = prop_oneof![Just(Purchase::OnDemand), Just(Purchase::Spot)];
        let instance = (0..TYPES.len(), purchase)
            .prop_map(|(place, purchase)| instance(TYPES[place], purchase));
        let instances = prop::collection::vec(instance, 0..6);
        let volumes = prop::collection::vec(1..2_000u32, 0..6);
        let counts = (0..3u32, 0..9u32, 0..3u32, 0..20u32);
        let all = (instances, volumes, counts, any::<[bool; 4]>());
        all.prop_map(|(instances, root_volumes_gib, counts, has)| Inventory {
            root_volumes_gib,
            load_balancers: counts.0,
            public_addresses: counts.1,
            nat_gateways: counts.2,
            endpoints: counts.3,
            has_file_system: has[0],
            has_distribution: has[1],
            has_hosted_zone: has[2],
            has_unknown_volumes: has[3],
            ..inventory("us-east-1", instances)
        })
    }

    proptest! {
        #[test]
        fn two_of_all_cost_twice_as_much(one in inventories()) {
            let two = Inventory {
                instances: [one.instances.clone(), one.instances.clone()].concat(),
                root_volumes_gib: [one.root_volumes_gib.clone(), one.root_volumes_gib.clone()].concat(),
                load_balancers: 2 * one.load_balancers,
                public_addresses: 2 * one.public_addresses,
                nat_gateways: 2 * one.nat_gateways,
                endpoints: 2 * one.endpoints,
                ..one.clone()
            };
            let (one, two) = (one.estimate(), two.estimate());
            prop_assert_eq!(two.items().len(), one.items().len());
            prop_assert_eq!(two.list_per_month(), one.list_per_month().times(2));
            // An hour of a volume is rounded to the millionth.
            let (hour, twice) = (two.list_per_hour(), one.list_per_hour().times(2));
            let rounding = hour.microdollars().abs_diff(twice.microdollars());
            prop_assert!(rounding <= one.items().len() as u64, "{hour} {twice}");
        }

        #[test]
        fn total_is_sum_of_items(inventory in inventories()) {
            let estimate = inventory.estimate();
            let hours = estimate.items().iter().map(|item| item.per_hour().unwrap());
            let months = estimate.items().iter().map(|item| item.per_month().unwrap());
            prop_assert_eq!(estimate.per_hour(), Some(hours.sum()));
            prop_assert_eq!(estimate.per_month(), Some(months.sum()));
            let json = serde_json::to_value(&estimate).unwrap();
            let of_items = json["items"].as_array().unwrap().iter();
            let of_items = of_items.map(|item| item["usd_per_hour"].as_str().unwrap().parse::<Money>().unwrap());
            prop_assert_eq!(json["usd_per_hour"].as_str().unwrap().parse(), Ok(of_items.sum::<Money>()));
        }

        #[test]
        fn more_never_costs_less(inventory in inventories(), place in 0..TYPES.len()) {
            let mut more = inventory.clone();
            more.instances.push(instance(TYPES[place], Purchase::OnDemand));
            more.public_addresses += 1;
            prop_assert!(more.estimate().list_per_hour() > inventory.estimate().list_per_hour());
        }
    }

    #[test]
    fn stack_of_tier_three_is_counted() {
        let estimate = Inventory {
            root_volumes_gib: vec![200],
            load_balancers: 1,
            public_addresses: 3,
            has_file_system: true,
            has_distribution: true,
            ..inventory("us-east-1", vec![instance("g5.xlarge", Purchase::OnDemand)])
        };
        let estimate = estimate.estimate();
        // 1.006 + 200 x 0.08 / 730 + 0.0225 + 3 x 0.005
        assert_eq!(estimate.per_hour().unwrap().to_string(), "1.065418");
        assert_eq!(estimate.per_month().unwrap().to_string(), "777.755");
        assert_eq!(estimate.to_string(), "about $1.065/h, $777.76/month");
        let items: Vec<_> = estimate.items().iter().map(ToString::to_string).collect();
        assert_eq!(
            items,
            [
                "1 x g5.xlarge on-demand",
                "root volume, 200 GiB",
                "load balancer",
                "3 public IPv4 addresses"
            ]
        );
        let left_out: Vec<_> = estimate
            .left_out()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            left_out,
            [
                "traffic",
                "CloudFront",
                "the load of the load balancer ($0.008 per LCU and hour)",
                "the content of the file system ($0.30 per GB a month) and its use",
            ]
        );
        let json = serde_json::to_value(&estimate).unwrap();
        assert_eq!(json["list"]["as_of"], estimate.as_of().to_string());
        assert_eq!(
            json["items"][0],
            json!({
                "what": "instance", "instance_type": "g5.xlarge", "purchase": "on-demand", "count": 1, "at_most": false,
                "usd_per_hour": "1.006", "usd_per_month": "734.38",
            })
        );
    }

    #[test]
    fn spot_price_is_upper_bound() {
        let spot = |max_price: Option<&str>| {
            let instance = BilledInstance {
                max_price: max_price.map(|price| price.parse().unwrap()),
                ..instance("g5.xlarge", Purchase::Spot)
            };
            inventory("us-east-1", vec![instance])
                .estimate()
                .to_string()
        };
        assert_eq!(spot(None), "at most $1.006/h, $734.38/month");
        assert_eq!(spot(Some("0.45")), "at most $0.45/h, $328.50/month");
        assert_eq!(spot(Some("4.5")), "at most $1.006/h, $734.38/month");
    }

    #[test]
    fn unknown_prices_are_never_guessed() {
        let types = |region, types: &[&str]| {
            let instances = types.iter().map(|it| instance(it, Purchase::OnDemand));
            inventory(region, instances.collect()).estimate()
        };
        let elsewhere = types("eu-west-1", &["g5.xlarge"]);
        assert_eq!(elsewhere.per_hour(), None);
        assert_eq!(
            elsewhere.to_string(),
            "no price known for eu-west-1; us-east-1: about $1.006/h, $734.38/month"
        );
        let mixed = types("us-east-1", &["g5.xlarge", "p5e.48xlarge"]);
        assert_eq!((mixed.per_hour(), mixed.per_month()), (None, None));
        assert_eq!(
            mixed.to_string(),
            "more than $1.006/h, $734.38/month; no price known for 1 x p5e.48xlarge on-demand"
        );
        let unpriced = types("us-east-1", &["p5e.48xlarge"]);
        assert_eq!(
            unpriced.to_string(),
            "no price known for 1 x p5e.48xlarge on-demand"
        );
        let json = serde_json::to_value(&unpriced).unwrap();
        assert_eq!(json["usd_per_hour"], json!(null));
        assert_eq!(json["items"][0]["usd_per_month"], json!(null));
    }

    #[test]
    fn capacity_block_was_paid_before() {
        let block = inventory(
            "us-east-1",
            vec![instance("p5.48xlarge", Purchase::CapacityBlock)],
        );
        let estimate = block.estimate();
        assert_eq!(estimate.per_hour(), Some(Money::default()));
        assert!(estimate.left_out().contains(&LeftOut::CapacityBlock));
    }
}
