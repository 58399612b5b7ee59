//! The output of a command: the same facts as text and as one JSON document.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::exit_code::ExitCode;

/// The name and version of the JSON documents.
const SCHEMA: &str = "gm/1";

/// A command's result.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    is_failure: bool,
    code: ExitCode,
    members: Map<String, Value>,
    text: String,
    /// The text for standard error of a command that has a result nevertheless.
    complaint: String,
}

/// The members of a failure that its document shares with that of a result.
const OF_FAILURE: [&str; 4] = ["error", "exit_code", "remedy", "next"];

impl Document {
    /// Creates the document of a command that succeeded.
    pub(crate) fn ok() -> Self {
        Self::new(false)
    }

    /// Creates the document of a command that failed.
    pub(crate) fn failure() -> Self {
        Self::new(true)
    }

    fn new(is_failure: bool) -> Self {
        let mut members = Map::new();
        members.insert("schema".to_owned(), SCHEMA.into());
        members.insert("ok".to_owned(), (!is_failure).into());
        Self {
            is_failure,
            code: ExitCode::Ok,
            members,
            text: String::new(),
            complaint: String::new(),
        }
    }

    /// Adds the name of the command; none if the command line names no command.
    pub(crate) fn of_command(self, command: Option<&str>) -> Self {
        self.member("command", command)
    }

    /// Sets the exit code, which the document has as well if it is not that of success.
    pub(crate) fn with_code(mut self, code: ExitCode) -> Self {
        self.code = code;
        match code {
            ExitCode::Ok => self,
            // The command has done what it was asked for.
            ExitCode::Changes => self.member("exit_code", code as u8),
            code => self.member("ok", false).member("exit_code", code as u8),
        }
    }

    /// Sets a note for standard error beside the result.
    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.complaint = note.into();
        self
    }

    /// Adds a failure to a result that is nevertheless printed.
    pub(crate) fn with_failure(mut self, failure: Self) -> Self {
        for name in OF_FAILURE {
            if let Some(value) = failure.members.get(name) {
                self.members.insert(name.to_owned(), value.clone());
            }
        }
        self.complaint = failure.text;
        self.with_code(failure.code)
    }

    /// Adds a member to the JSON document.
    pub(crate) fn member(mut self, name: &str, value: impl Serialize) -> Self {
        // Serialization fails only for maps with keys other than strings, and no document has one.
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Adds all members of an object to the JSON document.
    pub(crate) fn members_of(mut self, object: impl Serialize) -> Self {
        if let Ok(Value::Object(members)) = serde_json::to_value(object) {
            self.members.extend(members);
        }
        self
    }

    /// Adds a line to the text.
    pub(crate) fn line(mut self, line: impl AsRef<str>) -> Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line.as_ref());
        self
    }

    /// Adds lines to the text.
    pub(crate) fn lines(self, lines: impl IntoIterator<Item = String>) -> Self {
        lines
            .into_iter()
            .fold(self, |document, line| document.line(line))
    }

    pub(crate) fn is_failure(&self) -> bool {
        self.is_failure
    }

    pub(crate) fn code(&self) -> ExitCode {
        self.code
    }

    /// Returns the text for standard error beside that of the result.
    pub(crate) fn complaint(&self) -> &str {
        &self.complaint
    }

    /// Returns a member of the JSON document.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    pub(crate) fn to_text(&self) -> String {
        self.text.clone()
    }

    pub(crate) fn to_json(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }
}

/// Aligns rows in columns.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    rows.iter()
        .map(|row| {
            let cells: Vec<_> = row
                .iter()
                .enumerate()
                .map(|(column, cell)| format!("{cell:<width$}", width = width(column).unwrap_or(0)))
                .collect();
            format!("  {}", cells.join("  ").trim_end())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Document, columns};

    #[test]
    fn document_has_schema_and_success() {
        let json: serde_json::Value =
            serde_json::from_str(&Document::failure().member("n", 1).to_json()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"schema": "gm/1", "ok": false, "n": 1})
        );
    }

    #[test]
    fn columns_align_without_trailing_blanks() {
        let rows = [["a", "bb", ""], ["ccc", "d", "e"]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows), ["  a    bb", "  ccc  d   e"]);
    }
}
