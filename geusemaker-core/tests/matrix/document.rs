//! `docs/matrix.md`: the end of every case.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use geusemaker_testkit::{Exploration, FaultKind};

use crate::end::End;
use crate::stack::{STACKS, Stack};
use crate::way::{WAYS, Way};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/matrix.md");

/// The text before the tables.
const HEAD: &str = include_str!("head.md");

/// A table of one stack in one direction: a row per operation, a column per fault kind.
pub(crate) struct Table {
    title: String,
    calls: usize,
    rows: Vec<Row>,
}

struct Row {
    operation: String,
    /// The number of calls of the operation.
    calls: usize,
    /// The ends, by fault kind; in a sample some have none.
    ends: Vec<BTreeMap<End, usize>>,
}

impl Table {
    /// Creates the table; `end` returns the end of a run by the run's name.
    pub(crate) fn new(
        stack: Stack,
        way: Way,
        exploration: &Exploration,
        end: impl Fn(&str) -> End,
    ) -> Self {
        let strikes = way.strikes(stack);
        let calls = exploration.clean.calls.iter();
        let calls = calls.take(exploration.clean.scenario_calls);
        let fault_kinds = FaultKind::usual();
        let mut table = Self {
            title: format!("{}, {}", stack.name, way.name()),
            calls: 0,
            rows: Vec::new(),
        };
        for call in calls.filter(|call| strikes(call)) {
            table.calls += 1;
            let row = table.row(&call.operation, fault_kinds.len());
            row.calls += 1;
        }
        for run in &exploration.runs {
            let (Some(operation), Some(fault_kind)) = (run.operation(), run.fault_kind()) else {
                continue;
            };
            let column = fault_kinds
                .iter()
                .position(|known| known.name() == fault_kind);
            let row = table.row(operation, fault_kinds.len());
            *row.ends[column.unwrap()]
                .entry(end(&run.name()))
                .or_default() += 1;
        }
        table
    }

    fn row(&mut self, operation: &str, fault_kinds: usize) -> &mut Row {
        let known = self.rows.iter().position(|row| row.operation == operation);
        let place = known.unwrap_or(self.rows.len());
        if known.is_none() {
            self.rows.push(Row {
                operation: operation.to_owned(),
                calls: 0,
                ends: vec![BTreeMap::new(); fault_kinds],
            });
        }
        &mut self.rows[place]
    }

    fn ends(&self, end: End) -> usize {
        let cells = self.rows.iter().flat_map(|row| &row.ends);
        cells.filter_map(|cell| cell.get(&end)).sum()
    }
}

impl Row {
    fn cells(&self) -> impl Iterator<Item = String> {
        self.ends.iter().map(|cell| match cell.iter().next() {
            Some((end, _)) if cell.len() == 1 => end.to_string(),
            _ => {
                let ends = cell.iter().map(|(end, count)| format!("{end} {count}"));
                ends.collect::<Vec<_>>().join(", ")
            }
        })
    }
}

/// Writes the document from the tables of all cases.
pub(crate) fn write(tables: &[Table]) {
    std::fs::write(Path::new(PATH), render(tables)).unwrap();
}

/// Writes the parts of the document that are about some stacks anew, from the tables of all their cases.
pub(crate) fn update(tables: &[Table]) {
    let written = std::fs::read_to_string(PATH).unwrap();
    let new = render(tables);
    let titles = STACKS.iter().flat_map(|stack| {
        let of_way = |way: &Way| format!("{}, {}", stack.name, way.name());
        WAYS.iter().map(of_way)
    });
    let titles: Vec<_> = titles.collect();
    let of = |title: &str| {
        let mut texts = [&new, &written].into_iter();
        let found = texts.find_map(|text| Some((line_of(text, title)?, section_of(text, title)?)));
        found.map(|(line, section)| (line.to_owned(), section.to_owned()))
    };
    let parts: Vec<_> = titles.iter().filter_map(|title| of(title)).collect();
    let cases = parts.iter().filter_map(|(line, _)| {
        let cases = line.split('|').nth(3)?;
        cases.trim().parse::<usize>().ok()
    });
    let mut text = head(cases.sum());
    for (line, _) in &parts {
        let _ = writeln!(text, "{line}");
    }
    for (_, section) in &parts {
        text.push_str(section);
    }
    std::fs::write(Path::new(PATH), text).unwrap();
}

/// Returns the line about a table at the top of a document.
fn line_of<'a>(document: &'a str, title: &str) -> Option<&'a str> {
    let start = format!("| {title} |");
    document.lines().find(|line| line.starts_with(&start))
}

/// Returns the section with a table, from the empty line above its title to its last row.
fn section_of<'a>(document: &'a str, title: &str) -> Option<&'a str> {
    let begin = document.find(&format!("\n## {title}\n"))?;
    let length = document[begin + 1..].find("\n## ").map(|next| next + 1);
    let section = &document[begin..];
    Some(length.map_or(section, |length| &section[..length]))
}

/// Returns the differences between a sample and the document.
pub(crate) fn differences(tables: &[Table]) -> Vec<String> {
    let document = std::fs::read_to_string(PATH).unwrap();
    let mut differences = Vec::new();
    for table in tables {
        let Some((_, section)) = document.split_once(&format!("\n## {}\n", table.title)) else {
            differences.push(format!("it has no section {}", table.title));
            continue;
        };
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows: Vec<Vec<&str>> = section
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        let operations: BTreeSet<_> = rows.iter().map(|row| row[0].to_owned()).collect();
        for row in &table.rows {
            let operation = format!("`{}`", row.operation);
            let Some(written) = rows.iter().find(|written| written[0] == operation) else {
                differences.push(format!("{}: it has no {operation}", table.title));
                continue;
            };
            if written[1] != row.calls.to_string() {
                let calls = row.calls;
                let title = &table.title;
                differences.push(format!("{title}: {operation} is called {calls} times"));
            }
            for ((cell, written), fault_kind) in
                row.ends.iter().zip(&written[2..]).zip(FaultKind::usual())
            {
                let mut ends = cell.keys();
                if let Some(end) = ends.find(|end| !written.contains(&end.to_string())) {
                    let (title, fault_kind) = (&table.title, fault_kind.name());
                    differences.push(format!("{title}: {operation}, {fault_kind}, ends {end}"));
                }
            }
        }
        if operations.len() != table.rows.len() {
            let title = &table.title;
            differences.push(format!(
                "{title}: some of its operations are called no more"
            ));
        }
    }
    differences
}

fn render(tables: &[Table]) -> String {
    let mut text = head(tables.iter().map(cases).sum());
    for table in tables {
        let ends = [End::Running, End::Gone, End::Left];
        let ends = ends.map(|end| table.ends(end).to_string()).join(" | ");
        let (title, calls, cases) = (&table.title, table.calls, cases(table));
        let _ = writeln!(text, "| {title} | {calls} | {cases} | {ends} |");
    }
    let fault_kinds: Vec<_> = FaultKind::usual()
        .iter()
        .map(|fault_kind| fault_kind.name().to_owned())
        .collect();
    for table in tables {
        let _ = writeln!(text, "\n## {}\n", table.title);
        let _ = writeln!(text, "| operation | calls | {} |", fault_kinds.join(" | "));
        let _ = writeln!(text, "|---|--:|{}", "---|".repeat(fault_kinds.len()));
        for row in &table.rows {
            let cells: Vec<_> = row.cells().collect();
            let (operation, calls) = (&row.operation, row.calls);
            let _ = writeln!(text, "| `{operation}` | {calls} | {} |", cells.join(" | "));
        }
    }
    text
}

/// Returns the text above the lines about the tables.
fn head(cases: usize) -> String {
    let mut text = HEAD.to_owned();
    let _ = writeln!(text, "\n{cases} cases:\n");
    let _ = writeln!(text, "| stack | calls | cases | running | gone | left |");
    let _ = writeln!(text, "|---|--:|--:|--:|--:|--:|");
    text
}

fn cases(table: &Table) -> usize {
    let cells = table.rows.iter().flat_map(|row| &row.ends);
    cells.flat_map(BTreeMap::values).sum()
}
