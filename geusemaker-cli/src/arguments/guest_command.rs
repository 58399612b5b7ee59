//! A program of the user's that answers for a service in the sandbox: `ollama=./my-server --port {port}`.

use std::collections::BTreeMap;
use std::str::FromStr;

use geusemaker_core::spec::ServiceName;

/// A program that answers for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuestCommand {
    pub(crate) service: ServiceName,
    /// The program.
    first: String,
    arguments: Vec<String>,
}

impl GuestCommand {
    /// Returns the program and its arguments with `{port}`, `{instance}` and `{address}` filled in.
    pub(crate) fn words(&self, values: &BTreeMap<&str, String>) -> (String, Vec<String>) {
        let arguments = self.arguments.iter().map(|word| filled(word, values));
        (filled(&self.first, values), arguments.collect())
    }
}

fn filled(word: &str, values: &BTreeMap<&str, String>) -> String {
    values.iter().fold(word.to_owned(), |word, (name, value)| {
        word.replace(&format!("{{{name}}}"), value)
    })
}

/// Returns the first name in braces that would not be filled in.
fn unknown_placeholder(word: &str) -> Option<&str> {
    let mut parts = word.split('{').skip(1);
    parts.find_map(|part| {
        let (name, _) = part.split_once('}')?;
        let is_name = !name.is_empty() && name.bytes().all(|it| it.is_ascii_lowercase());
        (is_name && !["port", "instance", "address"].contains(&name)).then_some(name)
    })
}

impl FromStr for GuestCommand {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((service, command)) = text.split_once('=') else {
            return Err(
                "expected SERVICE=COMMAND, as in 'ollama=./my-server --port {port}'".into(),
            );
        };
        let service = service
            .parse()
            .map_err(|error: geusemaker_core::spec::SpecError| error.to_string())?;
        let Some(mut words) = shlex::split(command) else {
            return Err(format!(
                "{command:?} has a quote or a backslash without its end"
            ));
        };
        if words.is_empty() {
            return Err(
                "no command after the \"=\"; expected one such as ./my-server --port {port}".into(),
            );
        }
        for word in &words {
            if let Some(unknown) = unknown_placeholder(word) {
                return Err(format!(
                    "{{{unknown}}} is none of {{port}}, {{instance}} and {{address}}"
                ));
            }
        }
        Ok(Self {
            service,
            first: words.remove(0),
            arguments: words,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_is_filled_in() {
        let guest: GuestCommand = "ollama='./my server' --port {port} '{\"a\": \"{instance}\"}'"
            .parse()
            .unwrap();
        assert_eq!(guest.service.as_str(), "ollama");
        let values = [("port", "4000".to_owned()), ("instance", "i-1".to_owned())];
        let (program, arguments) = guest.words(&values.into());
        assert_eq!(program, "./my server");
        assert_eq!(arguments, ["--port", "4000", "{\"a\": \"i-1\"}"]);
    }

    #[test]
    fn wrong_command_says_what_is_right() {
        for (text, says) in [
            ("ollama", "expected SERVICE=COMMAND"),
            ("ollama=x {prot}", "{prot} is none of {port}"),
            ("=./server", "is not a service name"),
            ("Ollama=./server", "is not a service name"),
            ("ollama=", "no command after"),
            ("ollama=./server 'a", "without its end"),
        ] {
            let error = text.parse::<GuestCommand>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
