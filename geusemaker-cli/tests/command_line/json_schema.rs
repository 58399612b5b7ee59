//! The schemas of `gm`, against which the tests hold what `gm` prints.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

pub(crate) const SPEC: &str = include_str!("../../schemas/spec.schema.json");
pub(crate) const OUTPUT: &str = include_str!("../../schemas/output.schema.json");
pub(crate) const EVENTS: &str = include_str!("../../schemas/events.schema.json");

/// The definitions that documents and lines are held against: those of the commands, and of a failure.
static DEFINITIONS: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let output = schema(OUTPUT);
    let names = output["oneOf"].as_array().unwrap().iter().map(|one| {
        let place = one["$ref"].as_str().unwrap();
        place.strip_prefix("#/$defs/").unwrap().to_owned()
    });
    names
        .map(|name| {
            let mut one = output.clone();
            one.as_object_mut().unwrap().remove("oneOf");
            one["$ref"] = json!(format!("#/$defs/{name}"));
            (name, validator(&one))
        })
        .collect()
});

static ANY_OUTPUT: LazyLock<Validator> = LazyLock::new(|| validator(&schema(OUTPUT)));

static ANY_EVENT: LazyLock<Validator> = LazyLock::new(|| validator(&schema(EVENTS)));

static ANY_SPEC: LazyLock<Validator> = LazyLock::new(|| validator(&schema(SPEC)));

pub(crate) fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A schema that values are held against.
struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

fn validator(schema: &Value) -> Validator {
    const PLACE: &str = "https://example.com/schema.json";
    let mut schema = schema.clone();
    // Its references are within itself.
    schema.as_object_mut().unwrap().remove("$id");
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.add_resource(PLACE, schema).unwrap();
    let index = compiler.compile(PLACE, &mut schemas).unwrap();
    Validator { schemas, index }
}

/// Returns the names of the definitions that documents and lines are held against.
pub(crate) fn definitions() -> impl Iterator<Item = &'static str> {
    DEFINITIONS.keys().map(String::as_str)
}

/// Asserts that a document is as the schema says of its command, or of a failure.
#[track_caller]
pub(crate) fn assert_document(document: &Value) {
    // A command that has a result nevertheless says nothing else about what exists.
    let definition = match document["command"].as_str() {
        Some(command) if document.get("now").is_none() => command.replace(' ', "-"),
        _ => "failure".to_owned(),
    };
    assert_fits(&definition, document);
    assert!(
        errors(&ANY_OUTPUT, document).is_empty(),
        "more than one definition fits {document}"
    );
    for spec in [&document["spec"], &document["plan"]["spec"]] {
        if !spec.is_null() {
            assert_eq!(spec_errors(spec), [""; 0], "{spec}");
        }
    }
}

/// Asserts that a line of `gm logs` is as the schema says.
#[track_caller]
pub(crate) fn assert_log_line(line: &Value) {
    assert_fits("logs", line);
}

#[track_caller]
fn assert_fits(definition: &str, value: &Value) {
    let errors = errors(&DEFINITIONS[definition], value);
    assert_eq!(errors, [""; 0], "not as {definition} says: {value}");
}

/// Asserts that a line of `--events` is as the schema says.
#[track_caller]
pub(crate) fn assert_event(line: &Value) {
    let errors = errors(&ANY_EVENT, line);
    assert_eq!(errors, [""; 0], "no event: {line}");
}

/// Returns what the schema finds wrong in a spec.
pub(crate) fn spec_errors(spec: &Value) -> Vec<String> {
    errors(&ANY_SPEC, spec)
}

fn errors(validator: &Validator, value: &Value) -> Vec<String> {
    match validator.schemas.validate(value, validator.index) {
        Ok(()) => Vec::new(),
        // The first line names the schema.
        Err(error) => error
            .to_string()
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect(),
    }
}
