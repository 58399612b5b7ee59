//! `gm list`: lists all stacks, and the file systems that removals have kept.

use futures::future::join_all;
use geusemaker_core::{DeploymentStatus, Error, Health, KeptFileSystem, Overview};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::cost;
use super::status::{headline, next};
use crate::age;
use crate::arguments::List;
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;
use crate::table::{Table, terminal_width, wrapped};

const HEADER: [&str; 7] = ["NAME", "STATE", "TIER", "REGION", "AGE", "COST", "URL"];

/// Tier, region, URL, age, cost.
const DISPENSABLE: &[usize] = &[2, 3, 6, 4, 5];

const KEPT_HEADER: [&str; 5] = ["FILE SYSTEM", "STACK", "REGION", "SIZE", "AGE"];

pub(crate) async fn run(context: &Context, list: &List) -> Result<Document, Failure> {
    let mut overview = context.session.overview().await?;
    if let Some(region) = context.settings.region_of_flag() {
        overview.stacks.retain(|stack| stack.region == *region);
        overview
            .kept_file_systems
            .retain(|kept| kept.region == *region);
    }
    let failure = match list.check {
        true => check(context, &mut overview).await,
        false => None,
    };
    let width = terminal_width();
    let lines = lines(context, list, &overview);
    let lines = lines.iter().flat_map(|line| match line {
        Line::Whole(line) => vec![line.clone()],
        Line::Broken(line) => wrapped(line, width),
    });
    let document = document(context, &overview).lines(lines);
    let failure = failure.or_else(|| unreadable(&overview));
    Ok(match failure {
        Some(failure) => document.with_failure(failure.into_document(false)),
        None => document,
    })
}

/// Asks AWS about each stack and each kept file system, and returns the first failure to do so.
async fn check(context: &Context, overview: &mut Overview) -> Option<Failure> {
    let asked = overview
        .stacks
        .iter()
        .map(|stack| context.session.status(&stack.name));
    let asked = join_all(asked).await;
    let mut failure = None;
    for (stack, asked) in overview.stacks.iter_mut().zip(asked) {
        match asked {
            Ok(status) => *stack = status,
            Err(error) => {
                failure.get_or_insert_with(|| Failure::before(&error));
            }
        }
        if let Health::Unknown { error, .. } = &stack.health {
            failure.get_or_insert_with(|| Failure::unanswered(error));
        }
    }
    let kept = overview.kept_file_systems.clone();
    match context.session.measure(kept).await {
        Ok(measured) => overview.kept_file_systems = measured,
        Err(error) => {
            failure.get_or_insert_with(|| Failure::before(&error));
        }
    }
    failure
}

/// Returns the failure for stacks whose journals cannot be read.
fn unreadable(overview: &Overview) -> Option<Failure> {
    let stacks = &overview.unreadable;
    let names: Vec<_> = stacks.iter().map(|stack| stack.name.as_str()).collect();
    let first = stacks.first()?;
    let journals = match names.len() {
        1 => "the journal",
        _ => "the journals",
    };
    let message = format!("{journals} of {} cannot be read", names.join(", "));
    Some(Failure::unreadable(message).remedy(format!("{}", first.error)))
}

fn document(context: &Context, overview: &Overview) -> Document {
    let stacks = overview.stacks.iter();
    let stacks: Vec<_> = stacks.map(|stack| member(context, stack)).collect();
    let unreadable = overview.unreadable.iter().map(|stack| {
        let error = error_text(stack);
        json!({ "name": stack.name, "error": error })
    });
    Document::ok()
        .member("stacks", stacks)
        .member("kept_file_systems", &overview.kept_file_systems)
        .member("unreadable", unreadable.collect::<Vec<_>>())
}

fn error_text(stack: &geusemaker_core::UnreadableStack) -> String {
    let source = std::error::Error::source(&stack.error);
    match source {
        Some(source) => format!("{}: {source}", stack.error),
        None => stack.error.to_string(),
    }
}

fn member(context: &Context, stack: &DeploymentStatus) -> Value {
    let mut member = json!({
        "name": stack.name,
        "tier": stack.tier,
        "phase": stack.phase,
        "account": stack.account,
        "region": stack.region,
        "since": format!("{:.3}", stack.since),
        "source": stack.source,
        "as_of": format!("{:.3}", stack.as_of),
        "held_by": stack.held_by.as_ref().map(ToString::to_string),
        "held_since": stack.held_since.map(|since| format!("{since:.3}")),
        "url": stack.outputs.url,
        "cost": stack.cost(),
        "next": next(context, stack),
    });
    // The state, and what belongs to it.
    if let (Some(member), Ok(Value::Object(health))) =
        (member.as_object_mut(), serde_json::to_value(&stack.health))
    {
        member.extend(health);
    }
    member
}

enum Line {
    /// A line that fits already.
    Whole(String),
    Broken(String),
}

fn lines(context: &Context, list: &List, overview: &Overview) -> Vec<Line> {
    let now = context.session.now();
    let Overview {
        stacks,
        kept_file_systems,
        unreadable,
        ..
    } = overview;
    let mut lines = Vec::new();
    for stack in unreadable {
        let text = format!("  {}  unreadable: {}", stack.name, error_text(stack));
        lines.push(Line::Broken(text));
    }
    if stacks.is_empty() && unreadable.is_empty() {
        lines.push(Line::Whole("there are no stacks here".to_owned()));
    }
    if !stacks.is_empty() {
        lines.extend(table(context, stacks, now).into_iter().map(Line::Whole));
    }
    lines.extend(
        kept_lines(context, kept_file_systems, now)
            .into_iter()
            .map(Line::Whole),
    );
    let is_unsure = |stack: &DeploymentStatus| stack.health == Health::Deployed;
    if !list.check && stacks.iter().any(is_unsure) {
        let check = context.command("list --check");
        lines.push(Line::Broken(format!(
            "as the journals have it; {check} asks AWS"
        )));
    }
    lines
}

fn table(context: &Context, stacks: &[DeploymentStatus], now: Timestamp) -> Vec<String> {
    let mut table = Table::new(HEADER, DISPENSABLE);
    for stack in stacks {
        let is_live = !matches!(stack.health, Health::Gone);
        let url = stack.outputs.url.clone().filter(|_| is_live);
        table.row([
            stack.name.to_string(),
            headline(stack),
            stack.tier.number().to_string(),
            stack.region.to_string(),
            age::between(stack.since, now),
            cost::cell(&stack.cost()),
            url.unwrap_or_default(),
        ]);
        if let Some(holder) = &stack.held_by {
            table.note(format!("locked by {holder}"));
        }
        if let Some(next) = next(context, stack) {
            table.note(format!("next: {next}"));
        }
    }
    table.lines(terminal_width())
}

fn kept_lines(context: &Context, kept: &[KeptFileSystem], now: Timestamp) -> Vec<String> {
    if kept.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(KEPT_HEADER, &[2, 4]);
    for kept in kept {
        table.row([
            kept.id.to_string(),
            kept.stack.to_string(),
            kept.region.to_string(),
            kept.bytes.map(size).unwrap_or_default(),
            age::between(kept.since, now),
        ]);
        table.note(match &kept.used_by {
            Some(stack) => format!("used by {stack}"),
            None => {
                let delete = context.command(&format!("destroy {} --file-system", kept.stack));
                format!("delete it with its data: {delete}")
            }
        });
    }
    let mut lines = vec!["kept by gm destroy, and still charged by AWS:".to_owned()];
    lines.extend(table.lines(terminal_width()));
    lines
}

/// Returns a size as people write it: `12.4 GiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    // Rounding is what this is for.
    let mut size = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    format!("{size:.1} {unit}")
}

/// Returns the document for a stack that was removed already, if the error is that there is no such stack now.
pub(super) async fn gone_already(
    context: &Context,
    name: &geusemaker_core::StackName,
    error: Error,
) -> Result<Document, Failure> {
    let has_history = match &error {
        Error::NoSuchStack { .. } => context.session.histories().await?.contains(name),
        _ => false,
    };
    if !has_history {
        return Err(Failure::unchanged(&error, name.as_str()));
    }
    Ok(Document::ok()
        .member("name", name)
        .member("state", "gone")
        .member("deleted", json!([]))
        .member("kept", json!([]))
        .member("leftovers", json!([]))
        .member("elapsed_seconds", 0)
        .line(format!("{name} is gone already")))
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn size_has_fitting_unit() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (6144, "6.0 KiB"),
            (13_314_398_618, "12.4 GiB"),
            (5 << 50, "5120.0 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
