//! `gm schema`: prints the JSON Schema of the spec file, of the output or of the events.

use serde_json::Value;

use crate::arguments::{Schema, SchemaOf};
use crate::document::Document;

impl SchemaOf {
    /// Returns the text of the schema.
    const fn text(self) -> &'static str {
        match self {
            Self::Spec => include_str!("../../schemas/spec.schema.json"),
            Self::Output => include_str!("../../schemas/output.schema.json"),
            Self::Events => include_str!("../../schemas/events.schema.json"),
        }
    }
}

pub(crate) fn run(schema: &Schema) -> Document {
    let text = schema.of.text();
    // A test reads each schema.
    let value = serde_json::from_str(text).unwrap_or(Value::Null);
    Document::ok()
        .member("json_schema", value)
        .line(text.trim_end())
}
