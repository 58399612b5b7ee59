//! Variables in the texts of a spec: `${NAME}` and `${NAME:-default}`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::error::SpecError;
use super::plain_secret;
use super::text::validated_text;
use super::toml_document::{Document, Step, TextAt};

validated_text! {
    /// The name of a variable in a spec: letters, digits and `_`, not starting with a digit.
    ///
    /// ```
    /// use geusemaker_core::spec::VariableName;
    ///
    /// assert!("STAGE".parse::<VariableName>().is_ok());
    /// assert!("my-stage".parse::<VariableName>().is_err());
    /// ```
    VariableName, check_name
}

/// Checks a name. The text may be a value at the wrong place, so that the error does not repeat it.
fn check_name(text: &str) -> Result<(), String> {
    let (name, rest) = word(text);
    if !name.is_empty() && rest.is_empty() {
        return Ok(());
    }
    let message = "expected the name of a variable: letters, digits and _, not starting with a digit, as in STAGE";
    Err(message.to_owned())
}

/// The values of the variables in a spec, for [`DeploymentSpec::from_file_with`](super::DeploymentSpec::from_file_with)
/// and the functions beside it.
///
/// `${NAME}` stands for a value wherever the file has a text as a value, and never in a key. `${NAME:-text}` has a
/// default for a variable that is not set or is empty, `${NAME-text}` for one that is not set. `$${` stands for `${`
/// itself, and a `$` before anything else for itself. A value cannot change the structure of the file. Where the whole
/// text is one variable, it can be a number or a boolean as well, if the field wants one: `count = "${COUNT}"`.
///
/// No secret comes from a variable: the tables with the places of secrets have no variables, and a variable whose name
/// or value is that of a secret is an error.
///
/// ```
/// use geusemaker_core::spec::{DeploymentSpec, SpecVariables};
///
/// let text = "name = 'llm-${STAGE}'\ntier = 1\n\
///             [compute]\ninstance_type = '${TYPE:-g5.xlarge}'\ncount = '${COUNT}'";
/// let variables = SpecVariables::new()
///     .set("STAGE".parse()?, "test")
///     .set("COUNT".parse()?, "2");
/// let spec = DeploymentSpec::from_toml_with(text, &variables)?;
/// assert_eq!(spec.name().as_str(), "llm-test");
/// assert_eq!(spec.compute().count(), 2);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SpecVariables {
    set: BTreeMap<VariableName, String>,
    reads_environment: bool,
}

/// The names alone: a value may be a secret that was given by mistake.
impl fmt::Debug for SpecVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.set.keys().map(VariableName::as_str).collect();
        f.debug_struct("SpecVariables")
            .field("set", &names)
            .field("reads_environment", &self.reads_environment)
            .finish()
    }
}

impl SpecVariables {
    /// Returns no variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the variables of the environment of this process.
    #[must_use]
    pub fn from_environment() -> Self {
        Self {
            set: BTreeMap::new(),
            reads_environment: true,
        }
    }

    /// Sets a variable, before the one of the environment. A spec that does not use it is an error.
    #[must_use]
    pub fn set(mut self, name: VariableName, value: impl Into<String>) -> Self {
        self.set.insert(name, value.into());
        self
    }

    /// Returns the texts of a document that have variables, with their values.
    pub(super) fn replace_in(&self, document: &Document<'_>) -> Result<Vec<Replaced>, SpecError> {
        let (mut replaced, mut errors, mut used) = (Vec::new(), Vec::new(), BTreeSet::new());
        for TextAt { steps, text } in document.texts() {
            if !text.contains("${") {
                continue;
            }
            let path = path(&steps);
            let result = match is_place_of_secret(&path) {
                true => Err(OF_SECRETS.to_owned()),
                false => self.replace(text, &mut used),
            };
            match result {
                Ok((value, is_whole)) => replaced.push(Replaced {
                    steps,
                    path,
                    value,
                    is_whole,
                }),
                Err(message) => errors.push(SpecError::new(message).at(path)),
            }
        }
        // A misspelled variable is named already where it is used.
        if errors.is_empty() {
            errors.extend(self.unused(&used));
        }
        match SpecError::of_all(errors) {
            Some(error) => Err(error),
            None => Ok(replaced),
        }
    }

    /// Replaces the variables of a text. Returns true as well if the whole text is one variable.
    fn replace(&self, text: &str, used: &mut BTreeSet<String>) -> Result<(String, bool), String> {
        let mut replaced = String::new();
        let mut rest = text;
        let mut is_whole = false;
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                replaced += before;
                replaced += "${";
                rest = after;
                continue;
            }
            let Some((expression, after)) = after.split_once('}') else {
                return Err(
                    "has a \"${\" without a \"}\": add it, or write \"$${\" for the sign itself"
                        .to_owned(),
                );
            };
            is_whole = before.is_empty() && after.is_empty() && rest.len() == text.len();
            replaced += before;
            replaced += &self.value(expression, used)?;
            rest = after;
        }
        Ok((replaced + rest, is_whole))
    }

    /// Returns the value of the expression between `${` and `}`.
    fn value(&self, expression: &str, used: &mut BTreeSet<String>) -> Result<String, String> {
        let (name, rest) = word(expression);
        let default = match rest.strip_prefix(":-") {
            Some(default) => Default::IfEmpty(default),
            None => match rest.strip_prefix('-') {
                Some(default) => Default::IfUnset(default),
                None => Default::None,
            },
        };
        let is_known_form = rest.is_empty() || !matches!(default, Default::None);
        if name.is_empty() || !is_known_form {
            return Err(
                "has a \"${\" that begins neither ${NAME} nor ${NAME:-default}: write \"$${\" for the sign itself"
                    .to_owned(),
            );
        }
        if rest.contains("${") {
            return Err(format!(
                "has a variable in the default of {name}: write a text there"
            ));
        }
        used.insert(name.to_owned());
        let value = self.look_up(name)?;
        let value = match (value, default) {
            (Some(value), Default::IfEmpty(default)) if value.is_empty() => default.to_owned(),
            (Some(value), _) => value,
            (None, Default::IfEmpty(default) | Default::IfUnset(default)) => default.to_owned(),
            // Nobody is told to export a secret.
            (None, Default::None) if plain_secret::is_secret_of_variable(name, "any value") => {
                return Err(of_secret(name));
            }
            (None, Default::None) => return Err(self.not_set(name)),
        };
        if plain_secret::is_secret_of_variable(name, &value) {
            return Err(of_secret(name));
        }
        Ok(value)
    }

    fn look_up(&self, name: &str) -> Result<Option<String>, String> {
        let set = self.set.iter().find(|(set, _)| set.as_str() == name);
        if let Some((_, value)) = set {
            return Ok(Some(value.clone()));
        }
        if !self.reads_environment {
            return Ok(None);
        }
        match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(format!("needs the variable {name}, which is not UTF-8"))
            }
        }
    }

    fn not_set(&self, name: &str) -> String {
        let near = nearest(name, self.set.keys().map(VariableName::as_str));
        let near = near.map_or_else(String::new, |near| format!(" ({near} is set)"));
        let export = match self.reads_environment {
            true => format!(" or export {name}"),
            false => String::new(),
        };
        format!(
            "needs the variable {name}, which is not set{near}: give --var {name}=VALUE{export}, write a default as in \
             ${{{name}:-value}}, or write $${{ for the sign itself"
        )
    }

    /// Returns an error for each variable that was set for nothing.
    fn unused(&self, used: &BTreeSet<String>) -> Vec<SpecError> {
        let unused = self.set.keys().filter(|name| !used.contains(name.as_str()));
        let error = |name: &VariableName| {
            let near = nearest(name.as_str(), used.iter().map(String::as_str));
            SpecError::new(match near {
                Some(near) => {
                    format!("no text has the variable {name} of --var; did you mean {near}?")
                }
                None => format!(
                    "no text has the variable {name} of --var: leave it out, or write ${{{name}}} where it belongs"
                ),
            })
        };
        unused.map(error).collect()
    }
}

/// The text for a variable without a value.
#[derive(Clone, Copy)]
enum Default<'a> {
    None,
    IfUnset(&'a str),
    IfEmpty(&'a str),
}

/// A text whose variables are replaced.
pub(super) struct Replaced {
    pub(super) steps: Vec<Step>,
    /// The path, as errors have it.
    pub(super) path: String,
    pub(super) value: String,
    /// True if the whole text is one variable, which may stand for a number.
    pub(super) is_whole: bool,
}

const OF_SECRETS: &str = "is the place of a secret, in which no variable is replaced: write the place itself, as in \
                          \"ssm:/llm/hf-token\"";

/// Returns true for the path of a text that says where a secret is.
fn is_place_of_secret(path: &str) -> bool {
    let of_service = path
        .strip_prefix("service[")
        .and_then(|rest| rest.split_once("]."))
        .is_some_and(|(_, key)| key.starts_with("secrets."));
    of_service || path.starts_with("compose.secrets.") || path == "load_balancer.auth.client_secret"
}

/// Returns the path that errors have for a place.
fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) if path.is_empty() => path += key,
            Step::Key(key) => path += &format!(".{key}"),
            Step::Index(index) => path += &format!("[{index}]"),
        }
    }
    path
}

/// Splits the text after the name of a variable that it begins with.
fn word(text: &str) -> (&str, &str) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return ("", text);
    }
    text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

/// Returns the name that was probably meant.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distances = names.map(|near| (strsim::damerau_levenshtein(name, near), near));
    let (distance, near) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= 2.min(name.len() / 2)).then_some(near)
}

fn of_secret(name: &str) -> String {
    format!(
        "would take the value of a secret from the variable {name}, and everybody who may describe the instances can read \
         a spec: keep the secret in AWS, and write its place below the service, as in \
         secrets = {{ HF_TOKEN = \"ssm:/llm/hf-token\" }}; for a variable that a shell in the container replaces, write \
         $${{{name}}}"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::DeploymentSpec;

    const BASE: &str = "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\n";

    fn variables(set: &[(&str, &str)]) -> SpecVariables {
        let none = SpecVariables::new();
        set.iter().fold(none, |all, (name, value)| {
            all.set(name.parse().unwrap(), *value)
        })
    }

    fn replaced(text: &str) -> Result<String, String> {
        let variables = variables(&[("TAG", "v1"), ("EMPTY", "")]);
        let (value, _) = variables.replace(text, &mut BTreeSet::new())?;
        Ok(value)
    }

    fn refused(text: &str, set: &[(&str, &str)]) -> String {
        let read = DeploymentSpec::from_toml_with(&format!("{BASE}{text}"), &variables(set));
        let error = read.unwrap_err();
        let all = std::iter::once(&error).chain(error.others());
        let all: Vec<_> = all.map(ToString::to_string).collect();
        all.join("\n")
    }

    #[test]
    fn variables_are_replaced() {
        for (text, wanted) in [
            ("a", "a"),
            ("image:${TAG}", "image:v1"),
            ("${TAG}${TAG}", "v1v1"),
            ("$TAG $$ 5$", "$TAG $$ 5$"),
            ("$${TAG}", "${TAG}"),
            ("$$${TAG} ${TAG}", "$${TAG} v1"),
            ("${EMPTY}", ""),
            ("${EMPTY:-x}${EMPTY-x}", "x"),
            ("${NONE:-a:b}${NONE-c-d}${NONE:-}", "a:bc-d"),
            ("${TAG:-x}", "v1"),
        ] {
            assert_eq!(replaced(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn wrong_expressions_say_what_is_right() {
        for (text, wanted) in [
            ("${TAG", "without a \"}\": add it"),
            ("${}", "neither ${NAME} nor ${NAME:-default}"),
            ("${1A}", "neither ${NAME} nor ${NAME:-default}"),
            ("${TAG:?set it}", "neither ${NAME} nor ${NAME:-default}"),
            ("${A:-${TAG}}", "has a variable in the default of A"),
            (
                "${TGA}",
                "needs the variable TGA, which is not set (TAG is set): give --var TGA=VALUE",
            ),
        ] {
            let error = replaced(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }

    #[test]
    fn whole_text_may_be_number() {
        let text = format!(
            "{BASE}compute.count = '${{COUNT}}'\ncompute.gpu_check = '${{CHECK}}'\n[[service]]\nname = 'a'\n\
             image = 'a'\nport = '${{PORT}}'\ngpus = '${{GPUS:-1}}'\nenv = {{ ZIP = '${{ZIP}}' }}\n"
        );
        let set = [
            ("COUNT", "2"),
            ("CHECK", "false"),
            ("PORT", "8000"),
            ("ZIP", "007"),
        ];
        let spec = DeploymentSpec::from_toml_with(&text, &variables(&set)).unwrap();
        assert_eq!(spec.compute().count(), 2);
        assert!(!spec.compute().gpu_check());
        let service = &spec.services()[0];
        assert_eq!(service.port(), Some(8000.into()));
        assert_eq!(service.env().values().next().unwrap(), "007");
        // A text that is a number is no number.
        let error = refused("compute.count = '2'", &[]);
        assert!(error.contains("invalid type: string \"2\""), "{error}");
        let error = refused("compute.count = '${N}'", &[("N", "many")]);
        assert!(error.contains("invalid type: string \"many\""), "{error}");
        let error = refused("compute.count = '${N}'", &[("N", "99")]);
        assert!(
            error.starts_with("line 4: compute.count: must be 1 to 20, not 99"),
            "{error}"
        );
    }

    /// All of them are found at once, each at its own line.
    #[test]
    fn missing_variables_have_their_lines() {
        let error = refused(
            "[compute.x]\n[[service]]\nname = 'a'\nimage = 'a:${TAG}'\ncommand = [\n'a',\n'${ARG}']",
            &[],
        );
        let lines: Vec<_> = error.lines().collect();
        assert_eq!(lines.len(), 2, "{error}");
        assert!(
            lines[0].starts_with("line 7: service[0].image: needs the variable TAG,"),
            "{error}"
        );
        assert!(
            lines[1].starts_with("line 10: service[0].command[1]: needs the variable ARG,"),
            "{error}"
        );
    }

    #[test]
    fn value_is_never_syntax() {
        let hostile = "a'\ntier = 3\nx = '";
        let error = refused("region = '${R}'", &[("R", hostile)]);
        assert!(error.contains("is not a Region"), "{error}");
    }

    #[test]
    fn keys_with_dots_are_found() {
        let text = format!(
            "{BASE}[[service]]\nname = 'a'\nport = 80\nimage = 'a'\nenv = {{ 'discovery.type' = '${{KIND}}' }}"
        );
        let set = variables(&[("KIND", "single")]);
        let spec = DeploymentSpec::from_toml_with(&text, &set).unwrap();
        assert_eq!(spec.services()[0].env().values().next().unwrap(), "single");
    }

    #[test]
    fn unused_variable_has_near_miss() {
        let error = refused(
            "region = '${REGION:-us-east-1}'",
            &[("REGOIN", "eu-west-1")],
        );
        assert_eq!(
            error,
            "no text has the variable REGOIN of --var; did you mean REGION?"
        );
        let error = refused("", &[("TAG", "v1")]);
        assert!(error.contains("leave it out, or write ${TAG}"), "{error}");
    }

    #[test]
    fn secrets_come_from_no_variable() {
        let service = "[[service]]\nname = 'a'\nport = 80\nimage = 'a'\n";
        let planted = "hf_PLANTEDplantedPLANTEDplanted00";
        for (text, name, value) in [
            ("env = { A = '${HF_TOKEN}' }", "HF_TOKEN", "PLANTED"),
            ("env = { A = '${KEY}' }", "KEY", "PLANTED"),
            ("command = ['${DB_PASSWORD:-PLANTED}']", "OTHER", ""),
            ("command = ['--revision', '${X}']", "X", planted),
            ("env = { HF_TOKEN = '${X}' }", "X", "PLANTED"),
            ("secrets = { HF_TOKEN = 'ssm:/${X}/t' }", "X", "PLANTED"),
        ] {
            let error = refused(&format!("{service}{text}"), &[(name, value)]);
            assert!(error.contains("ssm:"), "{text}: {error}");
            assert!(!error.contains("PLANTED"), "{text}: {error}");
            assert!(error.starts_with("line 8: service[0]."), "{text}: {error}");
        }
        // They are about tokens, and are numbers.
        let text = format!("{BASE}{service}command = ['${{MAX_TOKENS}}', '${{TOKEN_OVERLAP}}']");
        let set = variables(&[("MAX_TOKENS", "512"), ("TOKEN_OVERLAP", "16")]);
        DeploymentSpec::from_toml_with(&text, &set).unwrap();
    }

    /// The plain functions have no variables: a spec means the same everywhere.
    #[test]
    fn plain_text_keeps_its_signs() {
        let text =
            format!("{BASE}[[service]]\nname = 'a'\nport = 80\nimage = 'a'\ncommand = ['${{A}}']");
        let spec = DeploymentSpec::from_toml(&text).unwrap();
        let with = DeploymentSpec::from_toml_with(&text.replace("${A}", "$${A}"), &variables(&[]));
        assert_eq!(with.unwrap(), spec);
    }

    proptest! {
        #[test]
        fn text_without_variables_is_kept(text in "([^$]|[$][^$\\{])*") {
            prop_assert_eq!(replaced(&text), Ok(text));
        }

        #[test]
        fn replacing_never_panics(text in "([a-zé]|[$]|[{}:-])*") {
            let _ = replaced(&text);
        }
    }
}
