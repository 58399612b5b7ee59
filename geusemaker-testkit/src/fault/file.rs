//! Faults in a TOML file.

use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use toml::Spanned;

use super::boot_fault::BootFault;
use super::boot_fault_entry::BootFaultEntry;
use super::place::{On, UnknownOperation};
#[cfg(feature = "traffic")]
use super::traffic_fault_entry::TrafficFaultEntry;
use super::{
    AnyEffect, Disruption, Effect, Fault, Interruption, Reason, Refusal, ResourceDelay,
    ResourceFailure,
};
use crate::sim::catalog;
use crate::sim::lifecycle::CENTURY;
use crate::sim::regions;

/// The faults of a file: those at calls, and those of the software inside instances.
///
/// ```
/// use geusemaker_testkit::{Aws, FaultFile, ServiceGuest};
///
/// let file = FaultFile::parse(
///     r#"
///     [[fault]]
///     on = "RunInstances"
///     nth = 2
///     answer = "InsufficientInstanceCapacity"
///
///     [[boot-fault]]
///     fault = "image-not-found"
///     service = "vllm"
///     instance = 1
///     "#,
/// )?;
/// assert_eq!((file.faults.len(), file.boot_faults.len()), (1, 1));
/// // To use them:
/// let guest = file.boot_faults.into_iter().fold(ServiceGuest::new(), ServiceGuest::fault);
/// let account = Aws::builder().guest(guest);
/// # let _ = account;
/// # Ok::<(), geusemaker_testkit::FaultFileError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultFile {
    /// The faults at calls and of resources, `[[fault]]`, for [`AwsBuilder::fault`](crate::AwsBuilder::fault).
    pub faults: Vec<Fault>,
    /// The faults of the first boot, `[[boot-fault]]`, for [`ServiceGuest::fault`](crate::ServiceGuest::fault).
    pub boot_faults: Vec<BootFault>,
    /// The faults of the programs on instances, `[[traffic-fault]]`, for
    /// [`Traffic::fault`](crate::traffic::Traffic::fault).
    #[cfg(feature = "traffic")]
    pub traffic_faults: Vec<crate::traffic::TrafficFault>,
}

impl FaultFile {
    /// Reads a file of faults. [`Fault::parse_file`] lists the keys of a `[[fault]]`. A `[[boot-fault]]` has these:
    ///
    /// - `fault`: `image-not-found`, `image-denied`, `no-space-left`, `secret-unreadable`, `container-exits` or
    ///   `out-of-gpu-memory`, each with `service`; or, for the whole instance, `mount-refused` or `script-fails`.
    /// - `exit-code` of `container-exits`; 1 by default.
    /// - `instance = 2` for the second instance only that is launched in its region; every instance by default.
    /// - `optional = true` for a fault that may never fire.
    ///
    /// A `[[traffic-fault]]`, with the feature `traffic`, has these:
    ///
    /// - `fault`: `hangs`, `refuses`, `closes-early` or `answers-malformed`; `answers` with a `status` (500 by default);
    ///   `breaks-off` with `after-bytes` or `after-pieces`; `answers-late` or `streams-slowly` with a `delay`.
    /// - `service`, `instance = 2` (the second that is launched in its region) and `port`: the programs; all by default.
    /// - `path` (the beginning of the path), `health-checks = "spared"` or `"only"`, `after` (a time since the account's
    ///   start), `nth` (1 by default) and `times` (no limit by default): the requests.
    /// - `optional = true` for a fault that may never fire.
    ///
    /// # Errors
    /// Returns an error if the text is not TOML, if a key is unknown or has a wrong value, or if keys contradict each
    /// other.
    pub fn parse(text: &str) -> Result<Self, FaultFileError> {
        let file = File::read(text)?;
        Ok(Self {
            faults: read_all(text, file.fault, Entry::fault)?,
            boot_faults: read_all(text, file.boot_fault, BootFaultEntry::fault)?,
            #[cfg(feature = "traffic")]
            traffic_faults: read_all(text, file.traffic_fault, TrafficFaultEntry::fault)?,
        })
    }
}

fn read_all<E, F>(
    text: &str,
    entries: Vec<Spanned<E>>,
    read: impl Fn(E) -> Result<F, Problem>,
) -> Result<Vec<F>, FaultFileError> {
    let read = |entry: Spanned<E>| {
        let start = entry.span().start;
        read(entry.into_inner()).map_err(|problem| FaultFileError {
            line: line_at(text, problem.at.unwrap_or(start)),
            key: problem.key,
            problem: problem.text,
        })
    };
    entries.into_iter().map(read).collect()
}

impl Fault {
    /// Reads a file of faults. Each fault is a table with conditions and an effect:
    ///
    /// ```
    /// use geusemaker_testkit::Fault;
    ///
    /// let faults = Fault::parse_file(
    ///     r#"
    ///     [[fault]]
    ///     on = "RunInstances"
    ///     nth = 2
    ///     answer = "InsufficientInstanceCapacity"
    ///
    ///     [[fault]]
    ///     on = "elasticloadbalancing:*"
    ///     after = "5m"
    ///     while-in = ["EC2::Instance", "running"]
    ///     throttled = true
    ///     times = 20
    ///     optional = true
    ///     "#,
    /// )?;
    /// assert_eq!(faults.len(), 2);
    /// # Ok::<(), geusemaker_testkit::FaultFileError>(())
    /// ```
    ///
    /// - Conditions: `on` (an operation, with IAM's prefix if needed; `*` is any), `nth` (1 by default), `times` or
    ///   `forever = true`, `after` (a time since the account's start), `while-in` (kind and state of a resource),
    ///   `instance-type` and `zone` of a launch.
    /// - Effect, exactly one of: `answer` (an AWS error code), `denied`, `throttled`, `server-error`, `reset`,
    ///   `lose-reply`, `stall`, `stuck` (each `= true`), `delay`, `slow` (each a time), `fails` (AWS's reason code).
    /// - Details of the effect: `status` and `message` of a refusal, `later` (a time) with `fails`,
    ///   `after-effect = true` if the call takes effect first.
    /// - `optional = true` for a fault that may never fire.
    ///
    /// Times are written `90s`, `5m` or `1h 30m`, and a century is the longest. [`Fault::drop_caller`] and
    /// [`Fault::panic`] are not available in files, because they need a caller in the same process.
    ///
    /// # Errors
    /// Returns an error if the text is not TOML, if a key is unknown or has a wrong value, or if keys contradict each
    /// other; also if the file has faults of the first boot, which [`FaultFile::parse`] reads.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, FaultFileError> {
        let file = File::read(text)?;
        #[cfg(feature = "traffic")]
        if let Some(fault) = file.traffic_fault.first() {
            return Err(FaultFileError {
                line: line_at(text, fault.span().start),
                key: None,
                problem: "a fault of traffic is not one of a call: read it with `FaultFile::parse`"
                    .to_owned(),
            });
        }
        if let Some(fault) = file.boot_fault.first() {
            return Err(FaultFileError {
                line: line_at(text, fault.span().start),
                key: None,
                problem:
                    "a fault of the first boot is one of the guest: read it with `FaultFile::parse`"
                        .to_owned(),
            });
        }
        read_all(text, file.fault, Entry::fault)
    }
}

/// Error returned when a file of faults cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {}{problem}", key.map(|key| format!("`{key}`: ")).unwrap_or_default())]
#[non_exhaustive]
pub struct FaultFileError {
    /// The line of the wrong value, or the line where the fault begins, counted from 1.
    pub line: usize,
    /// The key with the wrong value; `None` if the problem is not with one value.
    pub key: Option<&'static str>,
    /// The problem, and the correct form.
    pub problem: String,
}

/// A file in its written form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fault: Vec<Spanned<Entry>>,
    #[serde(default, rename = "boot-fault", alias = "boot_fault")]
    boot_fault: Vec<Spanned<BootFaultEntry>>,
    #[cfg(feature = "traffic")]
    #[serde(default, rename = "traffic-fault", alias = "traffic_fault")]
    traffic_fault: Vec<Spanned<TrafficFaultEntry>>,
}

impl File {
    fn read(text: &str) -> Result<Self, FaultFileError> {
        toml::from_str(text).map_err(|error| FaultFileError {
            line: error.span().map_or(1, |span| line_at(text, span.start)),
            key: None,
            problem: error.message().to_owned(),
        })
    }
}

/// A fault in its written form.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Entry {
    on: Spanned<String>,
    nth: Option<Spanned<u32>>,
    times: Option<Spanned<u32>>,
    #[serde(default)]
    forever: bool,
    after: Option<Spanned<String>>,
    while_in: Option<(String, String)>,
    instance_type: Option<Spanned<String>>,
    zone: Option<Spanned<String>>,
    #[serde(default)]
    optional: bool,

    answer: Option<String>,
    #[serde(default)]
    denied: bool,
    #[serde(default)]
    throttled: bool,
    #[serde(default)]
    server_error: bool,
    #[serde(default)]
    reset: bool,
    #[serde(default)]
    lose_reply: bool,
    #[serde(default)]
    stall: bool,
    #[serde(default)]
    stuck: bool,
    delay: Option<Spanned<String>>,
    slow: Option<Spanned<String>>,
    fails: Option<String>,

    status: Option<Spanned<u16>>,
    message: Option<Spanned<String>>,
    later: Option<Spanned<String>>,
    after_effect: Option<Spanned<bool>>,
}

/// A problem of one fault.
pub(super) struct Problem {
    /// The place in the file, if it is known more precisely than by the fault.
    at: Option<usize>,
    key: Option<&'static str>,
    text: String,
}

impl Entry {
    fn fault(self) -> Result<Fault, Problem> {
        let on = On::parse(self.on.get_ref())
            .map_err(|unknown: UnknownOperation| problem("on", &self.on, unknown.to_string()))?;
        let effect = self.effect()?;
        let mut fault = Fault::at(on).map(|_| AnyEffect(effect));
        fault.place.nth = at_least_one("nth", self.nth)?;
        if self.forever && self.times.is_some() {
            return Err("`times` and `forever` exclude each other; give one of them".into());
        }
        fault.place.times = if self.forever {
            u32::MAX
        } else {
            at_least_one("times", self.times)?
        };
        fault.place.after = duration("after", self.after.as_ref())?;
        fault.place.while_in = self.while_in;
        fault.place.of_type = known("instance-type", self.instance_type, |name| {
            catalog::instance_type(name).is_some()
        })?;
        fault.place.in_zone = known("zone", self.zone, regions::has_zone)?;
        fault.optional = self.optional;
        Ok(fault)
    }

    /// Returns the one effect of the fault, with its details.
    fn effect(&self) -> Result<Effect, Problem> {
        let mut effect = self.bare_effect()?;
        let after_effect = self.after_effect.as_ref().is_some_and(|it| *it.get_ref());
        match &mut effect {
            Effect::Refuse(refusal) => {
                refusal.status = self.status()?;
                refusal.message = self.message.as_ref().map(|it| it.get_ref().clone());
                refusal.after_effect = after_effect;
            }
            Effect::Disrupt(disruption) => disruption.after_effect |= after_effect,
            Effect::Delay(_) => {}
            Effect::Fail(failure) => failure.later = duration("later", self.later.as_ref())?,
        }
        if !matches!(effect, Effect::Refuse(_)) {
            const REFUSALS: &str = "needs `answer`, `denied`, `throttled` or `server-error`";
            absent("status", self.status.as_ref(), REFUSALS)?;
            absent("message", self.message.as_ref(), REFUSALS)?;
        }
        if !matches!(effect, Effect::Fail(_)) {
            absent("later", self.later.as_ref(), "needs `fails`")?;
        }
        if matches!(effect, Effect::Delay(_) | Effect::Fail(_)) && after_effect {
            const ALWAYS: &str =
                "cannot be combined with `stuck`, `slow` or `fails`, which always take effect";
            absent("after-effect", self.after_effect.as_ref(), ALWAYS)?;
        }
        Ok(effect)
    }

    fn status(&self) -> Result<Option<u16>, Problem> {
        let Some(status) = &self.status else {
            return Ok(None);
        };
        match status.get_ref() {
            400..=599 => Ok(Some(*status.get_ref())),
            _ => Err(problem(
                "status",
                status,
                "must be from 400 to 599, the statuses of errors",
            )),
        }
    }

    /// Returns the one effect of the fault, without its details.
    fn bare_effect(&self) -> Result<Effect, Problem> {
        let effects = self.effects()?;
        let known = effects
            .each_ref()
            .map(|(name, _)| format!("`{name}`"))
            .join(", ");
        let mut given = effects
            .into_iter()
            .filter_map(|(name, effect)| Some((name, effect?)));
        match (given.next(), given.next()) {
            (Some((_, effect)), None) => Ok(effect),
            (None, _) => {
                Err(format!("the fault does not say what happens; give one of {known}").into())
            }
            (Some((one, _)), Some((other, _))) => {
                Err(format!("`{one}` and `{other}` exclude each other; give one of them").into())
            }
        }
    }

    /// Returns the keys that are effects, each with its effect if the key is given.
    fn effects(&self) -> Result<[(&'static str, Option<Effect>); 11], Problem> {
        let refusal = |reason| Effect::Refuse(Refusal::because(reason));
        let refuse = |given: bool, reason| given.then(|| refusal(reason));
        let disrupt = |given: bool, disruption| given.then_some(Effect::Disrupt(disruption));
        let answer = self.answer.clone().map(Reason::Code);
        let delay = duration("delay", self.delay.as_ref())?.map(Disruption::delay);
        let stuck = self.stuck.then_some(ResourceDelay { by: None });
        let slow = duration("slow", self.slow.as_ref())?;
        let slow = slow.map(|by| ResourceDelay { by: Some(by) });
        let fails = self.fails.clone().map(|reason| ResourceFailure {
            reason,
            later: None,
        });
        let reset = Disruption::interruption(Interruption::Reset);
        let stall = Disruption::interruption(Interruption::Stall);
        Ok([
            ("answer", answer.map(refusal)),
            ("denied", refuse(self.denied, Reason::Denied)),
            ("throttled", refuse(self.throttled, Reason::Throttled)),
            (
                "server-error",
                refuse(self.server_error, Reason::ServerError),
            ),
            ("reset", disrupt(self.reset, reset)),
            (
                "lose-reply",
                disrupt(self.lose_reply, Disruption::lost_reply()),
            ),
            ("stall", disrupt(self.stall, stall)),
            ("delay", delay.map(Effect::Disrupt)),
            ("stuck", stuck.map(Effect::Delay)),
            ("slow", slow.map(Effect::Delay)),
            ("fails", fails.map(Effect::Fail)),
        ])
    }
}

impl<T: Into<String>> From<T> for Problem {
    fn from(text: T) -> Self {
        Self {
            at: None,
            key: None,
            text: text.into(),
        }
    }
}

pub(super) fn problem<T>(
    key: &'static str,
    value: &Spanned<T>,
    text: impl Into<String>,
) -> Problem {
    Problem {
        at: Some(value.span().start),
        key: Some(key),
        text: text.into(),
    }
}

/// Checks that a key is absent, which does not go with the effect of the fault.
pub(super) fn absent<T>(
    key: &'static str,
    value: Option<&Spanned<T>>,
    text: &'static str,
) -> Result<(), Problem> {
    match value {
        Some(value) => Err(problem(key, value, text)),
        None => Ok(()),
    }
}

pub(super) fn at_least_one(key: &'static str, value: Option<Spanned<u32>>) -> Result<u32, Problem> {
    match value {
        None => Ok(1),
        Some(value) if *value.get_ref() == 0 => Err(problem(
            key,
            &value,
            "must be at least 1; calls are counted from 1",
        )),
        Some(value) => Ok(value.into_inner()),
    }
}

/// Returns the name of something that the simulator has.
fn known(
    key: &'static str,
    name: Option<Spanned<String>>,
    is_known: impl Fn(&str) -> bool,
) -> Result<Option<String>, Problem> {
    match name {
        Some(name) if !is_known(name.get_ref()) => {
            let text = format!(
                "the simulator has no `{}`, so the fault cannot fire",
                name.get_ref()
            );
            Err(problem(key, &name, text))
        }
        name => Ok(name.map(Spanned::into_inner)),
    }
}

pub(super) fn duration(
    key: &'static str,
    value: Option<&Spanned<String>>,
) -> Result<Option<Duration>, Problem> {
    let Some(value) = value else {
        return Ok(None);
    };
    let parsed = value.get_ref().parse::<SignedDuration>().ok();
    match parsed.and_then(|duration| Duration::try_from(duration).ok()) {
        Some(duration) if duration <= CENTURY => Ok(Some(duration)),
        Some(_) => Err(problem(
            key,
            value,
            format!("`{}` is longer than a century", value.get_ref()),
        )),
        None => Err(problem(
            key,
            value,
            format!(
                "`{}` is not a time such as `90s`, `5m` or `1h 30m`",
                value.get_ref()
            ),
        )),
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|byte| **byte == b'\n').count()
}
