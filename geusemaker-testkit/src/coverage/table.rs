//! The coverage as a table.

use std::collections::BTreeMap;
use std::fmt;

use super::{Coverage, OperationCoverage};
use crate::sim::operation;
use crate::wire::Service;

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for service in Service::ALL {
            self.write_service(f, service)?;
        }
        self.write_states(f)
    }
}

impl Coverage {
    fn write_service(&self, f: &mut fmt::Formatter<'_>, service: Service) -> fmt::Result {
        let never_called = of_service(self.never_called(), service);
        let never_refused = of_service(self.never_refused_with(), service);
        let offered = operation::names(service).len();
        writeln!(
            f,
            "{service}: {} of {offered} operations",
            offered - never_called.len()
        )?;
        // There is nothing more to print for a service that was not used.
        if let Some(operations) = self.operations.get(&service) {
            let width = operations.keys().map(String::len).max().unwrap_or(0);
            for (operation, used) in operations {
                let times = used.times();
                writeln!(f, "  {operation:width$} {times:>5}{}", troubles(used))?;
            }
            write_list(f, "never called", &never_called)?;
            write_list(f, "never refused with", &never_refused)?;
        }
        Ok(())
    }

    /// Writes every state with the number of times that it was seen, 0 if it never was.
    fn write_states(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (kind, state, times) in self.states() {
            let states = kinds.entry(kind).or_default();
            states.push(format!("{state} {times}"));
        }
        for (kind, state) in self.never_seen() {
            let states = kinds.entry(kind).or_default();
            states.push(format!("{state} 0"));
        }
        writeln!(f, "states")?;
        for (kind, states) in kinds {
            write_list(f, kind, &states)?;
        }
        Ok(())
    }
}

fn of_service(
    all: impl Iterator<Item = (Service, &'static str)>,
    service: Service,
) -> Vec<&'static str> {
    all.filter(|(of, _)| *of == service)
        .map(|(_, name)| name)
        .collect()
}

/// Describes the outcomes other than success.
fn troubles(used: &OperationCoverage) -> String {
    let refused = used.refused.iter();
    let mut troubles: Vec<String> = refused
        .map(|(code, times)| format!("{code} {times}"))
        .collect();
    if used.unanswered > 0 {
        troubles.push(format!("no answer {}", used.unanswered));
    }
    if troubles.is_empty() {
        String::new()
    } else {
        format!("  {}", troubles.join(", "))
    }
}

/// Writes a title and its list, in lines of up to a hundred characters.
fn write_list(f: &mut fmt::Formatter<'_>, title: &str, items: &[impl AsRef<str>]) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    let mut line = format!("  {title}:");
    for (n, item) in items.iter().map(AsRef::as_ref).enumerate() {
        let comma = if n + 1 < items.len() { "," } else { "" };
        if line.len() + item.len() + 2 > 100 {
            writeln!(f, "{line}")?;
            line = "   ".to_owned();
        }
        line.push_str(&format!(" {item}{comma}"));
    }
    writeln!(f, "{line}")
}
