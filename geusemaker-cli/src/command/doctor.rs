//! `gm doctor`: checks what every deployment needs from this machine and from the account, and says where each setting
//! comes from.

use geusemaker_core::GpuOffers;
use serde::Serialize;

use crate::context::Context;
use crate::document::{Document, columns};
use crate::failure::Failure;
use crate::session_plugin::SessionPlugin;

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

/// Returns what can be said without AWS.
fn of_machine(context: &Context) -> Vec<Check> {
    let state = context.state.path().display().to_string();
    let state = Check::ok("state", state);
    let state = match variable(&["GM_STATE", "XDG_STATE_HOME"]) {
        Some((name, _)) => state.from(name),
        None => state.from("--state, or the default"),
    };
    let version = Check::ok("gm", env!("CARGO_PKG_VERSION"));
    if context.is_sandbox {
        return vec![version, state];
    }
    let profile = match variable(&["AWS_PROFILE"]) {
        Some((name, value)) => Check::ok("profile", value).from(name),
        None => Check::ok("profile", "default").from("the default"),
    };
    let endpoint = match variable(&["AWS_ENDPOINT_URL"]) {
        Some((name, value)) => {
            Check::warning("endpoint", format!("{value} instead of AWS")).from(name)
        }
        None => Check::ok("endpoint", "AWS"),
    };
    vec![version, state, profile, endpoint]
}

fn of_account(context: &Context, offers: &GpuOffers) -> Vec<Check> {
    let account = Check::ok("account", offers.account.to_string());
    let account = match variable(&["AWS_ACCESS_KEY_ID"]) {
        _ if context.is_sandbox => account.from("the sandbox"),
        Some((name, _)) => account.from(name),
        None => account.from("the profile, or a role of this machine"),
    };
    let region = Check::ok("region", offers.region.to_string());
    let region = match variable(&["AWS_REGION", "AWS_DEFAULT_REGION"]) {
        Some((name, _)) => region.from(name),
        None if context.is_sandbox => region.from("the default of the sandbox"),
        None => region.from("the profile"),
    };
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
