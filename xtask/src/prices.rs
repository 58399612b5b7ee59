//! `cargo xtask prices`: makes the table of list prices from the public data in `geusemaker-core/prices`.
//!
//! `docs/prices.md` says where the data comes from and how to renew it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::workspace::Workspace;

/// The folder of the data, relative to the root of the workspace.
const DATA: &str = "geusemaker-core/prices";
const INSTANCES: &str = "ec2-on-demand.csv";
const OTHERS: &str = "other.csv";

/// The table that is made.
const TABLE: &str = "geusemaker-core/src/price/table.rs";

/// The Region of the prices.
const REGION: &str = "us-east-1";

const DECIMALS: usize = 6;
const WIDTH: usize = 116;

#[derive(Args)]
pub(crate) struct Options {
    /// Take the prices of instances from this file: zz_generated.pricing_aws.go of aws/karpenter-provider-aws
    #[arg(long, value_name = "FILE")]
    import: Option<PathBuf>,

    /// Only check that the table is what the data makes
    #[arg(long, conflicts_with = "import")]
    check: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let root = Workspace::read()?.root;
    let data = root.join(DATA);
    if let Some(file) = &options.import {
        let list = List::import(&read(file)?)?;
        write(&data.join(INSTANCES), &list.to_csv())?;
        println!("{} prices of {}", list.prices.len(), list.as_of);
    }
    let list = List::from_csv(&read(&data.join(INSTANCES))?)?;
    let table = list.to_rust(&others(&read(&data.join(OTHERS))?)?)?;
    let path = root.join(TABLE);
    if options.check {
        ensure!(
            read(&path)? == table,
            "{TABLE} is not what the data in {DATA} makes: run cargo xtask prices"
        );
        return Ok(());
    }
    write(&path, &table)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The prices of instances for an hour on one day, by instance type.
#[derive(Debug, PartialEq, Eq)]
struct List {
    /// The day: `2026-07-20`.
    as_of: String,
    prices: BTreeMap<String, Microdollars>,
}

impl List {
    /// Reads the data out of a source file of Karpenter: pairs of a quoted name and a number, after the line of the
    /// Region.
    fn import(text: &str) -> Result<Self> {
        let as_of = text
            .split_once("// generated at ")
            .and_then(|(_, rest)| rest.split_once('T'))
            .map(|(day, _)| day.to_owned())
            .context("no line says on which day the file was made")?;
        let start = format!("\"{REGION}\": {{");
        let (_, rest) = text
            .split_once(&start)
            .with_context(|| format!("there are no prices of {REGION}"))?;
        let (block, _) = rest.split_once('}').context("the prices have no end")?;
        let mut prices = BTreeMap::new();
        let mut rest = block;
        while let Some((_, after)) = rest.split_once('"') {
            let (name, after) = after.split_once("\":").context("a name has no end")?;
            let (price, after) = after.split_once(',').context("a price has no end")?;
            prices.insert(name.to_owned(), Microdollars::read(price.trim())?);
            rest = after;
        }
        ensure!(!prices.is_empty(), "there are no prices of {REGION}");
        Ok(Self { as_of, prices })
    }

    fn from_csv(text: &str) -> Result<Self> {
        let as_of = head(text, "as of")?;
        let region = head(text, "region")?;
        ensure!(region == REGION, "{INSTANCES} is of {region}, not {REGION}");
        let mut prices = BTreeMap::new();
        for row in rows(text) {
            let (name, price) = row.split_once(',').with_context(|| format!("{row:?}"))?;
            prices.insert(name.to_owned(), Microdollars::read(price)?);
        }
        Ok(Self { as_of, prices })
    }

    fn to_csv(&self) -> String {
        let mut text = format!(
            "# On-demand list prices of EC2 instances with Linux, in US dollars per hour.\n\
             # region: {REGION}\n\
             # as of: {}\n\
             # source: https://github.com/aws/karpenter-provider-aws, \
             pkg/providers/pricing/zz_generated.pricing_aws.go\n\
             # license: Apache-2.0\n\
             # renew: cargo xtask prices --import FILE\n\
             instance_type,usd_per_hour\n",
            self.as_of
        );
        for (name, price) in &self.prices {
            let _ = writeln!(text, "{name},{price}");
        }
        text
    }

    /// Returns the source of the table, with one constant for each of the other prices.
    fn to_rust(&self, others: &[(String, Microdollars)]) -> Result<String> {
        let [year, month, day] = self.as_of.split('-').collect::<Vec<_>>()[..] else {
            bail!("{:?} is no day", self.as_of);
        };
        let number = |text: &str| {
            let number = text.parse::<u16>();
            number.with_context(|| format!("{:?} is no day", self.as_of))
        };
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        let mut text = format!(
            "//! The list prices of {REGION}, in millionths of a US dollar.\n\
             //!\n\
             //! Made by `cargo xtask prices` from the files in `prices`, which name their sources.\n\
             \n\
             use jiff::civil::{{Date, date}};\n\
             \n\
             pub(super) const REGION: &str = {REGION:?};\n\
             \n\
             /// The day of the list of instance prices.\n\
             pub(super) const AS_OF: Date = date({year}, {month}, {day});\n\n"
        );
        for (name, price) in others {
            let name = name.to_uppercase();
            let _ = writeln!(text, "pub(super) const {name}: u64 = {};", price.0);
        }
        let _ = write!(
            text,
            "\n/// The prices of an hour of each instance type, sorted by name.\n\
             #[rustfmt::skip]\n\
             pub(super) static ON_DEMAND: [(&str, u64); {}] = [\n",
            self.prices.len()
        );
        let mut line = "   ".to_owned();
        for (name, price) in &self.prices {
            let entry = format!(" ({name:?}, {}),", price.0);
            if line.len() + entry.len() > WIDTH {
                let _ = writeln!(text, "{line}");
                line = "   ".to_owned();
            }
            line.push_str(&entry);
        }
        let _ = write!(text, "{line}\n];\n");
        Ok(text)
    }
}

/// Reads the prices of what is not an instance.
fn others(text: &str) -> Result<Vec<(String, Microdollars)>> {
    let rows = rows(text).map(|row| {
        let cells: Vec<_> = row.splitn(4, ',').collect();
        let [name, price, ..] = cells[..] else {
            bail!("{row:?} has no price");
        };
        Ok((name.to_owned(), Microdollars::read(price)?))
    });
    rows.collect()
}

/// Returns the value in the head of a file: `# as of: 2026-07-20`.
fn head(text: &str, name: &str) -> Result<String> {
    let start = format!("# {name}: ");
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(&start));
    let value = value.with_context(|| format!("no line begins with {start:?}"))?;
    Ok(value.to_owned())
}

/// Returns the rows after the head and the names of the columns.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#')).skip(1)
}

/// An amount in millionths of a US dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Microdollars(u64);

impl Microdollars {
    fn read(text: &str) -> Result<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        ensure!(
            fraction.len() <= DECIMALS,
            "{text:?} has more than {DECIMALS} decimals"
        );
        let digits = format!("{whole}{fraction:0<DECIMALS$}");
        let number = digits.parse();
        let number = number.with_context(|| format!("{text:?} is no amount of US dollars"))?;
        Ok(Self(number))
    }
}

impl std::fmt::Display for Microdollars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = 10u64.pow(DECIMALS as u32);
        let fraction = format!("{:0DECIMALS$}", self.0 % unit);
        let fraction = fraction.trim_end_matches('0');
        match fraction {
            "" => write!(f, "{}", self.0 / unit),
            _ => write!(f, "{}.{fraction}", self.0 / unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "// generated at 2026-07-20T13:44:30Z for us-east-1\n\
        \t\"eu-west-1\": {\n\t\t\"g5.xlarge\": 9.000000,\n\t},\n\
        \t\"us-east-1\": {\n\t\t// g5 family\n\t\t\"g5.xlarge\": 1.006000, \"g5.2xlarge\": 1.212000,\n\
        \t\t\"p5.48xlarge\": 55.040000,\n\t},\n}\n";

    #[test]
    fn import_reads_one_region_alone() {
        let list = List::import(SOURCE).unwrap();
        assert_eq!(list.as_of, "2026-07-20");
        let prices = [
            ("g5.2xlarge", 1_212_000),
            ("g5.xlarge", 1_006_000),
            ("p5.48xlarge", 55_040_000),
        ];
        let prices = prices.map(|(name, price)| (name.to_owned(), Microdollars(price)));
        assert_eq!(list.prices, prices.into());
        assert_eq!(List::from_csv(&list.to_csv()).unwrap(), list);
    }

    #[test]
    fn table_has_every_price() {
        let list = List::import(SOURCE).unwrap();
        let other = ("nat_gateway".to_owned(), Microdollars(45_000));
        let table = list.to_rust(&[other]).unwrap();
        for part in [
            "date(2026, 7, 20)",
            "const NAT_GATEWAY: u64 = 45000;",
            "[(&str, u64); 3]",
            "(\"g5.2xlarge\", 1212000), (\"g5.xlarge\", 1006000), (\"p5.48xlarge\", 55040000),",
        ] {
            assert!(table.contains(part), "{part}\n{table}");
        }
    }

    #[test]
    fn odd_files_are_refused() {
        for (source, why) in [
            ("", "on which day"),
            ("// generated at 2026-07-20T13", "no prices of us-east-1"),
            (
                "// generated at 2026-07-20T13\n\"us-east-1\": {\n}",
                "no prices of us-east-1",
            ),
            (
                "// generated at 2026-07-20T13\n\"us-east-1\": {\n\"a\": x,}",
                "\"x\" is no amount",
            ),
        ] {
            let error = format!("{:#}", List::import(source).unwrap_err());
            assert!(error.contains(why), "{error}");
        }
    }
}
