//! `gm gpus`: lists instance types with GPUs, the cheapest first.

use geusemaker_core::spec::{GpuInstanceType, PriceEstimate, Region};
use geusemaker_core::{GpuOffer, GpuOffers, Money};
use serde_json::{Value, json};

use crate::arguments::Gpus;
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;
use crate::table::{Table, terminal_width};

/// Lists the types of the catalog.
pub(crate) fn list(gpus: &Gpus, region: Option<&Region>) -> Result<Document, Failure> {
    let all = GpuInstanceType::all().map(|instance_type| Row {
        instance_type,
        offer: None,
    });
    let document = document(gpus, all.collect());
    Ok(match region {
        Some(region) if region.as_str() != LIST_REGION => document
            .line(format!(
                "no prices known for {region}; --available asks which types it offers"
            ))
            .member("region", region),
        _ => document,
    })
}

/// Lists the types that a region offers to the account.
pub(crate) async fn list_available(context: &Context, gpus: &Gpus) -> Result<Document, Failure> {
    let offers = context.session.gpu_offers(None).await?;
    let rows = offers.offers.iter().map(|offer| Row {
        instance_type: offer.instance_type,
        offer: Some((offer, &offers.region)),
    });
    let document = document(gpus, rows.collect());
    Ok(document
        .lines(offer_lines(&offers))
        .member("account", &offers.account)
        .member("region", &offers.region)
        .member("quotas", &offers.quotas))
}

/// The Region of the prices.
const LIST_REGION: &str = "us-east-1";

/// An instance type, and what the account can have of it.
#[derive(Clone, Copy)]
struct Row<'a> {
    instance_type: GpuInstanceType,
    /// The offer, and its region.
    offer: Option<(&'a GpuOffer, &'a Region)>,
}

impl Row<'_> {
    fn price(&self) -> Option<PriceEstimate> {
        self.instance_type.on_demand_price()
    }

    fn usd(&self) -> Option<Money> {
        self.price().map(|price| price.money_per_hour())
    }

    /// Returns the key by which rows are sorted: the cheapest first, those without a price last.
    fn order(&self) -> (bool, Option<Money>, &'static str) {
        let usd = self.usd();
        (usd.is_none(), usd, self.instance_type.name())
    }

    fn fits(&self, gpus: &Gpus) -> bool {
        self.lacks_memory(gpus).is_none()
            && self.costs_more(gpus).is_none()
            && gpus
                .gpu
                .as_ref()
                .is_none_or(|model| model.is_of(&self.instance_type))
    }

    /// Returns the memory that is missing in MiB, if it is too little.
    fn lacks_memory(&self, gpus: &Gpus) -> Option<u64> {
        let wanted = gpus.min_memory?.mib;
        let lacks = wanted.saturating_sub(self.instance_type.gpu_memory_mib());
        (lacks > 0).then_some(lacks)
    }

    /// Returns by how much the price is too high. A type without a price fits no limit.
    fn costs_more(&self, gpus: &Gpus) -> Option<u64> {
        let limit = gpus.max_price?.microdollars();
        let Some(usd) = self.usd() else {
            return Some(u64::MAX);
        };
        let over = usd.microdollars().saturating_sub(limit);
        (over > 0).then_some(over)
    }

    fn member(&self) -> Value {
        let it = self.instance_type;
        let mut member = json!({
            "instance_type": it.name(),
            "gpu_count": it.gpu_count(),
            "gpu_model": it.gpu_model(),
            "gpu_memory_mib": it.gpu_memory_mib(),
            "vcpus": it.vcpus(),
            "memory_mib": it.memory_mib(),
            "architecture": it.architecture().to_string(),
            "on_demand_usd_per_hour": self.usd(),
        });
        if let Some((offer, _)) = self.offer {
            member["zones"] = json!(offer.zones);
            member["admitted"] = json!(offer.admitted);
        }
        member
    }
}

/// Returns the document about the types that fit, or about the nearest ones.
fn document(gpus: &Gpus, mut rows: Vec<Row<'_>>) -> Document {
    rows.sort_by_key(Row::order);
    let fitting: Vec<_> = rows.iter().copied().filter(|row| row.fits(gpus)).collect();
    let members: Vec<_> = fitting.iter().map(Row::member).collect();
    let document = Document::ok().member("types", members).member(
        "prices",
        rows.iter()
            .find_map(Row::price)
            .map(|price| json!({ "region": price.region(), "as_of": price.as_of().to_string() })),
    );
    if !fitting.is_empty() {
        return document
            .lines(table(&fitting).lines(terminal_width()))
            .lines(rows.iter().find_map(Row::price).map(|price| {
                let (region, day) = (price.region(), price.as_of());
                format!("on-demand list prices of {day} in {region}, Linux")
            }));
    }
    let nearest = nearest(gpus, &rows);
    let members: Vec<_> = nearest.iter().map(Row::member).collect();
    let document = document.member("nearest", members);
    if nearest.is_empty() {
        return document.line("no instance type fits");
    }
    document
        .line("no instance type fits; the nearest:")
        .lines(table(&nearest).lines(terminal_width()))
}

/// Returns the types that miss a limit by least: of those with the GPU, the cheapest with enough memory and that with most
/// memory for the price, or else the one with most memory.
fn nearest<'a>(gpus: &Gpus, rows: &[Row<'a>]) -> Vec<Row<'a>> {
    let of_model = |row: &&Row<'_>| {
        let model = gpus.gpu.as_ref();
        model.is_none_or(|model| model.is_of(&row.instance_type))
    };
    let of_model: Vec<_> = rows.iter().filter(of_model).copied().collect();
    // The last of several maxima is returned. The rows are sorted by price, so that it is the cheapest.
    let largest = |rows: &mut dyn Iterator<Item = &Row<'a>>| {
        let largest = rows.max_by_key(|row| row.instance_type.gpu_memory_mib());
        largest.copied()
    };
    let cheapest = of_model
        .iter()
        .find(|row| row.lacks_memory(gpus).is_none())
        .copied();
    let within_price = of_model.iter().rev();
    let within_price = largest(&mut within_price.filter(|row| row.costs_more(gpus).is_none()));
    let mut nearest: Vec<_> = cheapest.into_iter().chain(within_price).collect();
    nearest.dedup_by_key(|row| row.instance_type);
    if nearest.is_empty() {
        nearest.extend(largest(&mut of_model.iter().rev()));
    }
    nearest
}

const HEADER: [&str; 8] = [
    "TYPE",
    "GPUS",
    "GPU MEMORY",
    "VCPUS",
    "MEMORY",
    "PRICE",
    "ADMITTED",
    "ZONES",
];

/// Memory, vCPUs, admitted, GPUs, GPU memory, zones.
const DISPENSABLE: &[usize] = &[4, 3, 6, 1, 2, 7];

/// Returns the table, of which a narrow terminal shows fewer columns.
fn table(rows: &[Row<'_>]) -> Table<8> {
    let mut table = Table::new(HEADER, DISPENSABLE);
    for row in rows {
        let it = row.instance_type;
        let admitted = row.offer.map(|(offer, _)| match offer.admitted {
            Some(count) => count.to_string(),
            None => "unknown".to_owned(),
        });
        table.row([
            it.name().to_owned(),
            format!("{} x {}", it.gpu_count(), it.gpu_model()),
            gib(it.gpu_memory_mib()),
            it.vcpus().to_string(),
            gib(it.memory_mib()),
            match row.usd() {
                Some(usd) => format!("${}/h", usd.rounded(4)),
                None => "unknown".to_owned(),
            },
            admitted.unwrap_or_default(),
            row.offer
                .map_or_else(String::new, |(offer, region)| zones(offer, region)),
        ]);
    }
    table
}

/// Returns the letters of the zones in the region: `a b f`. A Local Zone keeps its whole name.
fn zones(offer: &GpuOffer, region: &Region) -> String {
    let zones = offer.zones.iter().map(|zone| {
        let letter = zone.strip_prefix(region.as_str());
        letter.filter(|letter| letter.len() == 1).unwrap_or(zone)
    });
    let zones: Vec<_> = zones.collect();
    zones.join(" ")
}

/// Returns an amount of memory: `22.4 GiB`.
fn gib(mib: u64) -> String {
    match (mib / 1024, mib % 1024 * 10 / 1024) {
        (gib, 0) => format!("{gib} GiB"),
        (gib, tenths) => format!("{gib}.{tenths} GiB"),
    }
}

/// Returns the lines about the region and the quotas.
fn offer_lines(offers: &GpuOffers) -> Vec<String> {
    let mut lines = vec![format!(
        "offered in {} to account {}",
        offers.region, offers.account
    )];
    if offers.region.as_str() != LIST_REGION {
        lines.push(format!(
            "no prices known for {}: those of {LIST_REGION} are shown",
            offers.region
        ));
    }
    lines.extend(offers.quotas.iter().map(|level| match &level.level {
        Ok((limit, used)) => format!("{}: {used} of {limit} vCPUs in use", level.quota),
        Err(reason) => format!("{}: unknown: {reason}", level.quota),
    }));
    lines
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn gpus(words: &[&str]) -> Gpus {
        let words = ["gm", "gpus"].iter().chain(words);
        match Arguments::parse_from(words).command {
            Command::Gpus(gpus) => gpus,
            other => panic!("{other:?}"),
        }
    }

    fn all() -> Vec<Row<'static>> {
        let all = GpuInstanceType::all();
        let mut all: Vec<_> = all
            .map(|instance_type| Row {
                instance_type,
                offer: None,
            })
            .collect();
        all.sort_by_key(Row::order);
        all
    }

    #[test]
    fn narrow_terminals_get_fewer_columns() {
        let rows = all();
        let all = table(&rows).lines(None);
        assert_eq!(all.len(), 75);
        assert!(all[0].contains("VCPUS") && all[0].contains("GPUS"));
        for width in [40, 80, 120] {
            let lines = table(&rows).lines(Some(width));
            assert!(lines.iter().all(|line| line.len() <= width), "{width}");
            assert!(lines[0].trim_start().starts_with("TYPE") && lines[0].contains("PRICE"));
            assert_eq!(lines.len(), 75);
        }
        let narrow = table(&rows).lines(Some(40));
        assert!(!narrow[0].contains("VCPUS"), "{}", narrow[0]);
    }

    #[test]
    fn limits_hold_for_every_type() {
        for words in [
            &["--min-memory", "80"][..],
            &["--max-price", "1.5"],
            &["--gpu", "a10g", "--max-price", "2", "--min-memory", "22.3"],
        ] {
            let wanted = gpus(words);
            let rows = all();
            let fitting: Vec<_> = rows.iter().filter(|row| row.fits(&wanted)).collect();
            assert!(!fitting.is_empty() && fitting.len() < rows.len());
            for row in fitting {
                let it = row.instance_type;
                if let Some(memory) = wanted.min_memory {
                    assert!(it.gpu_memory_mib() >= memory.mib, "{it}");
                }
                if let Some(limit) = wanted.max_price {
                    assert!(row.usd().is_some_and(|usd| usd <= limit), "{it}");
                }
                if let Some(model) = &wanted.gpu {
                    assert!(model.is_of(&it), "{it}");
                }
            }
        }
    }

    #[test]
    fn nearest_types_miss_one_limit_each() {
        let names = |words: &[&str]| -> Vec<_> {
            let nearest = nearest(&gpus(words), &all());
            nearest.iter().map(|row| row.instance_type.name()).collect()
        };
        // The cheapest with the memory, and the most memory for the price.
        assert_eq!(
            names(&["--min-memory", "80", "--max-price", "1"]),
            ["g7e.2xlarge", "g6.xlarge"]
        );
        assert_eq!(
            names(&["--gpu", "h100", "--max-price", "1"]),
            ["p5.4xlarge"]
        );
        assert_eq!(names(&["--min-memory", "99999"]), ["p6-b300.48xlarge"]);
    }

    #[test]
    fn memory_is_shown_in_gib() {
        assert_eq!(gib(22_888), "22.3 GiB");
        assert_eq!(gib(16_384), "16 GiB");
    }
}
