//! The check that no secret stands in a spec, whose texts anybody may read who may describe the instances.

mod name;
mod remedy;
#[cfg(test)]
mod tests;
mod value;

use serde_json::Value as Json;

use self::name::NameSays;
use super::compose::Tables;
use super::error::SpecError;
use super::service::ServiceFields;
use super::stack_name::StackName;

/// The deepest nesting of commands in commands and of JSON that is looked into.
const DEPTH_MAX: usize = 4;

/// Something in the texts of a service that looks like a secret.
struct Found {
    /// The key of the service.
    at: String,
    hit: Hit,
    /// True if it is the value of a variable of `env`.
    is_variable: bool,
    /// True if it is in a script that a shell of the container runs.
    is_in_shell: bool,
}

/// A value that looks like a secret.
struct Hit {
    /// The name of the variable or the option whose value it is, if there is one.
    name: Option<String>,
    /// A name for it after its form.
    variable: &'static str,
    /// True if its form is that of a secret.
    is_known_form: bool,
    /// True if it is a part of a word.
    is_inside: bool,
}

impl Hit {
    fn new(name: Option<&str>, value: &str) -> Self {
        Self {
            name: name.map(str::to_owned),
            variable: value::variable_for(value),
            is_known_form: value::has_secret(value),
            is_inside: false,
        }
    }

    fn is_option(&self) -> bool {
        self.name.as_ref().is_some_and(|name| name.starts_with('-'))
    }
}

/// Checks the services of a spec that somebody has written, of which those from an index on are in a Compose file, for
/// whose secrets the spec has these tables.
///
/// Journals are read without this check: an earlier version may have known fewer forms of secrets.
pub(super) fn check(
    stack: &StackName,
    services: &[ServiceFields],
    compose: Option<(usize, &Tables)>,
) -> Result<(), SpecError> {
    for (index, service) in services.iter().enumerate() {
        let tables = compose.filter(|(first, _)| index >= *first);
        let error = match (misplaced(service), find(service)) {
            (Some(error), _) => error,
            (None, Some(found)) => {
                let message = remedy::message(&found, stack, service, tables.map(|(_, of)| of));
                SpecError::new(message).at(found.at)
            }
            (None, None) => continue,
        };
        return Err(error.in_table(&format!("service[{index}]")));
    }
    Ok(())
}

/// Returns the text with "…" in place of each secret that is known by its form, for a message about a text that was
/// written at a wrong place.
pub(super) fn without_secrets(text: &str) -> String {
    value::without_secrets(text)
}

/// Returns true if the value of this variable, which a spec would have, is a secret by its form or by its name.
pub(super) fn is_secret_of_variable(name: &str, value: &str) -> bool {
    value::has_secret(value)
        || match name::says(name) {
            NameSays::Secret | NameSays::Key => true,
            NameSays::SecretOrNumber => !value::is_number(value),
            NameSays::Nothing => false,
        }
}

/// Returns true if a line of a file certainly has no secret, so that a message may repeat it.
pub(super) fn may_be_shown(field: &str, line: &str) -> bool {
    const WORDS: [&str; 7] = [
        "api",
        "auth",
        "bearer",
        "credential",
        "password",
        "secret",
        "token",
    ];
    let line_says = line.to_ascii_lowercase();
    let is_of_container = [".env", ".command", ".args", ".secrets"];
    !WORDS.iter().any(|word| line_says.contains(word))
        && !is_of_container.iter().any(|part| field.contains(part))
        && without_secrets(line) == line
}

/// Returns the error about a value at the place of a name.
fn misplaced(service: &ServiceFields) -> Option<SpecError> {
    let mut places = service.secrets().iter();
    if let Some((variable, _)) = places.find(|(_, place)| value::has_secret(&place.to_string())) {
        let message = "has the value of a secret where its place belongs: store the value in AWS, and write the name \
                       that it has there, as in \"ssm:/llm/hf-token\"";
        return Some(SpecError::new(message).at(format!("secrets.{variable}")));
    }
    let env = service.env().keys().map(|name| ("env", name.as_str()));
    let secrets = service
        .secrets()
        .keys()
        .map(|name| ("secrets", name.as_str()));
    let not_secret = service
        .not_secret()
        .iter()
        .map(|name| ("not_secret", name.as_str()));
    let mut names = env.chain(secrets).chain(not_secret);
    let (at, _) = names.find(|(_, name)| value::has_secret(name))?;
    let message = "has the value of a secret where the name of a variable belongs: write the name";
    Some(SpecError::new(message).at(at))
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
        let inside = in_text(value, &is_known, DEPTH_MAX);
        if is_secret || inside.is_some() {
            let mut hit = Hit::new(Some(name.as_str()), value);
            // A text with more than the secret has a form as well.
            hit.is_known_form |= inside.is_some();
            return Some(Found {
                at: format!("env.{name}"),
                hit,
                is_variable: true,
                is_in_shell: false,
            });
        }
    }
    let first = service
        .entrypoint()
        .or(service.command())
        .and_then(|words| words.first());
    let has_shell = first.is_some_and(|word| is_shell(word));
    for (key, words) in service.commands() {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        if let Some((index, hit)) = in_words(&words, &is_known, DEPTH_MAX) {
            return Some(Found {
                at: format!("{key}[{index}]"),
                is_variable: false,
                is_in_shell: has_shell && hit.is_inside,
                hit,
            });
        }
    }
    None
}

/// Returns true for the path of a shell.
fn is_shell(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or_default();
    ["sh", "bash", "dash", "ash", "zsh"].contains(&name)
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

/// Looks for a secret in the words of a command. Returns it with the index of its word.
fn in_words(words: &[&str], is_known: &dyn Fn(&str) -> bool, depth: usize) -> Option<(usize, Hit)> {
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
        let as_whole = || is_secret(name.unwrap_or_default(), value).then(|| Hit::new(name, value));
        let as_part = || {
            let hit = in_text(value, is_known, depth)?;
            let is_inside = true;
            Some(Hit { is_inside, ..hit })
        };
        // The words of a script say more than the option before it. They say nothing in a password.
        let is_script = name.is_none_or(|name| name::says(name) == NameSays::Nothing);
        let hit = if is_script {
            as_part().or_else(as_whole)
        } else {
            as_whole().or_else(as_part)
        };
        if let Some(hit) = hit {
            return Some((index, hit));
        }
    }
    None
}

/// Looks for a secret in a text that may be a command, a list of settings or JSON.
fn in_text(text: &str, is_known: &dyn Fn(&str) -> bool, depth: usize) -> Option<Hit> {
    let depth = depth.checked_sub(1)?;
    let json = Some(text).filter(|text| text.trim_start().starts_with(['{', '[']));
    if let Some(json) = json.and_then(|text| serde_json::from_str(text).ok()) {
        return in_json("", &json, is_known);
    }
    let words = shlex::split(text).unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // A text of one word is looked into if it is an option or has settings. It would be split into itself for ever.
    let is_split = words.len() > 1 || text.starts_with('-');
    if let Some((_, hit)) = is_split
        .then(|| in_words(&words, is_known, depth))
        .flatten()
    {
        return Some(hit);
    }
    let settings = text.split(|c: char| c.is_whitespace() || ";&?,\"'".contains(c));
    for (name, value) in settings.filter_map(|setting| setting.split_once('=')) {
        if is_name(name) && !is_known(name) && is_secret(name, value) {
            return Some(Hit::new(Some(name), value));
        }
    }
    None
}

fn in_json(name: &str, json: &Json, is_known: &dyn Fn(&str) -> bool) -> Option<Hit> {
    match json {
        _ if is_known(name) => None,
        Json::String(text) => {
            is_secret(name, text).then(|| Hit::new(Some(name).filter(|name| is_name(name)), text))
        }
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
