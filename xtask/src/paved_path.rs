//! The paved path: the public items that every program meets. Each has to have an example in its documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The items of geusemaker-core that need an example: its modules, structs, enums and traits.
const ITEMS: &[&str] = &[
    "AlbHealthy",
    "AnyDeployment",
    "AwsError",
    "Candidate",
    "Category",
    "CdnDeployed",
    "CdnPending",
    "ClockSpeed",
    "Closed",
    "CommittedStack",
    "Deployment",
    "DeploymentSpec",
    "DeploymentSpecBuilder",
    "DeploymentStatus",
    "Ec2Ready",
    "Error",
    "ErrorClass",
    "Failed",
    "FileSystems",
    "GpuInstanceType",
    "GpuReport",
    "HistoryEntry",
    "InstanceType",
    "JournalError",
    "Journals",
    "Leftover",
    "LibraryError",
    "Listener",
    "Orphans",
    "Outputs",
    "Phase",
    "Plan",
    "PlanError",
    "Planned",
    "ProgressEvent",
    "ProgressUpdate",
    "RequestedType",
    "ResourceState",
    "ResourceStatus",
    "Session",
    "SessionBuilder",
    "StackName",
    "State",
    "Step",
    "Undone",
    "WaitError",
    // The modules.
    "geusemaker_core",
    "id",
    "spec",
];

/// The kinds of items that are looked at.
const KINDS: [&str; 4] = ["enum", "module", "struct", "trait"];

/// The part of rustdoc's JSON that has the documentation.
#[derive(Deserialize)]
struct Documentation {
    index: BTreeMap<String, Item>,
}

#[derive(Deserialize)]
struct Item {
    crate_id: u32,
    name: Option<String>,
    docs: Option<String>,
    /// The kind of the item, with its details.
    inner: BTreeMap<String, IgnoredAny>,
}

impl Item {
    /// Returns the name of an item of this crate that has an example.
    fn with_example(&self) -> Option<&str> {
        let is_shown = self.crate_id == 0
            && KINDS.iter().any(|kind| self.inner.contains_key(*kind))
            && self.docs.as_ref().is_some_and(|docs| docs.contains("```"));
        self.name.as_deref().filter(|_| is_shown)
    }
}

/// Returns the items without an example, by rustdoc's JSON of geusemaker-core.
pub(crate) fn without_example(json: &Path) -> Result<Vec<&'static str>> {
    let text =
        std::fs::read_to_string(json).with_context(|| format!("cannot read {}", json.display()))?;
    missing(&text).with_context(|| format!("{} is not rustdoc's JSON", json.display()))
}

fn missing(json: &str) -> serde_json::Result<Vec<&'static str>> {
    let documentation: Documentation = serde_json::from_str(json)?;
    let items = documentation.index.values();
    let shown: BTreeSet<_> = items.filter_map(Item::with_example).collect();
    let missing = ITEMS.iter().filter(|item| !shown.contains(*item));
    Ok(missing.copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_without_example_is_missing() {
        let item = |name: &str, kind: &str, docs: &str| serde_json::json!({"crate_id": 0, "name": name, "docs": docs, "inner": {kind: {}}});
        let json = serde_json::json!({"index": {
            "1": item("Session", "struct", "A session.\n\n```\nuse it;\n```"),
            "2": item("Plan", "struct", "The plan."),
            "3": item("Closed", "function", "```\n```"),
        }});
        let missing = missing(&json.to_string()).unwrap();
        assert!(!missing.contains(&"Session"));
        assert!(missing.contains(&"Plan") && missing.contains(&"Closed"));
    }
}
