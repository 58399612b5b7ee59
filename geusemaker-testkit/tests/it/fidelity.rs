//! Checks of `docs/fidelity.md`: the tests that it names exist, it names every test of the simulator, and its durations
//! are those that the simulator draws from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Test files and folders about something other than AWS's behavior, which may have lines but need none.
const OF_SOMETHING_ELSE: [&str; 9] = [
    "cassette_replay",
    "cassette_scan",
    "coverage",
    "explorer",
    "fault",
    "fault_file",
    "fidelity",
    "served",
    "service_guest",
];

/// The words that the last column may have in place of a test.
const WITHOUT_A_TEST: [&str; 2] = ["assumed", "not simulated"];

/// The pattern of a source that can be looked up, or that admits there is none.
const SOURCE: &str = r"(?x)
      \b(API\ Reference | User\ Guide | Developer\ Guide): \ \S   # and the page
    | \bbotocore\ 1\.44\.5: \ \S                                  # and the operation or shape
    | \b[\w.-]+/[\w.-]+\ (\#\d+ | @[0-9a-f]{7})                   # an issue or a commit of a public project
    | \bhttps://\S+
    | \b(memory | assumed)\b
    | \bthe\ simulator's\ own\ rule\b
    ";

/// Every line has a behavior, a source and tests that exist.
#[test]
fn ledger_lines_are_complete() {
    let tests = tests();
    let source = Regex::new(SOURCE).unwrap();
    let mut wrong = String::new();
    for row in ledger() {
        let mut complain = |what: &str| writeln!(wrong, "line {}: {what}", row.line).unwrap();
        if row.behavior.is_empty() {
            complain("no behavior");
        }
        if !source.is_match(&row.source) {
            complain(&format!("nobody can look this source up: {:?}", row.source));
        }
        if row.tests.is_empty() {
            complain("no test, and neither \"assumed\" nor \"not simulated\"");
        }
        for test in &row.tests {
            if !tests.contains(test) && !WITHOUT_A_TEST.contains(&test.as_str()) {
                complain(&format!("no such test: {test}"));
            }
        }
    }
    assert!(wrong.is_empty(), "docs/fidelity.md:\n{wrong}");
}

#[test]
fn ledger_names_all_simulator_tests() {
    let named: BTreeSet<String> = ledger().into_iter().flat_map(|row| row.tests).collect();
    let missing: Vec<String> = tests()
        .difference(&named)
        .filter(|test| !is_of_something_else(test))
        .map(|test| format!("| … | … | `{test}` |"))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/fidelity.md lacks lines for these tests:\n{}",
        missing.join("\n")
    );
}

#[test]
fn ledger_lines_are_unique() {
    let mut seen = BTreeMap::new();
    for row in ledger() {
        let before = seen.insert(row.behavior.clone(), row.line);
        assert_eq!(before, None, "line {} says it again", row.line);
    }
}

#[test]
fn ledger_durations_match_simulator() {
    let written: BTreeMap<String, DurationRow> = durations_of_the_ledger();
    let drawn = durations_of_the_simulator();
    let mut expected = String::new();
    for (step, durations) in &drawn {
        let [median, ninetieth, slowest] = durations.each_ref().map(|ms| seconds(*ms));
        let (what, source) = match written.get(step) {
            Some(row) => (&*row.what, &*row.source),
            None => ("…", "…"),
        };
        writeln!(
            expected,
            "| {step} | {what} | {median} | {ninetieth} | {slowest} | {source} |"
        )
        .unwrap();
    }
    let mut found = String::new();
    for row in written.values() {
        found.push_str(&row.text);
        found.push('\n');
    }
    let sorted = |table: &str| {
        let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert!(
        sorted(&found) == sorted(&expected) && !expected.contains("| … |"),
        "the table of durations in docs/fidelity.md has to be:\n{expected}"
    );
    let source = Regex::new(SOURCE).unwrap();
    for row in written.values() {
        assert!(
            source.is_match(&row.source),
            "nobody can look this source up: {}",
            row.text
        );
    }
}

/// A line of the ledger.
struct Row {
    /// The line number, counted from 1.
    line: usize,
    behavior: String,
    source: String,
    /// Tests such as `ec2/lifecycle::instance_runs`, or one of the words of `WITHOUT_A_TEST`.
    tests: Vec<String>,
}

/// A line of the table of durations.
struct DurationRow {
    text: String,
    what: String,
    source: String,
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the folder that the tests' names are relative to.
fn folder() -> PathBuf {
    package().join("tests/it")
}

fn document() -> String {
    fs::read_to_string(package().join("../docs/fidelity.md")).unwrap()
}

/// Returns the cells of the document's table rows, each row with its line number.
fn cells(document: &str) -> Vec<(usize, Vec<String>)> {
    document
        .lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
            let cells: Vec<String> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
            let is_rule = cells
                .iter()
                .all(|cell| cell.chars().all(|c| "-: ".contains(c)));
            let is_head = ["behavior", "step"].contains(&cells[0].as_str());
            (!is_rule && !is_head).then_some((index + 1, cells))
        })
        .collect()
}

fn ledger() -> Vec<Row> {
    let rows: Vec<Row> = cells(&document())
        .into_iter()
        .filter(|(_, cells)| cells.len() != 6)
        .map(|(line, cells)| {
            let [behavior, source, tests] = cells.as_slice() else {
                panic!("docs/fidelity.md, line {line}: {} columns", cells.len());
            };
            Row {
                line,
                behavior: behavior.clone(),
                source: source.clone(),
                tests: tests
                    .split([',', ' '])
                    .map(|test| test.trim_matches('`'))
                    .filter(|test| !test.is_empty())
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            }
        })
        .map(|mut row| {
            if row.tests == ["not", "simulated"] {
                row.tests = vec!["not simulated".to_owned()];
            }
            row.tests = row.tests.iter().map(|test| full_name(test)).collect();
            row
        })
        .collect();
    assert!(!rows.is_empty());
    rows
}

/// Returns the full name of a test: `efs/mod::test` for the short form `efs::test`, any other name unchanged.
fn full_name(test: &str) -> String {
    let Some((file, name)) = test.split_once("::") else {
        return test.to_owned();
    };
    let is_folder = folder().join(file).join("mod.rs").exists();
    if is_folder {
        format!("{file}/mod::{name}")
    } else {
        test.to_owned()
    }
}

fn is_of_something_else(test: &str) -> bool {
    let place = test.split(['/', ':']).next().unwrap_or_default();
    OF_SOMETHING_ELSE.contains(&place)
}

/// Returns the tests of this package, in the form `ec2/lifecycle::instance_runs`.
fn tests() -> BTreeSet<String> {
    let folder = folder();
    let test = Regex::new(
        r"(?m)^\s*#\[(?:tokio::)?test(?:\(.*\))?\]\s*(?:#\[.*\]\s*)*(?:async )?fn (\w+)",
    )
    .unwrap();
    let mut tests = BTreeSet::new();
    for file in rust_files(&folder) {
        let name = file.strip_prefix(&folder).unwrap().with_extension("");
        let name = name.to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap();
        for found in test.captures_iter(&text) {
            tests.insert(format!("{name}::{}", &found[1]));
        }
    }
    assert!(tests.len() > 100, "the tests have not been found");
    tests
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn durations_of_the_ledger() -> BTreeMap<String, DurationRow> {
    cells(&document())
        .into_iter()
        .filter(|(_, cells)| cells.len() == 6)
        .map(|(_, cells)| {
            let row = DurationRow {
                text: format!("| {} |", cells.join(" | ")),
                what: cells[1].clone(),
                source: cells[5].clone(),
            };
            (cells[0].clone(), row)
        })
        .collect()
}

/// Returns the median, ninetieth percentile and slowest duration of each step in milliseconds, as `sim/timings.rs` has
/// them. They are not public, and few and plain enough to be read from the source text.
fn durations_of_the_simulator() -> BTreeMap<String, [u64; 3]> {
    let text = fs::read_to_string(package().join("src/sim/timings.rs")).unwrap();
    let observed = text.split("fn observed").nth(1).unwrap();
    let observed = observed.split("\n    }\n").next().unwrap();
    let arm =
        Regex::new(r"((?:Self::\w+[\s|]*)+)=>\s*\[\s*([\d_]+),\s*([\d_]+),\s*([\d_]+),?\s*\]")
            .unwrap();
    let step = Regex::new(r"Self::(\w+)").unwrap();
    let mut durations = BTreeMap::new();
    for found in arm.captures_iter(observed) {
        let number = |group: usize| found[group].replace('_', "").parse::<u64>().unwrap();
        for step in step.captures_iter(&found[1]) {
            durations.insert(step[1].to_owned(), [number(2), number(3), number(4)]);
        }
    }
    assert_eq!(
        durations.len(),
        observed.matches("Self::").count(),
        "a step's durations cannot be read"
    );
    durations
}

/// Returns the duration in seconds, in the form `1.5 s`.
fn seconds(milliseconds: u64) -> String {
    format!("{} s", milliseconds as f64 / 1_000.0)
}
