//! The settings, each from the highest layer that has it: an option, a `GM_` variable, the user's `config.toml`, or the
//! default. What a spec or the AWS environment says has its place where it is read; `docs/configuration.md` has all of it.

mod config_file;
mod origin;
mod variable;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use geusemaker_core::Stage;
use geusemaker_core::spec::Region;

use self::config_file::ConfigFile;
pub(crate) use self::origin::{Origin, Setting, Shown};
use crate::arguments::{Arguments, Command, EndpointUrl, OnFailure, Output, StageTimeout};
use crate::failure::Failure;

/// The settings of a command.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The file with settings, if there is one.
    pub(crate) file: Option<Arc<Path>>,
    pub(crate) output: Setting<Output>,
    pub(crate) sandbox: Setting<bool>,
    pub(crate) quiet: Setting<bool>,
    pub(crate) verbose: Setting<u8>,
    pub(crate) state: Option<Setting<PathBuf>>,
    pub(crate) region: Option<Setting<Region>>,
    pub(crate) profile: Option<Setting<String>>,
    pub(crate) endpoint_url: Option<Setting<EndpointUrl>>,
    pub(crate) on_failure: Option<Setting<OnFailure>>,
    /// True if a deployment ends without a verification.
    pub(crate) no_verify: Setting<bool>,
    /// At most one for each stage.
    pub(crate) timeouts: Vec<Setting<StageTimeout>>,
}

impl Settings {
    /// Finds the settings for a command line.
    ///
    /// # Errors
    /// Returns the failure for a value that is wrong, even if a higher layer has another one.
    pub(crate) fn resolve(arguments: &Arguments) -> Result<Self, Failure> {
        let global = &arguments.global;
        let (mut on_failure, mut no_verify, mut timeouts) = (None, false, &[][..]);
        if let Command::Stack(command) = &arguments.command {
            on_failure = command.on_failure();
            no_verify = command.no_verify();
            timeouts = command.timeouts();
        }
        let asked = global
            .config
            .clone()
            .filter(|path| !path.as_os_str().is_empty());
        let asked = flag(asked, "--config").or_else(|| {
            let path = variable::raw("GM_CONFIG").map(PathBuf::from)?;
            Some(Setting::new(path, Origin::Variable("GM_CONFIG")))
        });
        let file = ConfigFile::read(asked)?;
        let output = highest(
            flag(global.output, "--output"),
            variable::read("GM_OUTPUT", parse_choice)?,
            file.output,
        );
        let state = global.state.clone().filter(|path| !path.is_empty());
        let state = state.map(PathBuf::from);
        let state_variable = variable::raw("GM_STATE").map(PathBuf::from);
        let settings = Self {
            file: file.path,
            output: or_default(output),
            sandbox: or_default(highest(
                flag(global.sandbox.then_some(true), "--sandbox"),
                variable::read("GM_SANDBOX", variable::switch)?
                    .filter(|_| !arguments.command.serves()),
                None,
            )),
            quiet: or_default(highest(
                flag(global.quiet.then_some(true), "--quiet"),
                variable::read("GM_QUIET", variable::switch)?,
                None,
            )),
            verbose: or_default(highest(
                flag(Some(global.verbose).filter(|count| *count > 0), "--verbose"),
                variable::read("GM_VERBOSE", parse_verbose)?,
                None,
            )),
            state: highest(
                flag(state, "--state"),
                state_variable.map(|path| Setting::new(path, Origin::Variable("GM_STATE"))),
                file.state,
            ),
            region: highest(
                flag(global.region.clone(), "--region"),
                variable::read("GM_REGION", parse_region)?,
                file.region,
            ),
            profile: highest(
                flag(global.profile.clone(), "--profile"),
                variable::read("GM_PROFILE", parse_profile)?,
                file.profile,
            ),
            endpoint_url: highest(
                flag(global.endpoint_url.clone(), "--endpoint-url"),
                variable::read("GM_ENDPOINT_URL", str::parse)?,
                file.endpoint_url,
            ),
            on_failure: highest(
                flag(on_failure, "--on-failure"),
                variable::read("GM_ON_FAILURE", parse_choice)?,
                file.on_failure,
            ),
            no_verify: or_default(highest(
                flag(no_verify.then_some(true), "--no-verify"),
                variable::read("GM_NO_VERIFY", variable::switch)?,
                file.no_verify,
            )),
            timeouts: stage_timeouts(timeouts, file.timeouts)?,
        };
        settings.checked()
    }

    /// Refuses what the sandbox does not have, if the command line asks for both. Variables and files are for accounts
    /// outside the sandbox, which leaves them out, as it does `AWS_PROFILE`.
    fn checked(mut self) -> Result<Self, Failure> {
        if !self.sandbox.value {
            return Ok(self);
        }
        let profile = self.profile.take().filter(Setting::is_of_flag);
        let endpoint = self.endpoint_url.take().filter(Setting::is_of_flag);
        let asked = profile.map(|it| it.origin).or(endpoint.map(|it| it.origin));
        match asked {
            None => Ok(self),
            Some(option) => {
                let sandbox = &self.sandbox.origin;
                let message = format!(
                    "{option} is for accounts of AWS, and {sandbox} chooses the simulated account"
                );
                let remedy = format!("leave out {option} or {sandbox}");
                Err(Failure::usage(message).remedy(remedy))
            }
        }
    }

    /// Returns the format of the output for an error before the settings are known, as far as it can be found out.
    pub(crate) fn output_without_arguments(flag: Option<&str>) -> Output {
        let from_environment = || std::env::var("GM_OUTPUT").ok().filter(|it| !it.is_empty());
        let text = flag.map(str::to_owned).or_else(from_environment);
        match text {
            Some(text) => parse_choice(&text).unwrap_or_default(),
            None => {
                let file = variable::raw("GM_CONFIG").map(PathBuf::from);
                let file = file.map(|path| Setting::new(path, Origin::Variable("GM_CONFIG")));
                let read = ConfigFile::read(file).unwrap_or_default();
                read.output.map(|it| it.value).unwrap_or_default()
            }
        }
    }

    /// Returns the Region that comes before that of a spec.
    pub(crate) fn region_before_spec(&self) -> Option<&Setting<Region>> {
        self.region.as_ref().filter(|region| region.is_asked_for())
    }

    /// Returns the Region of the command line.
    pub(crate) fn region_of_flag(&self) -> Option<&Region> {
        let region = self.region.as_ref().filter(|region| region.is_of_flag());
        region.map(|region| &region.value)
    }

    /// Returns the action after a failure, if it can work here: `ask` needs a terminal.
    pub(crate) fn on_failure(&self) -> Result<Option<OnFailure>, Failure> {
        let Some(Setting { value, origin }) = &self.on_failure else {
            return Ok(None);
        };
        if *value == OnFailure::Ask && !std::io::stdin().is_terminal() {
            let asked = match origin {
                Origin::Flag(option) => format!("{option} ask"),
                Origin::Variable(name) => format!("{name}=ask"),
                Origin::File { .. } | Origin::Default => {
                    format!("on_failure = \"ask\" of {origin}")
                }
            };
            return Err(Failure::usage(format!(
                "{asked} needs a terminal: give --on-failure rollback or keep"
            )));
        }
        Ok(Some(*value))
    }

    /// Returns the options that lead a later command to the same account and journals.
    pub(crate) fn options_of_place(&self) -> String {
        let mut options = String::new();
        if self.sandbox.value {
            options += " --sandbox";
        }
        if let Some(state) = self.state.as_ref().filter(|it| it.is_of_flag()) {
            options += &format!(" --state {}", quoted(&state.value.to_string_lossy()));
        }
        if let Some(profile) = self.profile.as_ref().filter(|it| it.is_of_flag()) {
            options += &format!(" --profile {}", quoted(&profile.value));
        }
        if let Some(url) = self.endpoint_url.as_ref().filter(|it| it.is_of_flag()) {
            options += &format!(" --endpoint-url {}", quoted(url.value.as_str()));
        }
        options
    }
}

fn flag<T>(value: Option<T>, name: &'static str) -> Option<Setting<T>> {
    value.map(|value| Setting::new(value, Origin::Flag(name)))
}

/// Returns the setting of the highest layer that has it.
fn highest<T>(
    flag: Option<Setting<T>>,
    variable: Option<Setting<T>>,
    file: Option<Setting<T>>,
) -> Option<Setting<T>> {
    flag.or(variable).or(file)
}

fn or_default<T: Default>(setting: Option<Setting<T>>) -> Setting<T> {
    setting.unwrap_or_else(|| Setting::new(T::default(), Origin::Default))
}

/// Returns the time limit of each stage that has one.
fn stage_timeouts(
    flags: &[StageTimeout],
    file: Vec<Setting<StageTimeout>>,
) -> Result<Vec<Setting<StageTimeout>>, Failure> {
    let parse = |text: &str| -> Result<Vec<StageTimeout>, String> {
        text.split(',').map(|one| one.trim().parse()).collect()
    };
    let variable = variable::read("GM_TIMEOUT", parse)?;
    let variable = variable.into_iter().flat_map(|setting| {
        let Setting { value, origin } = setting;
        value
            .into_iter()
            .map(move |value| Setting::new(value, origin.clone()))
    });
    let flags = flags
        .iter()
        .map(|value| Setting::new(*value, Origin::Flag("--timeout")));
    // Within a layer the last one applies.
    let mut lowest_first: Vec<_> = file.into_iter().chain(variable).chain(flags).collect();
    let mut timeouts = Vec::new();
    for stage in Stage::ALL {
        let last = lowest_first.iter().rposition(|it| it.value.stage == stage);
        timeouts.extend(last.map(|place| lowest_first.remove(place)));
    }
    Ok(timeouts)
}

/// Reads one of a few words.
fn parse_choice<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let words = T::value_variants().iter();
        let words =
            words.filter_map(|value| Some(value.to_possible_value()?.get_name().to_owned()));
        let words: Vec<_> = words.collect();
        format!("{text:?} is none of {}", words.join(", "))
    })
}

fn parse_region(text: &str) -> Result<Region, String> {
    let region: Result<Region, _> = text.parse();
    region.map_err(|error| error.message().to_owned())
}

fn parse_profile(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("expected the name of a profile".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Reads how much is shown: 0 to 2, or a switch.
fn parse_verbose(text: &str) -> Result<u8, String> {
    match (text.parse(), variable::switch(text)) {
        (Ok(count @ 0..=2), _) => Ok(count),
        (_, Ok(is_on)) => Ok(u8::from(is_on)),
        (_, Err(_)) => Err("expected 0, 1 or 2".to_owned()),
    }
}

/// Returns a word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
