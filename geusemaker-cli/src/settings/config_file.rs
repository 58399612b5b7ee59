//! The user's file with settings.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use geusemaker_core::Stage;
use geusemaker_core::spec::Region;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::origin::{Origin, Setting, Shown};
use super::parse_choice;
use crate::arguments::{EndpointUrl, OnFailure, Output, StageTimeout};
use crate::failure::Failure;

/// The settings of the file, each with its line.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    /// None if there is no file.
    pub(super) path: Option<Arc<Path>>,
    pub(super) output: Option<Setting<Output>>,
    pub(super) state: Option<Setting<PathBuf>>,
    pub(super) on_failure: Option<Setting<OnFailure>>,
    pub(super) no_verify: Option<Setting<bool>>,
    pub(super) region: Option<Setting<Region>>,
    pub(super) profile: Option<Setting<String>>,
    pub(super) endpoint_url: Option<Setting<EndpointUrl>>,
    pub(super) timeouts: Vec<Setting<StageTimeout>>,
}

const KEYS: [&str; 8] = [
    "output",
    "state",
    "on_failure",
    "no_verify",
    "region",
    "profile",
    "endpoint_url",
    "timeout",
];

/// The largest file that is read, so that a device that never ends is refused.
const MOST_BYTES: u64 = 1024 * 1024;

impl ConfigFile {
    /// Reads the file that was asked for, or else the one in the user's folder, if there is one.
    pub(super) fn read(asked: Option<Setting<PathBuf>>) -> Result<Self, Failure> {
        let (path, asked) = match asked {
            Some(asked) => (asked.value, Some(asked.origin)),
            None => match default_path() {
                Some(path) => (path, None),
                None => return Ok(Self::default()),
            },
        };
        let text = match text_of(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && asked.is_none() => {
                return Ok(Self::default());
            }
            Err(error) => {
                let shown = Shown(&path);
                let message = match (error.kind(), asked) {
                    (ErrorKind::NotFound, Some(origin)) => {
                        format!("{origin}: there is no file {shown}")
                    }
                    _ => format!("{shown} cannot be read: {error}"),
                };
                let remedy = "name a file with settings, or /dev/null for none";
                return Err(Failure::usage(message).remedy(remedy));
            }
        };
        Reader {
            file: Arc::from(path),
            text: &text,
        }
        .settings()
    }
}

fn text_of(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    let mut limited = std::fs::File::open(path)?.take(MOST_BYTES + 1);
    limited.read_to_string(&mut text)?;
    if limited.limit() == 0 {
        return Err(std::io::Error::other("it has more than 1 MiB"));
    }
    Ok(text)
}

fn default_path() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CONFIG_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".config")))
        .map(|base| base.join("gm/config.toml"))
}

/// A file that is being read.
struct Reader<'t> {
    file: Arc<Path>,
    text: &'t str,
}

impl Reader<'_> {
    fn settings(&self) -> Result<ConfigFile, Failure> {
        let root = DeTable::parse(self.text).map_err(|error| {
            let line = error.span().map_or(1, |span| self.line_at(span.start));
            self.wrong(line, &format!("is not TOML: {}", error.message()))
        })?;
        let mut read = ConfigFile {
            path: Some(Arc::clone(&self.file)),
            ..ConfigFile::default()
        };
        for (key, value) in root.get_ref() {
            let line = self.line_at(key.span().start);
            match key.get_ref().as_ref() {
                "output" => read.output = Some(self.value(line, "output", value, parse_choice)?),
                "state" => {
                    let path = |text: &str| self.path(text);
                    read.state = Some(self.value(line, "state", value, path)?);
                }
                "on_failure" => {
                    read.on_failure = Some(self.value(line, "on_failure", value, parse_choice)?);
                }
                "no_verify" => read.no_verify = Some(self.switch(line, "no_verify", value)?),
                "region" => {
                    let region = |text: &str| super::parse_region(text);
                    read.region = Some(self.value(line, "region", value, region)?);
                }
                "profile" => {
                    let name = |text: &str| super::parse_profile(text);
                    read.profile = Some(self.value(line, "profile", value, name)?);
                }
                "endpoint_url" => {
                    let url = |text: &str| text.parse();
                    read.endpoint_url = Some(self.value(line, "endpoint_url", value, url)?);
                }
                "timeout" => read.timeouts = self.timeouts(line, value)?,
                unknown => return Err(self.unknown_key(line, unknown)),
            }
        }
        Ok(read)
    }

    fn timeouts(
        &self,
        line: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<Setting<StageTimeout>>, Failure> {
        let DeValue::Table(table) = value.get_ref() else {
            let message = "timeout: expected a table, as in [timeout] with cdn = \"1h\"";
            return Err(self.wrong(line, message));
        };
        let mut timeouts = Vec::new();
        for (key, value) in table {
            let line = self.line_at(key.span().start);
            let stage = key.get_ref().as_ref();
            if stage.parse::<Stage>().is_err() {
                let stages = Stage::ALL.map(Stage::as_str);
                let message = unknown(stage, "in [timeout]", &stages);
                return Err(self.wrong(line, &format!("timeout.{message}")));
            }
            let name = format!("timeout.{stage}");
            let parse = |limit: &str| format!("{stage}={limit}").parse();
            timeouts.push(self.value(line, &name, value, parse)?);
        }
        Ok(timeouts)
    }

    /// Returns the value of a key, which must be a text.
    fn value<T>(
        &self,
        line: usize,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Setting<T>, Failure> {
        let DeValue::String(text) = value.get_ref() else {
            let message = format!("{key}: expected a text in quotation marks");
            return Err(self.wrong(line, &message));
        };
        match parse(text) {
            Ok(value) => {
                let file = Arc::clone(&self.file);
                Ok(Setting::new(value, Origin::File { file, line }))
            }
            Err(why) => Err(self.wrong(line, &format!("{key}: {why}"))),
        }
    }

    /// Returns the value of a key, which must be true or false.
    fn switch(
        &self,
        line: usize,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Setting<bool>, Failure> {
        let DeValue::Boolean(value) = value.get_ref() else {
            return Err(self.wrong(line, &format!("{key}: expected true or false")));
        };
        let file = Arc::clone(&self.file);
        Ok(Setting::new(*value, Origin::File { file, line }))
    }

    /// Reads a path: from the home directory if it begins with `~/`, and otherwise from the folder of the file.
    fn path(&self, text: &str) -> Result<PathBuf, String> {
        if text.is_empty() {
            return Err("expected a directory".to_owned());
        }
        if text.contains("://") {
            return Ok(text.into());
        }
        if let Some(rest) = text.strip_prefix("~/") {
            let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
            let home = home.ok_or("HOME is not set: write the whole path")?;
            return Ok(PathBuf::from(home).join(rest));
        }
        Ok(self.file.parent().unwrap_or(Path::new(".")).join(text))
    }

    fn unknown_key(&self, line: usize, key: &str) -> Failure {
        if key == "sandbox" {
            let message = "sandbox: is no setting of this file, so that every command shows which account it works on: give \
                           --sandbox, or set GM_SANDBOX";
            return self.wrong(line, message);
        }
        self.wrong(line, &unknown(key, "", &KEYS))
    }

    fn wrong(&self, line: usize, message: &str) -> Failure {
        Failure::usage(format!("{}:{line}: {message}", Shown(&self.file)))
    }

    fn line_at(&self, offset: usize) -> usize {
        let before = self.text.bytes().take(offset);
        before.filter(|byte| *byte == b'\n').count() + 1
    }
}

/// Returns the message about an unknown key, with the nearest of the allowed ones first.
fn unknown(key: &str, place: &str, allowed: &[&str]) -> String {
    let mut allowed = allowed.to_vec();
    allowed.sort_by_key(|name| strsim::damerau_levenshtein(name, key));
    let near = allowed.first().filter(|near| {
        let distance = strsim::damerau_levenshtein(near, key);
        distance <= 2.max(key.len() / 4)
    });
    let question = near.map_or_else(String::new, |near| format!(" did you mean {near}?"));
    let space = if place.is_empty() { "" } else { " " };
    format!(
        "{key}: unknown key{space}{place};{question} allowed are {}",
        allowed.join(", ")
    )
}
