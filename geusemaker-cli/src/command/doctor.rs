//! `gm doctor`: checks what every deployment needs from this machine and from the account, and says where each setting
//! comes from.

use clap::ValueEnum;
use geusemaker_core::GpuOffers;
use geusemaker_core::words::duration;
use serde::Serialize;

use crate::context::Context;
use crate::document::{Document, columns};
use crate::failure::Failure;
use crate::session_plugin::SessionPlugin;
use crate::settings::{Origin, Setting, Shown};

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Ok,
    /// Some commands do not work, or AWS could not tell.
    Warning,
    Failed,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// A thing that was checked.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    finding: String,
    /// The place that the setting comes from.
    source: Option<String>,
}

impl Check {
    fn ok(name: &'static str, finding: impl Into<String>) -> Self {
        Self::new(name, Verdict::Ok, finding)
    }

    fn warning(name: &'static str, finding: impl Into<String>) -> Self {
        Self::new(name, Verdict::Warning, finding)
    }

    fn new(name: &'static str, verdict: Verdict, finding: impl Into<String>) -> Self {
        Self {
            name,
            verdict,
            finding: finding.into(),
            source: None,
        }
    }

    fn from(self, source: impl Into<String>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    fn row(&self) -> [String; 3] {
        let finding = match &self.source {
            Some(source) => format!("{} (from {source})", self.finding),
            None => self.finding.clone(),
        };
        [
            self.name.to_owned(),
            self.verdict.as_str().to_owned(),
            finding,
        ]
    }
}

pub(crate) async fn run(context: &Context) -> Result<Document, Failure> {
    let mut checks = of_machine(context);
    let offers = context
        .unless_interrupted(async { Ok(context.session.gpu_offers(None).await) })
        .await?;
    let failure = match offers {
        Ok(offers) => {
            checks.extend(of_account(context, &offers));
            None
        }
        Err(error) => {
            if let Some(region) = &context.settings.region {
                checks.push(of_setting("region", region, ToString::to_string));
            } else if let Some((name, value)) = variable(&["AWS_REGION", "AWS_DEFAULT_REGION"]) {
                checks.push(Check::ok("region", value).from(name));
            }
            let finding = error.with_sources();
            checks.push(Check::new("account", Verdict::Failed, finding));
            Some(Failure::before(&error).into_document(false))
        }
    };
    checks.push(plugin());
    let rows: Vec<_> = checks.iter().map(Check::row).collect();
    let document = Document::ok()
        .member("checks", &checks)
        .member("sandbox", context.is_sandbox)
        .lines(columns(&rows));
    Ok(match failure {
        Some(failure) => document.with_failure(failure),
        None => document.line("gm plan checks the permissions that a spec needs"),
    })
}

/// Returns what can be said without AWS: the settings, and where each comes from.
fn of_machine(context: &Context) -> Vec<Check> {
    let settings = &context.settings;
    let mut checks = vec![Check::ok("gm", env!("CARGO_PKG_VERSION"))];
    checks.push(match &settings.file {
        Some(file) => Check::ok("config", Shown(file).to_string()),
        None => Check::ok("config", "no file with settings"),
    });
    let state = Check::ok("state", context.state.path().display().to_string());
    checks.push(match (&settings.state, variable(&["XDG_STATE_HOME"])) {
        (Some(state_setting), _) => state.from(state_setting.origin.to_string()),
        (None, Some((name, _))) => state.from(name),
        (None, None) => state.from(Origin::Default.to_string()),
    });
    checks.push(of_setting("output", &settings.output, |output| {
        word(*output)
    }));
    checks.push(of_setting("sandbox", &settings.sandbox, |is_on| {
        if *is_on { "on" } else { "off" }.to_owned()
    }));
    checks.push(match &settings.on_failure {
        Some(on_failure) => of_setting("on-failure", on_failure, |action| word(*action)),
        None => Check::ok("on-failure", "rollback").from(Origin::Default.to_string()),
    });
    if settings.no_verify.value {
        checks.push(of_setting(
            "no-verify",
            &settings.no_verify,
            ToString::to_string,
        ));
    }
    checks.extend(settings.timeouts.iter().map(|timeout| {
        of_setting("timeout", timeout, |it| {
            format!("{} {}", it.stage, duration(it.limit))
        })
    }));
    if context.is_sandbox {
        return checks;
    }
    checks.push(match (&settings.profile, variable(&["AWS_PROFILE"])) {
        (Some(profile), _) => of_setting("profile", profile, Clone::clone),
        (None, Some((name, value))) => Check::ok("profile", value).from(name),
        (None, None) => Check::ok("profile", "default").from(Origin::Default.to_string()),
    });
    let instead = |url: &str| Check::warning("endpoint", format!("{url} instead of AWS"));
    checks.push(
        match (&settings.endpoint_url, variable(&["AWS_ENDPOINT_URL"])) {
            (Some(url), _) => instead(url.value.as_str()).from(url.origin.to_string()),
            (None, Some((name, value))) => instead(&value).from(name),
            (None, None) => Check::ok("endpoint", "AWS").from(Origin::Default.to_string()),
        },
    );
    checks
}

fn of_setting<T>(
    name: &'static str,
    setting: &Setting<T>,
    shown: impl FnOnce(&T) -> String,
) -> Check {
    Check::ok(name, shown(&setting.value)).from(setting.origin.to_string())
}

/// Returns the word for a value, as the command line has it.
fn word<T: ValueEnum>(value: T) -> String {
    let word = value.to_possible_value();
    word.map_or_else(String::new, |word| word.get_name().to_owned())
}

/// Returns the place that the Region comes from, if it is not the spec.
fn source_of_region(context: &Context) -> String {
    if let Some(region) = &context.settings.region {
        return region.origin.to_string();
    }
    match variable(&["AWS_REGION", "AWS_DEFAULT_REGION"]) {
        Some((name, _)) => name.to_owned(),
        None if context.is_sandbox => "the default of the sandbox".to_owned(),
        None => "the profile".to_owned(),
    }
}

fn of_account(context: &Context, offers: &GpuOffers) -> Vec<Check> {
    let account = Check::ok("account", offers.account.to_string());
    let account = match (&context.settings.profile, variable(&["AWS_ACCESS_KEY_ID"])) {
        _ if context.is_sandbox => account.from("the sandbox"),
        (Some(profile), _) => account.from(format!("the profile {}", profile.value)),
        (None, Some((name, _))) => account.from(name),
        (None, None) => account.from("the profile, or a role of this machine"),
    };
    let region = Check::ok("region", offers.region.to_string()).from(source_of_region(context));
    let mut checks = vec![account, region];
    let count = offers.offers.len();
    checks.push(match count {
        0 => Check::warning("gpus", format!("{} offers no GPU types", offers.region)),
        count => Check::ok(
            "gpus",
            format!("{count} types offered; gm gpus --available lists them"),
        ),
    });
    checks.extend(offers.quotas.iter().map(|quota| match &quota.level {
        Ok((0, _)) => Check::warning(
            "quota",
            format!("{}: 0 vCPUs: ask AWS for more", quota.quota),
        ),
        Ok((limit, used)) => Check::ok(
            "quota",
            format!("{}: {used} of {limit} vCPUs in use", quota.quota),
        ),
        Err(reason) => Check::warning("quota", format!("{}: unknown: {reason}", quota.quota)),
    }));
    checks
}

fn plugin() -> Check {
    match SessionPlugin::find() {
        Ok(plugin) => Check::ok(
            "plugin",
            format!("session-manager-plugin {}", plugin.version_text()),
        ),
        Err(_) => Check::warning(
            "plugin",
            "no session-manager-plugin: gm ssh and gm port-forward need it, no other command does",
        ),
    }
}

/// Returns the first of these environment variables that is set.
fn variable(names: &[&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        Some((*name, value?))
    })
}
