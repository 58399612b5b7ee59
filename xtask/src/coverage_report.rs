//! The line coverage of each crate and file, as a table.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// The part of the `cargo llvm-cov --json --summary-only` output that the report uses.
#[derive(Deserialize)]
struct Summary {
    data: Vec<Measured>,
}

#[derive(Deserialize)]
struct Measured {
    files: Vec<MeasuredFile>,
}

#[derive(Deserialize)]
struct MeasuredFile {
    filename: String,
    summary: FileSummary,
}

#[derive(Deserialize)]
struct FileSummary {
    lines: Lines,
}

/// The number of lines that can run, and of those that did.
#[derive(Clone, Copy, Default, Deserialize)]
struct Lines {
    count: u64,
    covered: u64,
}

/// The line coverage of several crates.
pub(crate) struct CoverageReport {
    crates: Vec<CrateCoverage>,
}

struct CrateCoverage {
    name: String,
    /// Paths below the crate's directory, sorted.
    files: Vec<(String, Lines)>,
}

impl CoverageReport {
    /// Reads the summary, without files outside the named crates.
    pub(crate) fn read(json: &str, root: &Path, crates: &[&str]) -> Result<Self> {
        let summary: Summary = serde_json::from_str(json)?;
        let measured = summary
            .data
            .into_iter()
            .next()
            .context("it has no measurements")?;
        let crates = crates.iter().map(|&name| CrateCoverage {
            name: name.to_owned(),
            files: files_below(&root.join(name), &measured.files),
        });
        Ok(Self {
            crates: crates.collect(),
        })
    }

    /// Returns the crates below this percentage, each with its figure.
    pub(crate) fn below(&self, least_percent: f64) -> Vec<String> {
        let short = self
            .crates
            .iter()
            .filter(|each| each.lines().percent() < least_percent);
        short
            .map(|each| format!("{} ({:.1} %)", each.name, each.lines().percent()))
            .collect()
    }
}

fn files_below(directory: &Path, measured: &[MeasuredFile]) -> Vec<(String, Lines)> {
    let inside = measured.iter().filter_map(|file| {
        let path = Path::new(&file.filename).strip_prefix(directory).ok()?;
        Some((path.display().to_string(), file.summary.lines))
    });
    let mut files: Vec<_> = inside.collect();
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    files
}

impl CrateCoverage {
    fn lines(&self) -> Lines {
        self.files
            .iter()
            .fold(Lines::default(), |sum, (_, lines)| Lines {
                count: sum.count + lines.count,
                covered: sum.covered + lines.covered,
            })
    }
}

impl Lines {
    /// Returns the percentage of covered lines; without measured lines it is zero.
    fn percent(self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            100.0 * self.covered as f64 / self.count as f64
        }
    }

    fn row(self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        writeln!(
            f,
            "{name:<56} {:>7} {:>7} {:>6.1}",
            self.count,
            self.covered,
            self.percent()
        )
    }
}

impl fmt::Display for CoverageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = |f: &mut fmt::Formatter<'_>, name| {
            writeln!(f, "{name:<56} {:>7} {:>7} {:>6}", "lines", "covered", "%")
        };
        heading(f, "file")?;
        for each in &self.crates {
            for (path, lines) in &each.files {
                lines.row(f, &format!("{}/{path}", each.name))?;
            }
        }
        writeln!(f)?;
        heading(f, "crate")?;
        for each in &self.crates {
            each.lines().row(f, &each.name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"data": [{"files": [
        {"filename": "/w/good/src/b.rs", "summary": {"lines": {"count": 10, "covered": 9, "percent": 90}}},
        {"filename": "/w/good/src/a.rs", "summary": {"lines": {"count": 10, "covered": 7, "percent": 70}}},
        {"filename": "/w/poor/src/lib.rs", "summary": {"lines": {"count": 1000, "covered": 799, "percent": 79.9}}},
        {"filename": "/w/other/src/lib.rs", "summary": {"lines": {"count": 5, "covered": 0, "percent": 0}}}
    ]}]}"#;

    fn report(crates: &[&str]) -> CoverageReport {
        CoverageReport::read(JSON, Path::new("/w"), crates).unwrap()
    }

    /// A crate with exactly the least percentage passes.
    #[test]
    fn crate_is_judged_by_all_its_lines() {
        assert_eq!(report(&["good", "poor"]).below(80.0), ["poor (79.9 %)"]);
    }

    #[test]
    fn unmeasured_crate_is_below_limit() {
        assert_eq!(report(&["good", "absent"]).below(80.0), ["absent (0.0 %)"]);
    }

    #[test]
    fn table_lists_files_and_crates_in_order() {
        let table = report(&["good", "poor"]).to_string();
        let names: Vec<_> = table
            .lines()
            .filter_map(|row| row.split(' ').next())
            .collect();
        let expected = [
            "file",
            "good/src/a.rs",
            "good/src/b.rs",
            "poor/src/lib.rs",
            "",
            "crate",
            "good",
            "poor",
        ];
        assert_eq!(names, expected);
        assert!(table.contains("     20      16   80.0\n"), "{table}");
    }
}
