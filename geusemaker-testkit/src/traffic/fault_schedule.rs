//! The faults of an account's traffic: those that are due at a request, and those that never fired.

use std::sync::Mutex;
use std::time::Duration;

use http::request::Parts;
use http::{StatusCode, header};

use super::fault::{Effect, Extent, Requests, TrafficFault};
use super::instance::Endpoint;
use crate::lock::lock;

/// The beginning of the `User-Agent` of a load balancer's health checks.
const HEALTH_CHECKER: &str = "ELB-HealthChecker/";

/// All faults of an account's traffic.
#[derive(Debug, Default)]
pub(crate) struct FaultSchedule(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    fault: TrafficFault,
    seen: u32,
    fired: u32,
    /// True if the caller was already told that the fault has not fired.
    reported: bool,
}

/// The verdict of the faults on one request.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// The time before the answer.
    pub(crate) delay: Duration,
    /// The time before each piece of the answer.
    pub(crate) pause: Duration,
    pub(crate) end: Option<End>,
}

/// An end of a request other than the program's whole answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Answer(StatusCode),
    BreakOff(Extent),
    Close,
    Hang,
    Malformed,
}

impl FaultSchedule {
    pub(super) fn add(&self, fault: TrafficFault) {
        lock(&self.0).push(Entry {
            fault,
            seen: 0,
            fired: 0,
            reported: false,
        });
    }

    /// Ends all faults, and returns those that have not fired.
    pub(super) fn clear(&self) -> Vec<TrafficFault> {
        let unfired = self.unfired();
        lock(&self.0).clear();
        unfired
    }

    /// Returns true if a new connection is refused.
    pub(super) fn refuses(&self, endpoint: &Endpoint, elapsed: Duration) -> bool {
        let mut entries = lock(&self.0);
        let mut entries = entries.iter_mut();
        entries.any(|entry| {
            let is_due = entry.fault.is_of_connections() && entry.is_due(endpoint, elapsed);
            is_due && entry.strikes(true)
        })
    }

    /// Returns true if a fault can hit a request at that place, now or later.
    pub(super) fn concerns(&self, endpoint: &Endpoint) -> bool {
        lock(&self.0)
            .iter()
            .any(|entry| entry.fault.place.is_of(endpoint))
    }

    /// Returns the verdict on a request.
    pub(super) fn strike(
        &self,
        endpoint: &Endpoint,
        request: &Parts,
        elapsed: Duration,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        for entry in lock(&self.0).iter_mut() {
            if !entry.is_due(endpoint, elapsed) || !entry.counts(request) {
                continue;
            }
            let effect = entry.fault.effect.clone();
            let end = match effect {
                Effect::AnswerLate(by) => {
                    if entry.strikes(true) {
                        verdict.delay += by;
                    }
                    continue;
                }
                Effect::StreamSlowly(pause) => {
                    if entry.strikes(true) {
                        verdict.pause += pause;
                    }
                    continue;
                }
                Effect::Answer(status) => End::Answer(status),
                Effect::BreakOff(extent) => End::BreakOff(extent),
                Effect::CloseEarly | Effect::Refuse => End::Close,
                Effect::Hang => End::Hang,
                Effect::Malformed => End::Malformed,
            };
            // One of them ends the request; the others wait for another.
            if entry.strikes(verdict.end.is_none()) {
                verdict.end = Some(end);
            }
        }
        verdict
    }

    /// Returns the faults that have not fired so far and are not optional, and marks them as reported.
    pub(crate) fn unfired(&self) -> Vec<TrafficFault> {
        let mut entries = lock(&self.0);
        let missing = entries.iter_mut().filter(|entry| entry.is_missing());
        let missing = missing.map(|entry| {
            entry.reported = true;
            entry.fault.clone()
        });
        missing.collect()
    }

    /// Returns the same faults as sentences, without those that were already reported.
    pub(crate) fn unreported(&self) -> Vec<String> {
        let entries = lock(&self.0);
        let missing = entries
            .iter()
            .filter(|entry| entry.is_missing() && !entry.reported);
        missing.map(|entry| entry.fault.to_string()).collect()
    }
}

impl Entry {
    fn is_due(&self, endpoint: &Endpoint, elapsed: Duration) -> bool {
        let fault = &self.fault;
        fault.place.is_of(endpoint) && fault.after.is_none_or(|after| after <= elapsed)
    }

    fn counts(&self, request: &Parts) -> bool {
        let fault = &self.fault;
        let is_health_check = request
            .headers
            .get(header::USER_AGENT)
            .is_some_and(|agent| agent.as_bytes().starts_with(HEALTH_CHECKER.as_bytes()));
        let is_meant = match fault.requests {
            Requests::All => true,
            Requests::HealthChecks => is_health_check,
            Requests::Others => !is_health_check,
        };
        let path = request.uri.path();
        is_meant
            && fault
                .path
                .as_ref()
                .is_none_or(|beginning| path.starts_with(beginning))
    }

    /// Counts a request, and returns true if the fault fires at it, which it does only if it may.
    fn strikes(&mut self, may_fire: bool) -> bool {
        self.seen = self.seen.saturating_add(1);
        let fires = may_fire && self.seen >= self.fault.nth && self.fired < self.fault.times;
        self.fired = self.fired.saturating_add(fires.into());
        fires
    }

    fn is_missing(&self) -> bool {
        self.fired == 0 && !self.fault.optional
    }
}
