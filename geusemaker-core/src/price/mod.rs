//! The list prices of AWS, in a table that is part of the program.
//!
//! `docs/prices.md` says where the numbers come from.

mod money;
mod rate;
mod table;

use jiff::civil::Date;

pub use self::money::{InvalidMoney, Money};
pub use self::rate::Rate;

/// The Region of the prices.
pub(crate) const REGION: &str = table::REGION;

/// Returns the day of the list of instance prices.
pub(crate) fn as_of() -> Date {
    table::AS_OF
}

/// Returns the price of an hour of an instance with Linux, bought on demand, if the list has the type.
pub(crate) fn on_demand(instance_type: &str) -> Option<Money> {
    let place = table::ON_DEMAND.binary_search_by_key(&instance_type, |(name, _)| name);
    let (_, price) = table::ON_DEMAND[place.ok()?];
    Some(Money::from_microdollars(price))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Returns the rows of a data file by their first cells.
    fn data(text: &'static str) -> BTreeMap<String, String> {
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let rows = reader.records().map(|row| {
            let row = row.unwrap();
            (row[0].to_owned(), row[1].to_owned())
        });
        rows.collect()
    }

    #[test]
    fn table_has_prices_of_data() {
        let text = include_str!("../../prices/ec2-on-demand.csv");
        assert!(text.contains(&format!("\n# as of: {}\n", as_of())));
        assert!(text.contains(&format!("\n# region: {REGION}\n")));
        let data = data(text);
        assert_eq!(data.len(), table::ON_DEMAND.len());
        for (name, price) in &data {
            let price: Money = price.parse().unwrap();
            assert_eq!(on_demand(name), Some(price), "{name}");
        }
        assert!(table::ON_DEMAND.is_sorted());
    }

    #[test]
    fn rates_are_those_of_data() {
        let data = data(include_str!("../../prices/other.csv"));
        for (rate, name) in [
            (Rate::LoadBalancerHour, "load_balancer"),
            (Rate::CapacityUnitHour, "capacity_unit"),
            (Rate::PublicAddressHour, "public_address"),
            (Rate::NatGatewayHour, "nat_gateway"),
            (Rate::NatGatewayGb, "nat_gateway_traffic"),
            (Rate::EndpointHour, "endpoint"),
            (Rate::EndpointGb, "endpoint_traffic"),
            (Rate::RootVolumeGbMonth, "root_volume"),
            (Rate::FileSystemGbMonth, "file_system"),
        ] {
            let price: Money = data[name].parse().unwrap();
            assert_eq!(rate.price(), price, "{name}");
        }
        assert_eq!(data.len(), 9);
    }

    #[test]
    fn unknown_types_have_no_price() {
        for name in ["", "g5.xlagre", "p5e.48xlarge", "G5.xlarge"] {
            assert_eq!(on_demand(name), None, "{name}");
        }
    }
}
