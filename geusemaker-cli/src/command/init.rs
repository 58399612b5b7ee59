//! `gm init`: writes a spec with comments, to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use clap::ValueEnum as _;
use clap::builder::PossibleValue;
use geusemaker_core::DeploymentSpec;
use geusemaker_core::spec::Region;

use crate::arguments::{Init, Template};
use crate::confirm::is_terminal;
use crate::document::Document;
use crate::failure::Failure;

impl Template {
    /// Returns the text of the template.
    const fn text(self) -> &'static str {
        match self {
            Self::Ollama => include_str!("../../templates/ollama.toml"),
            Self::Vllm => include_str!("../../templates/vllm.toml"),
            Self::Comfyui => include_str!("../../templates/comfyui.toml"),
            Self::AiStack => include_str!("../../templates/ai-stack.toml"),
        }
    }

    /// Returns the name and the description, as the help of the option has them.
    fn words(self) -> (String, String) {
        // No template is hidden.
        let words = self
            .to_possible_value()
            .unwrap_or_else(|| PossibleValue::new(""));
        let description = words.get_help().map(ToString::to_string);
        (words.get_name().to_owned(), description.unwrap_or_default())
    }
}

/// The values of a template that the user can change.
const KEYS: [&str; 4] = ["name", "region", "tier", "instance_type"];

pub(crate) fn run(init: &Init, region: Option<&Region>) -> Result<Document, Failure> {
    let file = &init.file;
    if file.exists() && !init.force {
        return Err(exists(file));
    }
    let asks = !init.yes && is_terminal();
    let template = match init.template {
        Some(template) => template,
        None if asks => ask_for_template()?,
        None if init.yes => Template::Ollama,
        None => {
            return Err(Failure::usage(
                "gm init asks questions, and there is no terminal to ask on: give --template and --yes",
            ));
        }
    };
    let mut text = template.text().to_owned();
    let given = [
        init.name.as_ref().map(ToString::to_string),
        region.map(ToString::to_string),
        init.tier.map(|tier| tier.to_string()),
        init.instance_type.clone(),
    ];
    let (given, open): (Vec<_>, Vec<_>) = KEYS
        .into_iter()
        .zip(given)
        .partition(|(_, given)| given.is_some());
    for (key, given) in given {
        text = changed(&text, key, &given.unwrap_or_default());
    }
    let mut spec = DeploymentSpec::from_toml(&text)
        .map_err(|error| Failure::before(&error.into()).state("nothing was written"))?;
    for (key, _) in open.into_iter().filter(|_| asks) {
        (text, spec) = ask_for_value(text, spec, key)?;
    }
    write(file, &text, init.force)?;
    let shown = file.display();
    let (template, description) = template.words();
    Ok(Document::ok()
        .member("file", file)
        .member("template", template)
        .member("name", spec.name())
        .line(format!(
            "{shown} written: {}, tier {} ({})",
            spec.name(),
            spec.tier().number(),
            description
        ))
        .line(format!("next: gm plan{}", argument(file))))
}

fn write(file: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    match force {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let written = options
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(file),
        _ => Failure::local(format!("{} cannot be written: {error}", file.display())),
    })
}

fn exists(file: &Path) -> Failure {
    Failure::usage(format!("{} exists already", file.display()))
        .remedy("name another file, or write over it with --force")
}

/// Returns the argument with which commands read the file: nothing for the default.
fn argument(file: &Path) -> String {
    match file.to_str() {
        Some("gm.toml") => String::new(),
        _ => format!(" {}", file.display()),
    }
}

/// Returns the value of a key, without its quotes.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| assigned(line, key))?;
    let line = line.split('#').next().unwrap_or(line).trim();
    Some(line.trim_matches('"'))
}

/// Returns what a line assigns to a key.
fn assigned<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(key)?.trim_start();
    rest.strip_prefix('=').map(str::trim_start)
}

/// Returns the template with another value for the key, also in the commands of its comments.
fn with_value(text: &str, key: &str, before: &str, after: &str) -> String {
    let mut is_done = false;
    let lines = text.lines().map(|line| {
        if !is_done && let Some(assigned) = assigned(line, key) {
            is_done = true;
            let before_value = &line[..line.len() - assigned.len()];
            return format!("{before_value}{}", assigned.replacen(before, after, 1));
        }
        if key == "name" && line.starts_with('#') {
            return line.replace(&format!("gm exec {before} "), &format!("gm exec {after} "));
        }
        line.to_owned()
    });
    let mut text: String = lines.map(|line| line + "\n").collect();
    // The description of the type is that of the template's.
    if key == "instance_type" {
        text = without_comment(&text, after);
    }
    text
}

/// Removes the comment from the line with the instance type.
fn without_comment(text: &str, instance_type: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match assigned(line, "instance_type") {
            Some(_) => format!("instance_type = \"{instance_type}\"\n"),
            None => format!("{line}\n"),
        });
    lines.collect()
}

/// Returns the text with another value. An instance type is no longer among those that are tried after it.
fn changed(text: &str, key: &str, to: &str) -> String {
    let from = value(text, key).unwrap_or_default().to_owned();
    let text = with_value(text, key, &from, to);
    match key {
        "instance_type" => without_fallback(&text, to),
        _ => text,
    }
}

fn without_fallback(text: &str, instance_type: &str) -> String {
    let quoted = format!("\"{instance_type}\"");
    let lines = text.lines().filter_map(|line| {
        if assigned(line, "fallback").is_none() || !line.contains(&quoted) {
            return Some(format!("{line}\n"));
        }
        let less = line.replace(&format!("{quoted}, "), "");
        let less = less.replace(&format!(", {quoted}"), "");
        (less != line).then(|| format!("{less}\n"))
    });
    lines.collect()
}

/// Asks for a value until it is a right one; an empty answer leaves the present one.
fn ask_for_value(
    text: String,
    spec: DeploymentSpec,
    key: &str,
) -> Result<(String, DeploymentSpec), Failure> {
    let usual = value(&text, key).unwrap_or_default();
    let question = format!("{} [{usual}]: ", key.replace('_', " "));
    loop {
        let answer = ask(&question)?;
        if answer.is_empty() {
            return Ok((text, spec));
        }
        let changed = changed(&text, key, &answer);
        match DeploymentSpec::from_toml(&changed) {
            Ok(spec) => return Ok((changed, spec)),
            Err(error) => eprintln!("  {}", error.message()),
        }
    }
}

fn ask_for_template() -> Result<Template, Failure> {
    let all = Template::value_variants();
    for (number, template) in (1..).zip(all) {
        let (name, description) = template.words();
        eprintln!("  {number}  {name:<9} {description}");
    }
    loop {
        let answer = ask("template [1]: ")?;
        if answer.is_empty() {
            return Ok(Template::Ollama);
        }
        let by_number = answer.parse::<usize>().ok();
        let by_number = by_number.and_then(|number| all.get(number.checked_sub(1)?).copied());
        match by_number.or_else(|| Template::from_str(&answer, false).ok()) {
            Some(template) => return Ok(template),
            None => eprintln!("  {answer:?} is no template: give a number or a name of the list"),
        }
    }
}

/// Asks for a line on the terminal; an end of the input declines.
fn ask(question: &str) -> Result<String, Failure> {
    eprint!("{question}");
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(0) | Err(_) => {
            eprintln!();
            Err(Failure::declined())
        }
        Ok(_) => Ok(line.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_the_examples() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        // A package has no examples beside it.
        if !examples.is_dir() {
            return;
        }
        for (template, example) in
            Template::value_variants()
                .iter()
                .zip(["ollama-webui", "vllm", "comfyui", "n8n"])
        {
            let example = examples.join(example).with_extension("toml");
            assert_eq!(std::fs::read_to_string(example).unwrap(), template.text());
        }
    }

    #[test]
    fn changed_template_is_valid_spec() {
        for template in Template::value_variants() {
            let mut text = template.text().to_owned();
            for (key, after) in KEYS
                .into_iter()
                .zip(["mine", "eu-west-1", "3", "g6e.xlarge"])
            {
                let before = value(&text, key).unwrap().to_owned();
                text = with_value(&text, key, &before, after);
            }
            let spec = DeploymentSpec::from_toml(&text).unwrap();
            assert_eq!(spec.name().as_str(), "mine");
            assert_eq!(spec.region().unwrap().as_str(), "eu-west-1");
            assert_eq!(spec.tier().number(), 3);
            assert_eq!(spec.compute().instance_type().name(), "g6e.xlarge");
            assert!(!text.contains("gm exec ollama-webui"), "{text}");
        }
    }

    /// The types that are tried later are different from the one that is chosen.
    #[test]
    fn listed_instance_type_can_be_chosen() {
        for template in Template::value_variants() {
            let spec = DeploymentSpec::from_toml(template.text()).unwrap();
            for chosen in spec.compute().fallback() {
                let text = changed(template.text(), "instance_type", chosen.name());
                let spec = DeploymentSpec::from_toml(&text).unwrap();
                assert_eq!(spec.compute().instance_type(), chosen);
            }
        }
        let one = "instance_type = \"a\"\nfallback = [\"b\"] # else\nmarket = \"spot\"\n";
        let text = changed(one, "instance_type", "b");
        assert_eq!(text, "instance_type = \"b\"\nmarket = \"spot\"\n");
    }
}
