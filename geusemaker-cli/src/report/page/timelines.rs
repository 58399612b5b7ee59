//! The timelines of the runs: places in percent of the whole time.

use geusemaker_core::Phase;
use geusemaker_core::words::{count, duration};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{InstanceNumbers, moment, took};
use crate::report::critical_path::Interval;
use crate::report::run::{Run, RunEnd};
use crate::report::timeline::{Bar, Mark, Row, Timeline, What};
use crate::resource_name;

/// The most marks of time on an axis.
const TICKS: i64 = 6;

/// The distances between marks of time, in seconds.
const DISTANCES: [i64; 16] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400,
];

/// A run with its timeline.
#[derive(Serialize)]
pub(super) struct RunView {
    title: String,
    holder: String,
    when: String,
    took: String,
    note: String,
    ticks: Vec<Tick>,
    /// The distance of the marks of time in percent.
    distance: String,
    steps: Vec<BarView>,
    rows: Vec<RowView>,
    critical: Vec<PathRow>,
    critical_sum: String,
    has_waits: bool,
    has_deletions: bool,
    has_faults: bool,
}

/// A mark of time.
#[derive(Serialize)]
struct Tick {
    left: String,
    label: String,
}

#[derive(Serialize)]
struct RowView {
    name: String,
    took: String,
    is_critical: bool,
    bars: Vec<BarView>,
    marks: Vec<MarkView>,
}

#[derive(Serialize)]
struct BarView {
    class: &'static str,
    is_critical: bool,
    is_open: bool,
    left: String,
    width: String,
    title: String,
    label: String,
}

#[derive(Serialize)]
struct MarkView {
    label: String,
    title: String,
    is_fault: bool,
}

/// A part of the critical path.
#[derive(Serialize)]
struct PathRow {
    begin: String,
    name: String,
    what: &'static str,
    took: String,
    share: String,
}

impl RunView {
    /// Returns false for a run that has changed no resource, such as one that has read a token.
    pub(super) fn is_worth_showing(&self) -> bool {
        !(self.rows.is_empty() && self.steps.is_empty())
    }
}

/// Returns the view of a run.
pub(super) fn run_view(run: &Run<'_>, timeline: &Timeline, numbers: &InstanceNumbers) -> RunView {
    let scale = Scale {
        whole: Interval {
            begin: run.begin,
            end: run.end,
        },
    };
    let name = |row: &Row| resource_name::name(row.kind, &row.key, |id| numbers.of_id(id));
    let (ticks, distance) = scale.ticks();
    let bars = || timeline.rows.iter().flat_map(|row| &row.bars);
    RunView {
        title: run.title().to_owned(),
        holder: run.holder.clone(),
        when: moment(run.begin),
        took: took(run.begin, run.end),
        note: note(run.end_is).to_owned(),
        ticks,
        distance,
        steps: timeline
            .steps
            .iter()
            .map(|bar| scale.bar(bar, step_name(bar.what)))
            .collect(),
        rows: timeline
            .rows
            .iter()
            .map(|row| scale.row(row, name(row)))
            .collect(),
        critical: scale.path(timeline, name),
        critical_sum: scale.sum(timeline),
        has_waits: bars().any(|bar| bar.what == What::Wait),
        has_deletions: bars().any(|bar| bar.what == What::Delete),
        has_faults: timeline
            .rows
            .iter()
            .flat_map(|row| &row.marks)
            .any(|mark| mark.is_fault),
    }
}

fn note(end: RunEnd) -> &'static str {
    match end {
        RunEnd::Released => "",
        RunEnd::Abandoned => {
            "The process ended without releasing the stack; the times after its last record are unknown."
        }
        RunEnd::UnderWay => "The process is still at work.",
    }
}

fn step_name(what: What) -> &'static str {
    match what {
        What::Step(Phase::Ec2Ready) => "instances",
        What::Step(Phase::AlbHealthy) => "load balancer",
        What::Step(Phase::CdnPending) => "distribution",
        What::Step(Phase::CdnDeployed) => "CDN",
        What::Step(Phase::Committed) => "commit",
        // A later version of the library may have more.
        What::Step(_) => "step",
        What::Undo => "undo",
        What::Remove => "removal",
        What::Create | What::Refused | What::Wait | What::Delete => "",
    }
}

/// Returns the class and the words of a bar.
fn looks(what: What) -> (&'static str, &'static str) {
    match what {
        What::Create => ("create", "created"),
        What::Refused => ("refused", "refused"),
        What::Wait => ("wait", "waited for"),
        What::Delete => ("delete", "deleted"),
        What::Step(_) => ("step", "step"),
        What::Undo => ("undo", "undo"),
        What::Remove => ("undo", "removal"),
    }
}

fn mark_view(mark: &Mark) -> MarkView {
    MarkView {
        label: mark.label.clone(),
        title: format!("{}: {}", moment(mark.at), mark.message),
        is_fault: mark.is_fault,
    }
}

/// The time that the width of a timeline stands for.
struct Scale {
    whole: Interval,
}

impl Scale {
    /// Returns a moment in percent of the width.
    fn place(&self, at: Timestamp) -> f64 {
        let whole = self.whole.duration().as_secs_f64();
        if whole <= 0.0 {
            return 0.0;
        }
        let since = at.duration_since(self.whole.begin).as_secs_f64();
        (since / whole * 100.0).clamp(0.0, 100.0)
    }

    fn ticks(&self) -> (Vec<Tick>, String) {
        let whole = self.whole.duration();
        let fits = |distance: &i64| whole.as_secs() / distance <= TICKS;
        let last = DISTANCES[DISTANCES.len() - 1];
        let distance = DISTANCES.into_iter().find(fits);
        let distance = distance.unwrap_or_else(|| whole.as_secs() / TICKS / last * last + last);
        let ticks = (0..=whole.as_secs() / distance).map(|number| {
            let since = SignedDuration::from_secs(number * distance);
            Tick {
                left: percent(self.place(self.whole.begin + since)),
                label: duration(since.try_into().unwrap_or_default()),
            }
        });
        let step = self.place(self.whole.begin + SignedDuration::from_secs(distance));
        (ticks.collect(), percent(step))
    }

    fn bar(&self, bar: &Bar, label: &str) -> BarView {
        let Interval { begin, end } = bar.interval;
        let (class, words) = looks(bar.what);
        let (left, right) = (self.place(begin), self.place(end));
        let open = if bar.is_closed {
            ""
        } else {
            ", and not to the end"
        };
        let since = took(self.whole.begin, begin);
        let what = if label.is_empty() { words } else { label };
        BarView {
            class,
            is_critical: bar.is_critical,
            is_open: !bar.is_closed,
            left: percent(left),
            width: percent(right - left),
            title: format!("{what}: {} from {since} on{open}", took(begin, end)),
            // A short bar has no room for a word.
            label: if right - left > 8.0 {
                label.to_owned()
            } else {
                String::new()
            },
        }
    }

    fn row(&self, row: &Row, name: String) -> RowView {
        let total: SignedDuration = row.bars.iter().map(|bar| bar.interval.duration()).sum();
        RowView {
            name,
            took: shown(total),
            is_critical: row.bars.iter().any(|bar| bar.is_critical),
            bars: row.bars.iter().map(|bar| self.bar(bar, "")).collect(),
            marks: row.marks.iter().map(mark_view).collect(),
        }
    }

    fn path(&self, timeline: &Timeline, name: impl Fn(&Row) -> String) -> Vec<PathRow> {
        let whole = self.whole.duration().as_secs_f64();
        let path = timeline.critical.iter().map(|(row, place)| {
            let row = &timeline.rows[*row];
            let bar = &row.bars[*place];
            let time = bar.interval.duration();
            PathRow {
                begin: took(self.whole.begin, bar.interval.begin),
                name: name(row),
                what: looks(bar.what).1,
                took: shown(time),
                share: format!(
                    "{:.0}%",
                    time.as_secs_f64() / whole.max(f64::MIN_POSITIVE) * 100.0
                ),
            }
        });
        path.collect()
    }

    /// Returns the time of the critical path, and that between its parts.
    fn sum(&self, timeline: &Timeline) -> String {
        let of =
            |(row, place): &(usize, usize)| timeline.rows[*row].bars[*place].interval.duration();
        let sum: SignedDuration = timeline.critical.iter().map(of).sum();
        let between = self.whole.duration() - sum;
        format!(
            "{} of {} in {}; {} between them",
            shown(sum),
            shown(self.whole.duration()),
            count(timeline.critical.len(), "part"),
            shown(between)
        )
    }
}

/// Returns a time in words, to the tenth of a second if it is short.
fn shown(time: SignedDuration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 10.0 && time.subsec_millis() >= 50 {
        return format!("{seconds:.1}s");
    }
    duration(time.try_into().unwrap_or_default())
}

/// Returns a number with two places for CSS.
fn percent(number: f64) -> String {
    format!("{number:.2}%")
}
