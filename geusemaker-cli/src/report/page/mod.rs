//! The page of a report, as its template shows it.

mod events;
mod timelines;

use geusemaker_core::words::{count, duration};
use geusemaker_core::{DeploymentSpec, Graph, HistoryEntry, HistoryEvent, ResourceKind, StackName};
use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;

use self::events::{EventRow, event_rows};
use self::timelines::{RunView, run_view};
use super::deployment::Deployment;
use super::run::runs;
use super::timeline::{Open, Timeline};
use crate::failure::Failure;
use crate::graph::svg;

/// The beginning of every report.
const HEAD: &str = "<!DOCTYPE html>\n<!-- A report of gm. -->\n";

/// The facts about a stack that its history does not have.
pub(crate) struct Facts {
    pub(crate) name: StackName,
    /// The state in words: `deployed`, `gone since …`.
    pub(crate) state: String,
    /// The lines about the cost.
    pub(crate) cost: Vec<String>,
    /// The resources that exist; none if nothing of the stack is left.
    pub(crate) graph: Option<Graph>,
    /// True if a process works on the stack.
    pub(crate) is_held: bool,
    pub(crate) now: Timestamp,
}

/// Returns true if a file begins as a report of `gm` does.
pub(crate) fn is_report(beginning: &[u8]) -> bool {
    beginning.starts_with(HEAD.as_bytes())
}

/// Returns the page.
///
/// # Errors
/// Returns an error if the journal has no deployment.
pub(crate) fn page(history: &[HistoryEntry], facts: &Facts) -> Result<String, Failure> {
    let Some(deployment) = Deployment::last(history) else {
        return Err(Failure::local(format!(
            "the journal of {} has no deployment to report",
            facts.name
        )));
    };
    let page = Page::of(&deployment, history, facts);
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
        .render_str(include_str!("../../../templates-html/report.html"), Serde(&page))
        .map(|page| format!("{HEAD}{page}"))
        // The template is part of the program and is given all that it names.
        .map_err(|error| Failure::local(format!("the page cannot be made: {error:#}")))
}

/// All that the template names.
#[derive(Serialize)]
struct Page {
    name: String,
    state: String,
    tier: u8,
    facts: Vec<[String; 2]>,
    runs: Vec<RunView>,
    /// The graph as an image.
    graph: String,
    graph_title: String,
    spec: String,
    events: Vec<EventRow>,
    earlier_events: Vec<EventRow>,
    earlier: String,
    consoles: Vec<Console>,
    made: String,
}

/// The end of a console that was kept.
#[derive(Serialize)]
struct Console {
    title: String,
    text: String,
}

impl Page {
    fn of(deployment: &Deployment<'_>, history: &[HistoryEntry], facts: &Facts) -> Self {
        let numbers = InstanceNumbers::of(history);
        let mut open = Open::default();
        let runs = runs(deployment.entries, facts.is_held, facts.now);
        let views = runs.iter().map(|run| {
            let timeline = Timeline::of(run, &mut open);
            run_view(run, &timeline, &numbers)
        });
        let views: Vec<_> = views.filter(RunView::is_worth_showing).collect();
        let plan = deployment.plan;
        let (graph, graph_title) = match &facts.graph {
            Some(graph) => (svg(graph), "The resources, as the journal has them"),
            None => (
                svg(&Graph::of_spec(&plan.spec)),
                "The resources that the spec asks for",
            ),
        };
        let earlier = match deployment.earlier_count() {
            0 => String::new(),
            earlier => format!("{} of this name before", count(earlier, "stack")),
        };
        Self {
            name: facts.name.to_string(),
            state: facts.state.clone(),
            tier: plan.spec.tier().number(),
            facts: fact_rows(deployment, facts),
            runs: views,
            graph,
            graph_title: graph_title.to_owned(),
            spec: spec_text(&plan.spec),
            events: event_rows(deployment.entries, &numbers),
            earlier_events: event_rows(deployment.earlier, &numbers),
            earlier,
            consoles: consoles(deployment.entries),
            made: moment(facts.now),
        }
    }
}

/// Returns the facts below the title, each with its label.
fn fact_rows(deployment: &Deployment<'_>, facts: &Facts) -> Vec<[String; 2]> {
    let plan = deployment.plan;
    let mut rows = vec![
        ["account".to_owned(), plan.account.to_string()],
        ["region".to_owned(), plan.region.to_string()],
    ];
    let mut add = |label: &str, text: String| rows.push([label.to_owned(), text]);
    let begun = deployment.at(HistoryEvent::Planned);
    if let Some(begun) = begun {
        add("begun", moment(begun));
    }
    let since = |end: Timestamp| begun.map(|begun| took(begun, end)).unwrap_or_default();
    if let Some(committed) = deployment.at(HistoryEvent::Committed) {
        let text = format!(
            "{}, {} after its beginning",
            moment(committed),
            since(committed)
        );
        add("deployed", text);
    }
    if let Some(gone) = deployment.at(HistoryEvent::Gone) {
        add("gone", moment(gone));
    }
    let refused = deployment.entries.iter();
    let refused = refused
        .filter(|entry| entry.event == HistoryEvent::Refused)
        .count();
    if refused > 0 {
        add("refused by AWS", count(refused, "request"));
    }
    for cost in &facts.cost {
        add(
            "cost",
            cost.strip_prefix("cost: ").unwrap_or(cost).to_owned(),
        );
    }
    rows
}

/// The numbers of instances, by their ids.
pub(super) struct InstanceNumbers(Vec<(String, usize)>);

impl InstanceNumbers {
    fn of(history: &[HistoryEntry]) -> Self {
        let instances = history
            .iter()
            .filter(|it| it.kind == Some(ResourceKind::Instance));
        let numbers = instances.filter_map(|entry| {
            let number = entry.key.as_ref()?.as_str().rsplit('/').next()?;
            Some((entry.id.as_ref()?.to_string(), number.parse().ok()?))
        });
        Self(numbers.collect())
    }

    fn of_id(&self, id: &str) -> Option<usize> {
        let mut numbers = self.0.iter();
        numbers
            .find(|(known, _)| known == id)
            .map(|(_, number)| *number)
    }
}

fn consoles(entries: &[HistoryEntry]) -> Vec<Console> {
    let consoles = entries
        .iter()
        .filter(|it| it.event == HistoryEvent::Console);
    let consoles = consoles.map(|entry| Console {
        title: format!("{}: {}", moment(entry.at), entry.message),
        text: entry.lines.join("\n"),
    });
    consoles.collect()
}

/// Returns a spec as its file has it. The values of environment variables stay out, because somebody may have taken one
/// of them for a place for secrets.
fn spec_text(spec: &DeploymentSpec) -> String {
    let value = serde_json::to_value(spec).unwrap_or(Value::Null);
    toml::to_string_pretty(&shown(value, false)).unwrap_or_default()
}

fn shown(value: Value, is_secret: bool) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            let members = members.map(|(key, value)| {
                let is_secret = is_secret || key == "env";
                let value = shown(value, is_secret);
                (key, value)
            });
            Value::Object(members.collect())
        }
        Value::Array(values) => {
            let values = values.into_iter().map(|value| shown(value, is_secret));
            Value::Array(values.collect())
        }
        _ if is_secret => Value::String("(not shown)".to_owned()),
        value => value,
    }
}

/// Returns a time as the page shows it. It is absolute, because the clock of a simulated account is not that of this
/// machine.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Returns the time from one moment to another in words.
fn took(begin: Timestamp, end: Timestamp) -> String {
    duration(end.duration_since(begin).try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use geusemaker_core::DeploymentSpec;

    use super::{is_report, spec_text};

    #[test]
    fn values_of_environment_are_not_shown() {
        let spec = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
                    [[service]]\nname = 'ollama'\nport = 80\nimage = 'x'\n\
                    env = { MODEL = 'qwen', OTHER = 'abc' }";
        let text = spec_text(&DeploymentSpec::from_toml(spec).unwrap());
        assert!(
            text.contains("name = \"llm\"") && text.contains("MODEL = \"(not shown)\""),
            "{text}"
        );
        assert!(!text.contains("qwen") && !text.contains("abc"), "{text}");
    }

    #[test]
    fn other_files_are_no_reports() {
        assert!(is_report(
            b"<!DOCTYPE html>\n<!-- A report of gm. -->\n<html"
        ));
        assert!(!is_report(b"<!DOCTYPE html>\n<html"));
        assert!(!is_report(b""));
    }
}
