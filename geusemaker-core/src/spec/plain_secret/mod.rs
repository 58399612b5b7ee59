//! The check that no secret stands in a spec, whose texts anybody may read who may describe the instances.

mod name;
#[cfg(test)]
mod tests;
mod value;

use serde_json::Value as Json;

use self::name::NameSays;
use super::error::SpecError;
use super::service::{ParameterName, ServiceFields};
use super::stack_name::StackName;

/// The deepest nesting of commands in commands and of JSON that is looked into.
const DEPTH_MAX: usize = 4;

/// Something in the texts of a service that looks like a secret.
struct Found {
    /// The key of the service.
    at: String,
    /// The name of the variable or the option whose value it is, if there is one.
    name: Option<String>,
    /// True if the name is that of an option of a command.
    is_option: bool,
}

/// Checks the services of a spec that somebody has written, of which those from `first_of_compose` on are in a Compose
/// file.
///
/// Journals are read without this check: an earlier version may have known fewer forms of secrets.
pub(super) fn check(
    stack: &StackName,
    services: &[ServiceFields],
    first_of_compose: Option<usize>,
) -> Result<(), SpecError> {
    for (index, service) in services.iter().enumerate() {
        let is_of_compose = first_of_compose.is_some_and(|first| index >= first);
        let error = match (misplaced(service), find(service)) {
            (Some(variable), _) => SpecError::new(
                "has the value of a secret where its place belongs: store the value in AWS, and write the name that it \
                 has there, as in \"ssm:/llm/hf-token\"",
            )
            .at(format!("secrets.{variable}")),
            (None, Some(found)) => {
                let message = message(&found, stack, service, is_of_compose);
                SpecError::new(message).at(found.at)
            }
            (None, None) => continue,
        };
        return Err(error.in_table(&format!("service[{index}]")));
    }
    Ok(())
}

/// Returns the variable whose place looks like a value.
fn misplaced(service: &ServiceFields) -> Option<&str> {
    let mut places = service.secrets().iter();
    let (variable, _) = places.find(|(_, place)| value::has_secret(&place.to_string()))?;
    Some(variable.as_str())
}

fn find(service: &ServiceFields) -> Option<Found> {
    let is_known = |name: &str| {
        let mut names = service.not_secret().iter();
        let bare = name.trim_start_matches('-');
        names.any(|known| known.as_str().trim_start_matches('-') == bare)
    };
    for (name, value) in service.env() {
        if is_known(name.as_str()) {
            continue;
        }
        let is_secret = is_secret(name.as_str(), value);
        if is_secret || in_text(value, &is_known, DEPTH_MAX).is_some() {
            return Some(Found {
                at: format!("env.{name}"),
                name: Some(name.to_string()),
                is_option: false,
            });
        }
    }
    for (key, words) in service.commands() {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        if let Some((index, name)) = in_words(&words, &is_known, DEPTH_MAX) {
            return Some(Found {
                at: format!("{key}[{index}]"),
                is_option: name.as_ref().is_some_and(|name| name.starts_with('-')),
                name,
            });
        }
    }
    None
}

/// Returns true if the value of this name is a secret.
fn is_secret(name: &str, value: &str) -> bool {
    value::has_secret(value)
        || match name::says(name) {
            NameSays::Secret => !value::is_harmless(value),
            NameSays::SecretOrNumber => !value::is_harmless(value) && !value::is_number(value),
            NameSays::Key => value::looks_random(value) && !value::is_harmless(value),
            NameSays::Nothing => false,
        }
}

/// Looks for a secret in the words of a command. Returns the index of the word with the secret, and the option or
/// variable that it is given for.
fn in_words(
    words: &[&str],
    is_known: &dyn Fn(&str) -> bool,
    depth: usize,
) -> Option<(usize, Option<String>)> {
    let mut option: Option<&str> = None;
    for (index, word) in words.iter().enumerate() {
        let (name, value) = match (word.split_once('='), option.take()) {
            (_, Some(option)) if !word.starts_with('-') => (Some(option), *word),
            (Some((name, value)), _) if is_name(name) => (Some(name), value),
            _ => (None, *word),
        };
        if name.is_none() && word.starts_with('-') && is_name(word) {
            option = Some(word);
        }
        if name.is_some_and(is_known) {
            continue;
        }
        if is_secret(name.unwrap_or_default(), value) {
            return Some((index, name.map(str::to_owned)));
        }
        if let Some(name) = in_text(value, is_known, depth) {
            return Some((index, name));
        }
    }
    None
}

/// Looks for a secret in a text that may be a command, a list of settings or JSON. Returns the option or variable that
/// it is given for, if there is one.
fn in_text(text: &str, is_known: &dyn Fn(&str) -> bool, depth: usize) -> Option<Option<String>> {
    let depth = depth.checked_sub(1)?;
    let json = Some(text).filter(|text| text.trim_start().starts_with(['{', '[']));
    if let Some(json) = json.and_then(|text| serde_json::from_str(text).ok()) {
        let name = in_json("", &json, is_known)?;
        return Some(Some(name).filter(|name| is_name(name)));
    }
    let words = shlex::split(text).unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // A text of one word is looked into if it is an option or has settings. It would be split into itself for ever.
    let is_split = words.len() > 1 || text.starts_with('-');
    if let Some((_, name)) = is_split
        .then(|| in_words(&words, is_known, depth))
        .flatten()
    {
        return Some(name);
    }
    let settings = text.split(|c: char| c.is_whitespace() || ";&?,\"'".contains(c));
    for (name, value) in settings.filter_map(|setting| setting.split_once('=')) {
        if is_name(name) && !is_known(name) && is_secret(name, value) {
            return Some(Some(name.to_owned()));
        }
    }
    None
}

fn in_json(name: &str, json: &Json, is_known: &dyn Fn(&str) -> bool) -> Option<String> {
    match json {
        _ if is_known(name) => None,
        Json::String(text) => is_secret(name, text).then(|| name.to_owned()),
        Json::Array(items) => items.iter().find_map(|item| in_json(name, item, is_known)),
        Json::Object(members) => members
            .iter()
            .find_map(|(name, member)| in_json(name, member, is_known)),
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

/// Returns true for the name of a variable, a setting or an option.
fn is_name(text: &str) -> bool {
    let bare = text.trim_start_matches('-');
    bare.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && bare
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// Returns the message about a secret, with its remedy. It never has the value.
fn message(
    found: &Found,
    stack: &StackName,
    service: &ServiceFields,
    is_of_compose: bool,
) -> String {
    let variable = variable_for(found);
    let parameter = parameter_for(stack, &variable);
    let setting = format!("{variable} = \"ssm:{parameter}\"");
    let place = if is_of_compose {
        format!("[compose.secrets.{}] {setting}", service.name())
    } else {
        format!("secrets = {{ {setting} }}")
    };
    let silence = |name: &str| {
        if is_of_compose {
            format!(
                "; if it is no secret, add [compose.not_secret] {} = [{name:?}]",
                service.name()
            )
        } else {
            format!("; if it is no secret, add not_secret = [{name:?}]")
        }
    };
    let (what, instead) = match &found.name {
        Some(name) if found.is_option => (
            format!("the value of {name} looks like a secret"),
            "most programs read it from a variable as well: write",
        ),
        None => (
            "looks like a secret".to_owned(),
            "most programs read it from a variable as well: write",
        ),
        Some(_) => ("looks like a secret".to_owned(), "write"),
    };
    format!(
        "{what}, and whoever may describe the instances can read it here: {instead} {place}, and store the value with \
         aws ssm put-parameter --type SecureString --name {parameter} --value …; or write \"generate\" for one that the \
         instances make{}",
        found.name.as_deref().map(silence).unwrap_or_default()
    )
}

/// Returns the variable in which a program would read the secret.
fn variable_for(found: &Found) -> String {
    let Some(name) = &found.name else {
        return "VARIABLE".to_owned();
    };
    if !found.is_option {
        return name.clone();
    }
    let bare = name.trim_start_matches('-');
    bare.to_ascii_uppercase().replace(['-', '.'], "_")
}

/// Returns a name for the parameter that would hold the value.
fn parameter_for(stack: &StackName, variable: &str) -> String {
    let last = variable.to_ascii_lowercase().replace(['_', '.'], "-");
    let name = format!("/{stack}/{last}");
    if name.parse::<ParameterName>().is_ok() {
        name
    } else {
        format!("/secrets/{last}")
    }
}
