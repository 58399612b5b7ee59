//! `gm outputs`: prints the addresses and ids of a stack, for people and for scripts.

use geusemaker_core::{Error, Outputs, StackName};
use serde_json::Value;

use super::status::no_such_stack;
use crate::arguments::OutputsOf;
use crate::context::Context;
use crate::document::{Document, columns};
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, asked: &OutputsOf) -> Result<Document, Failure> {
    let name = &asked.name.name;
    let status = match context.session.summary(name).await {
        Ok(status) => status,
        Err(error @ Error::NoSuchStack { .. }) => {
            return Err(no_such_stack(context, name, &error).await);
        }
        Err(error) => return Err(error.into()),
    };
    let outputs = flat(&status.outputs);
    let document = Document::ok()
        .member("name", name)
        .member("state", status.health.to_string())
        .member("outputs", &status.outputs);
    let Some(key) = &asked.raw else {
        let rows = outputs.iter().flat_map(|(key, values)| {
            let values = values.iter();
            values.map(|value| [key.clone(), value.clone()])
        });
        return Ok(document.lines(columns(&rows.collect::<Vec<_>>())));
    };
    let found = outputs.iter().find(|(known, _)| known == key);
    match found {
        Some((_, values)) if !values.is_empty() => Ok(document
            .member("value", values)
            .lines(values.iter().cloned())),
        found => Err(without(name, key, found.is_some(), &outputs)),
    }
}

fn without(
    name: &StackName,
    key: &str,
    is_known: bool,
    outputs: &[(String, Vec<String>)],
) -> Failure {
    let with_values = outputs.iter().filter(|(_, values)| !values.is_empty());
    let keys: Vec<_> = with_values.map(|(key, _)| key.as_str()).collect();
    let failure = Failure::usage(match is_known {
        true => format!("{name} has no {key}"),
        false => format!("there is no output {key:?}"),
    });
    match keys.is_empty() {
        true => failure.remedy("finish deploying it: it has no outputs yet"),
        false => failure.remedy(format!("name one of these: {}", keys.join(", "))),
    }
}

/// Returns each output with its values, by keys that stay the same: those of the document, and `endpoints.SERVICE`.
fn flat(outputs: &Outputs) -> Vec<(String, Vec<String>)> {
    let mut flat = Vec::new();
    let Ok(Value::Object(members)) = serde_json::to_value(outputs) else {
        return flat;
    };
    for (key, value) in members {
        match value {
            Value::String(value) => flat.push((key, vec![value])),
            Value::Array(_) if key == "endpoints" => {}
            Value::Array(values) => {
                let values = values.iter().filter_map(Value::as_str);
                flat.push((key, values.map(str::to_owned).collect()));
            }
            _ => flat.push((key, Vec::new())),
        }
    }
    for endpoint in &outputs.endpoints {
        let key = format!("endpoints.{}", endpoint.service);
        match flat.iter_mut().find(|(known, _)| *known == key) {
            Some((_, urls)) => urls.push(endpoint.url.clone()),
            None => flat.push((key, vec![endpoint.url.clone()])),
        }
    }
    flat
}
