//! A plan in a file: what a person has looked at, for `gm deploy` to do exactly that.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use geusemaker_core::Plan;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

/// The name and version of the format.
const SCHEMA: &str = "gm-plan/1";

/// The most bytes of a file: a spec has at most 1 MiB.
const MAX: u64 = 16 * 1024 * 1024;

/// The most differences that are shown.
const MOST_DIFFERENCES: usize = 10;

/// A plan as its file has it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedPlan {
    schema: String,
    /// The version of the program that made it.
    gm: String,
    /// The SHA-256 of the plan, by which a change of the file is noticed.
    sha256: String,
    pub(crate) plan: Plan,
}

impl SavedPlan {
    /// Writes the plan into a file, which may be that of an earlier plan.
    pub(crate) fn write(path: &Path, plan: &Plan) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::local(format!("{} cannot be written: {error}", path.display()))
        };
        let mut plan = plan.clone();
        if plan.spec.region().is_none() {
            // The plan is for this Region, whatever the environment says when it is deployed.
            let spec = plan.spec.clone().in_region(plan.region.clone());
            plan.spec = spec.map_err(|error| failed(&error))?;
        }
        let value = serde_json::to_value(&plan).map_err(|error| failed(&error))?;
        let saved = Self {
            schema: SCHEMA.to_owned(),
            gm: env!("CARGO_PKG_VERSION").to_owned(),
            sha256: digest(&value),
            plan,
        };
        let text = serde_json::to_string_pretty(&saved).map_err(|error| failed(&error))?;
        fs::write(path, text + "\n").map_err(|error| failed(&error))
    }

    /// Returns the failure for a file that a plan must not overwrite.
    pub(crate) fn check_place(path: &Path) -> Result<(), Failure> {
        let shown = path.display();
        if path.as_os_str() == "-" {
            let message =
                "--out - names no file: gm plan -o json writes the plan to standard output";
            return Err(Failure::usage(message));
        }
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|it| !it.is_dir()) {
            let message = format!(
                "{shown} cannot be written: there is no folder {}",
                folder.display()
            );
            return Err(Failure::usage(message).remedy("make the folder, or name another file"));
        }
        let is_taken = match Self::read(path) {
            Ok(Some(_)) => false,
            Ok(None) => path.exists() && !is_device(path),
            Err(_) => true,
        };
        if is_taken {
            let message = format!("{shown} exists and is not a plan of gm");
            return Err(Failure::usage(message).remedy("name another file with --out"));
        }
        Ok(())
    }

    /// Reads a plan; none if the file is something else, such as a spec.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let text = match text_of(path) {
            Ok(Some(text)) => text,
            // The reader of specs says what is wrong with the file.
            Ok(None) | Err(_) => return Ok(None),
        };
        let shown = path.display();
        let damaged = |why: &dyn std::fmt::Display| {
            Failure::input(format!("{shown} is a damaged plan: {why}"))
                .remedy("plan again: gm plan SPEC --out FILE")
        };
        let value = match serde_json::from_str::<Value>(&text) {
            Ok(value) => value,
            Err(error) if text.contains("\"gm-plan/") => return Err(damaged(&error)),
            Err(_) => return Ok(None),
        };
        match value.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) if other.starts_with("gm-plan/") => {
                let message =
                    format!("{shown} is a plan in the format {other}, which this gm does not know");
                return Err(Failure::input(message)
                    .remedy("plan again with this gm: gm plan SPEC --out FILE"));
            }
            _ => return Ok(None),
        }
        let found = digest(&value["plan"]);
        let saved: Self = serde_json::from_value(value).map_err(|error| damaged(&error))?;
        match saved.sha256 == found {
            true => Ok(Some(saved)),
            false => Err(damaged(&"somebody has changed it since gm wrote it")),
        }
    }

    /// Returns the failure for a plan that is no longer the one that would be made now.
    pub(crate) fn check_current(&self, now: &Plan) -> Result<(), Failure> {
        let json = |plan: &Plan| serde_json::to_value(plan).unwrap_or_default();
        let mut differences = Vec::new();
        differ("", &json(&self.plan), &json(now), &mut differences);
        if differences.is_empty() {
            return Ok(());
        }
        differences.truncate(MOST_DIFFERENCES);
        let name = now.spec.name();
        let message = format!(
            "the plan of {name} is out of date: {}",
            differences.join("; ")
        );
        Err(Failure::input(message)
            .remedy("plan again, and look at what has changed: gm plan SPEC --out FILE")
            .state("nothing was created"))
    }
}

/// Returns the SHA-256 of a plan, whose members have one order.
fn digest(plan: &Value) -> String {
    let digest = Sha256::digest(plan.to_string());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the text of a regular file that begins as a JSON object.
fn text_of(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut text = String::new();
    let mut begin = [0; 1];
    if file.read(&mut begin)? == 0 || begin != *b"{" {
        return Ok(None);
    }
    text.push('{');
    file.take(MAX).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Returns true for `/dev/stdout` and the like, which nothing overwrites.
fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Adds the values that are not the same.
fn differ(path: &str, planned: &Value, now: &Value, differences: &mut Vec<String>) {
    match (planned, now) {
        (Value::Object(planned), Value::Object(now)) => {
            let mut names: Vec<_> = planned.keys().chain(now.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let member = |of: &serde_json::Map<String, Value>| {
                    of.get(name).cloned().unwrap_or(Value::Null)
                };
                let separator = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{separator}{name}");
                differ(&path, &member(planned), &member(now), differences);
            }
        }
        (Value::Array(planned), Value::Array(now)) if planned.len() == now.len() => {
            for (place, (planned, now)) in planned.iter().zip(now).enumerate() {
                differ(&format!("{path}[{place}]"), planned, now, differences);
            }
        }
        (Value::Array(planned), Value::Array(now)) => {
            differences.push(format!(
                "{path} had {} items and now {}",
                planned.len(),
                now.len()
            ));
        }
        _ if planned == now => {}
        _ => differences.push(format!("{path} was {planned} and is now {now}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differ;

    #[test]
    fn differences_have_their_paths() {
        let planned =
            json!({ "image": { "id": "ami-1", "name": "a" }, "zones": ["a", "b"], "to": [1] });
        let now =
            json!({ "image": { "id": "ami-2", "name": "a" }, "zones": ["a", "c"], "to": [1, 2] });
        let mut differences = Vec::new();
        differ("", &planned, &now, &mut differences);
        assert_eq!(
            differences,
            [
                "image.id was \"ami-1\" and is now \"ami-2\"",
                "to had 1 items and now 2",
                "zones[1] was \"b\" and is now \"c\"",
            ]
        );
    }
}
