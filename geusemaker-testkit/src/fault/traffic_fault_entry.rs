//! Faults of traffic in a TOML file.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use toml::Spanned;

use super::file::{Problem, absent, at_least_one, duration, problem};
use crate::traffic::Place;
use crate::traffic::fault::{Effect, Extent, Requests, TrafficFault};

/// A fault of traffic in its written form.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TrafficFaultEntry {
    fault: Word,
    service: Option<Spanned<String>>,
    instance: Option<Spanned<u32>>,
    port: Option<u16>,

    path: Option<Spanned<String>>,
    health_checks: Option<HealthChecks>,
    after: Option<Spanned<String>>,
    nth: Option<Spanned<u32>>,
    times: Option<Spanned<u32>>,
    #[serde(default)]
    optional: bool,

    status: Option<Spanned<u16>>,
    delay: Option<Spanned<String>>,
    after_bytes: Option<Spanned<u64>>,
    after_pieces: Option<Spanned<u32>>,
}

/// The words for the effects.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Answers,
    AnswersLate,
    AnswersMalformed,
    BreaksOff,
    ClosesEarly,
    Hangs,
    Refuses,
    StreamsSlowly,
}

/// The words for the part that health checks have in a fault.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum HealthChecks {
    Only,
    Spared,
}

impl TrafficFaultEntry {
    pub(super) fn fault(self) -> Result<TrafficFault, Problem> {
        let mut fault = TrafficFault::of(self.place()?, self.effect()?);
        if let Some(path) = self.path {
            if !path.get_ref().starts_with('/') {
                return Err(problem("path", &path, "must begin with `/`"));
            }
            fault = fault.on_path(path.into_inner());
        }
        fault.requests = match self.health_checks {
            None => Requests::All,
            Some(HealthChecks::Only) => Requests::HealthChecks,
            Some(HealthChecks::Spared) => Requests::Others,
        };
        fault.after = duration("after", self.after.as_ref())?;
        fault.nth = at_least_one("nth", self.nth)?;
        if self.times.is_some() {
            fault.times = at_least_one("times", self.times)?;
        }
        fault.optional = self.optional;
        Ok(fault)
    }

    fn place(&self) -> Result<Place, Problem> {
        let mut place = match &self.service {
            Some(service) if service.get_ref().is_empty() => {
                return Err(problem("service", service, "must not be empty"));
            }
            Some(service) => Place::service(service.get_ref()),
            None => Place::anywhere(),
        };
        if self.instance.is_some() {
            place = place.on_instance(at_least_one("instance", self.instance.clone())?);
        }
        Ok(match self.port {
            Some(port) => place.on_port(port),
            None => place,
        })
    }

    fn effect(&self) -> Result<Effect, Problem> {
        if self.fault != Word::Answers {
            absent("status", self.status.as_ref(), "needs the fault `answers`")?;
        }
        if !matches!(self.fault, Word::AnswersLate | Word::StreamsSlowly) {
            const LATE: &str = "needs the fault `answers-late` or `streams-slowly`";
            absent("delay", self.delay.as_ref(), LATE)?;
        }
        if self.fault != Word::BreaksOff {
            const BREAKS: &str = "needs the fault `breaks-off`";
            absent("after-bytes", self.after_bytes.as_ref(), BREAKS)?;
            absent("after-pieces", self.after_pieces.as_ref(), BREAKS)?;
        }
        Ok(match self.fault {
            Word::Answers => Effect::Answer(self.status()?),
            Word::AnswersLate => Effect::AnswerLate(self.delay()?),
            Word::AnswersMalformed => Effect::Malformed,
            Word::BreaksOff => Effect::BreakOff(self.extent()?),
            Word::ClosesEarly => Effect::CloseEarly,
            Word::Hangs => Effect::Hang,
            Word::Refuses => Effect::Refuse,
            Word::StreamsSlowly => Effect::StreamSlowly(self.delay()?),
        })
    }

    fn status(&self) -> Result<StatusCode, Problem> {
        let Some(status) = &self.status else {
            return Ok(StatusCode::INTERNAL_SERVER_ERROR);
        };
        match StatusCode::from_u16(*status.get_ref()) {
            Ok(valid) if (200..=599).contains(&valid.as_u16()) => Ok(valid),
            _ => Err(problem("status", status, "must be from 200 to 599")),
        }
    }

    fn delay(&self) -> Result<Duration, Problem> {
        let delay = duration("delay", self.delay.as_ref())?;
        delay.ok_or_else(|| "the fault needs a `delay`, such as `10s`".into())
    }

    fn extent(&self) -> Result<Extent, Problem> {
        match (&self.after_bytes, &self.after_pieces) {
            (Some(bytes), None) => Ok(Extent::Bytes(*bytes.get_ref())),
            (None, Some(pieces)) => Ok(Extent::Pieces(*pieces.get_ref())),
            (None, None) => {
                Err("the fault needs `after-bytes` or `after-pieces`, the part that arrives".into())
            }
            (Some(_), Some(_)) => {
                Err("`after-bytes` and `after-pieces` exclude each other; give one of them".into())
            }
        }
    }
}
