//! `gm status`: shows the state of a stack and of its resources.

use geusemaker_core::{
    DegradedPart, DeploymentStatus, Endpoint, Error, Health, Phase, ResourceKind, ResourceState,
    StackName, StatusSource,
};
use jiff::Timestamp;
use serde_json::json;

use super::{cost, ranges, resource_table};
use crate::age;
use crate::arguments::Status;
use crate::command::watch;
use crate::context::Context;
use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::short_id::shorten_ids;
use crate::table::{terminal_width, wrapped};

/// The form of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// The width of the terminal; none if there is none.
    pub(super) width: Option<usize>,
    /// True if ids and columns are whole, however wide that is.
    pub(super) is_wide: bool,
}

impl View {
    pub(super) fn usual() -> Self {
        Self {
            width: terminal_width(),
            is_wide: false,
        }
    }
}

pub(crate) async fn run(context: &Context, status: &Status) -> Result<Outcome, Failure> {
    if status.watch {
        return watch::run(context, status).await;
    }
    let view = View {
        is_wide: status.wide,
        ..View::usual()
    };
    let looked = context
        .unless_interrupted(look(context, &status.name.name, view))
        .await?;
    Ok(looked.into())
}

/// Asks AWS for the status of a stack. Where AWS cannot be asked, the document has what the journal knows, and the
/// failure.
pub(super) async fn look(
    context: &Context,
    name: &StackName,
    view: View,
) -> Result<Document, Failure> {
    let error = match context.session.status(name).await {
        Ok(status) => return Ok(judged(context, &status, view)),
        Err(error) => error,
    };
    match (&error, context.session.summary(name).await) {
        (Error::NoSuchStack { .. }, _) => Err(no_such_stack(context, name, &error).await),
        (_, Ok(summary)) => Ok(shown(context, &summary, view)
            .with_failure(Failure::before(&error).into_document(false))),
        (_, Err(unreadable)) => Err(Failure::unchanged(&unreadable, name.as_str())),
    }
}

/// Returns the failure for a stack that does not exist, which says so if there has been one.
pub(super) async fn no_such_stack(context: &Context, name: &StackName, error: &Error) -> Failure {
    let failure = Failure::before(error);
    match context.session.history(name).await {
        Ok(history) => match history.last() {
            Some(last) => failure
                .message(format!("{name} is gone since {:.0}", last.at))
                .remedy("gm deploy SPEC makes it again")
                .next(context.command(&format!("events {name}"))),
            None => failure,
        },
        Err(_) => failure,
    }
}

/// Returns the document of a status with its exit code.
fn judged(context: &Context, status: &DeploymentStatus, view: View) -> Document {
    let document = shown(context, status, view);
    match &status.health {
        Health::Degraded { .. } | Health::Gone => {
            let message = reasons(status).join(" ");
            document
                .member("error", json!({ "class": "degraded", "message": message }))
                .with_code(ExitCode::Degraded)
        }
        Health::Unknown { error, .. } => {
            document.with_failure(Failure::unanswered(error).into_document(false))
        }
        _ => document,
    }
}

/// Reports that a stack is deployed already; fails if parts of it do not work any more.
pub(super) async fn up_already(context: &Context, name: &StackName) -> Result<Document, Failure> {
    let status = context
        .unless_interrupted(async { Ok(context.session.status(name).await) })
        .await?
        .map_err(|error| Failure::unchanged(&error, name.as_str()))?;
    let failure = match &status.health {
        Health::Degraded { .. } => Failure::degraded(format!(
            "{name} is deployed, but degraded: {}",
            reasons(&status).join(" ")
        ))
        .state(format!("{name} is unchanged")),
        Health::Gone => Failure::local(format!(
            "{name} was deployed, and everything of it was deleted outside gm since"
        ))
        .state(format!("nothing of {name} is left; its journal remains")),
        Health::Unknown { error, .. } => {
            Failure::unanswered(error).state(format!("{name} is unchanged"))
        }
        _ => {
            context.display.note(&format!("{name} is up already"));
            return Ok(document(context, &status));
        }
    };
    Err(match next(context, &status) {
        Some(next) => failure.next(next),
        None => failure,
    })
}

/// Returns the document of a status without an exit code of its own.
pub(super) fn document(context: &Context, status: &DeploymentStatus) -> Document {
    shown(context, status, View::usual())
}

fn shown(context: &Context, status: &DeploymentStatus, view: View) -> Document {
    let now = context.session.now();
    let next = next(context, status);
    let mut lines = head(status, now);
    lines.extend(next.iter().map(|next| format!("  next: {next}")));
    let mut lines: Vec<_> = lines
        .iter()
        .flat_map(|line| wrapped(line, view.width))
        .collect();
    lines.extend(resource_table::lines(status, now, view));
    lines.extend(addresses(context, status));
    if status.health != Health::Gone {
        let cost = cost::line(&status.cost());
        lines.extend(cost.iter().flat_map(|line| wrapped(line, view.width)));
    }
    Document::ok()
        .members_of(status)
        .member("cost", status.cost())
        .member("sandbox", context.is_sandbox)
        .member("next", next)
        .lines(lines)
}

/// Returns the lines about the stack as a whole.
fn head(status: &DeploymentStatus, now: Timestamp) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", status.name, headline(status))];
    let told = reasons(status).into_iter().map(|text| format!("  {text}"));
    lines.extend(told);
    lines.push(format!(
        "  tier {}, account {}, {}, {} old",
        status.tier.number(),
        status.account,
        status.region,
        age::between(status.since, now)
    ));
    if status.source == StatusSource::Journal {
        lines.push(format!(
            "  as of the journal, {:.0}: AWS was not asked",
            status.as_of
        ));
    }
    if let Some(holder) = &status.held_by {
        lines.push(format!("  locked by {holder}"));
    }
    lines
}

/// Returns the state of a stack in one or a few words: `running`, `interrupted (instances ready)`.
pub(super) fn headline(status: &DeploymentStatus) -> String {
    match &status.health {
        Health::Deploying | Health::Interrupted => format!("{} ({})", status.health, status.phase),
        health => health.to_string(),
    }
}

/// Returns sentences about what does not work.
fn reasons(status: &DeploymentStatus) -> Vec<String> {
    match &status.health {
        Health::Degraded { parts, .. } => {
            let mut sentences: Vec<_> = parts.iter().map(sentence).collect();
            let is_asked = |state: &ResourceState| !matches!(state, ResourceState::Unknown(_));
            if status.resources.iter().all(|it| is_asked(&it.state)) {
                sentences.push("Everything else is intact.".to_owned());
            }
            sentences
        }
        Health::Gone => vec!["AWS knows no part of it any more.".to_owned()],
        _ => Vec::new(),
    }
}

/// Returns `Instance i-0123… no longer exists (terminated: spot interruption, 2026-11-27 08:00:12Z).`
///
/// The time is absolute, because the clock of a simulated account is not that of this machine.
fn sentence(part: &DegradedPart) -> String {
    let mut text = shorten_ids(&part.to_string());
    let since = part.reason.as_ref().and_then(|reason| reason.since);
    if let (Some(since), Some(open)) = (since, text.strip_suffix(')')) {
        text = format!("{open}, {})", since.strftime("%Y-%m-%d %H:%M:%SZ"));
    }
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), characters.as_str()),
        None => text,
    }
}

/// Returns the command to run next, if the stack needs one.
pub(super) fn next(context: &Context, status: &DeploymentStatus) -> Option<String> {
    let name = &status.name;
    let of_gm = |words: &str| Some(context.command(&format!("{words} {name}")));
    match (&status.health, status.phase) {
        (Health::Interrupted, Phase::Ending) | (Health::Gone, _) => of_gm("destroy"),
        (Health::Interrupted, _) => of_gm("resume"),
        (Health::Deploying, Phase::CdnPending) if status.held_by.is_none() => of_gm("wait"),
        (Health::Degraded { parts, .. }, _) => {
            started_again(context, status, parts).or_else(|| {
                let keeps = parts
                    .iter()
                    .all(|part| part.kind != ResourceKind::FileSystem);
                let option = if keeps { " --keep-file-system" } else { "" };
                Some(context.command(&format!("destroy {name}{option}")))
            })
        }
        _ => None,
    }
}

/// Returns the command that starts stopped instances, if nothing else is wrong.
fn started_again(
    context: &Context,
    status: &DeploymentStatus,
    parts: &[DegradedPart],
) -> Option<String> {
    let is_stopped = |part: &DegradedPart| {
        part.kind == ResourceKind::Instance
            && matches!(&part.state, ResourceState::Reported(state) if state == "stopped")
    };
    // The AWS CLI works on a real account.
    if context.is_sandbox || !parts.iter().all(is_stopped) {
        return None;
    }
    let ids = parts.iter().filter_map(|part| part.id.as_ref());
    let ids: Vec<_> = ids.map(ToString::to_string).collect();
    Some(format!(
        "aws ec2 start-instances --instance-ids {} --region {}",
        ids.join(" "),
        status.region
    ))
}

/// Returns the addresses of the stack, with what is known about them.
fn addresses(context: &Context, status: &DeploymentStatus) -> Vec<String> {
    let caveat = match (&status.health, status.source) {
        (Health::Gone, _) => return Vec::new(),
        (_, StatusSource::Journal) => " (as of the journal)",
        (Health::Running, _) => "",
        (Health::Degraded { .. }, _) => " (the stack is degraded)",
        (Health::Unknown { .. }, _) => " (not checked)",
        _ => " (not ready)",
    };
    let outputs = &status.outputs;
    let named = [
        ("load balancer", &outputs.load_balancer_dns),
        ("CloudFront domain", &outputs.distribution_domain),
        ("url", &outputs.url),
    ];
    let mut lines: Vec<_> = named
        .iter()
        .filter_map(|(label, value)| Some(format!("{label}: {}{caveat}", value.as_ref()?)))
        .collect();
    lines.extend(endpoint_lines(context, status, caveat));
    lines
}

/// Returns a line for each service of tier 1: its address, and who can reach it.
fn endpoint_lines(context: &Context, status: &DeploymentStatus, caveat: &str) -> Vec<String> {
    let has_ssm = status.spec.access().ssm();
    let instances = &status.outputs.instances;
    let endpoints = status.outputs.endpoints.iter();
    endpoints
        .map(|endpoint| {
            let Endpoint {
                service,
                url,
                open_to,
                ..
            } = endpoint;
            if !open_to.is_empty() {
                let ranges = ranges::words(open_to);
                return format!("{service}: {url} from {ranges}{caveat}");
            }
            let number = instances.iter().position(|id| *id == endpoint.instance);
            let number = match number {
                Some(number) if number > 0 => format!(" --instance {number}"),
                _ => String::new(),
            };
            if !has_ssm || context.is_sandbox {
                return format!("{service}: {url} (closed: access.allow would open it){caveat}");
            }
            let forward =
                context.command(&format!("port-forward {} {service}{number}", status.name));
            format!("{service}: {forward} (the port itself is closed: access.allow would open it)")
        })
        .collect()
}
