//! The faults of an account: those that are due at a call, and those that never fired.

use std::time::Duration;

use super::effect::Way;
use super::{Disruption, Effect, Fault, Interruption};
use crate::sim::lifecycle::LifecycleOverride;
use crate::wire::{Service, ServiceError};

/// All faults of an account.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    fault: Fault,
    seen: u32,
    fired: u32,
    /// True if the caller was already told that the fault has not fired.
    reported: bool,
}

/// A call, as far as faults depend on it.
pub(crate) struct CallContext<'a> {
    pub(crate) service: Service,
    pub(crate) operation: &'a str,
    /// The time that the account's clock has run.
    pub(crate) elapsed: Duration,
    /// Returns true if a resource of that kind is in that state.
    pub(crate) is_any_in: &'a dyn Fn(&str, &str) -> bool,
    /// The launch that the call asks for.
    pub(crate) launch: Option<Launch>,
}

/// A launch, as far as faults depend on it.
pub(crate) struct Launch {
    pub(crate) instance_type: String,
    /// `None` if the call leaves the zone to AWS.
    pub(crate) zone: Option<String>,
}

/// The verdict of the faults on one call.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) delay_before: Duration,
    pub(crate) delay_after: Duration,
    pub(crate) end: Option<End>,
    /// True if the call takes effect before it ends.
    pub(crate) takes_effect: bool,
    pub(crate) lifecycle: LifecycleOverride,
    /// The fault that caused the lifecycle override.
    pub(crate) overridden_by: Option<usize>,
}

/// An end of a call other than the account's answer.
#[derive(Debug)]
pub(crate) enum End {
    Refusal(ServiceError),
    Interruption(Interruption),
}

impl Schedule {
    /// Adds a fault.
    pub(crate) fn add(&mut self, fault: Fault) {
        self.entries.push(Entry {
            fault,
            seen: 0,
            fired: 0,
            reported: false,
        });
    }

    /// Ends all faults, and returns those that have not fired.
    pub(crate) fn clear(&mut self) -> Vec<Fault> {
        let unfired = self.unfired();
        self.entries.clear();
        unfired
    }

    /// Returns the verdict of the faults on a call.
    pub(crate) fn strike(&mut self, context: &CallContext<'_>) -> Verdict {
        let mut verdict = Verdict {
            takes_effect: true,
            ..Verdict::default()
        };
        for (index, entry) in self.entries.iter_mut().enumerate() {
            if !entry.counts(context) {
                continue;
            }
            entry.seen = entry.seen.saturating_add(1);
            let place = &entry.fault.place;
            if entry.seen < place.nth || entry.fired >= place.times {
                continue;
            }
            let (end, takes_effect) = match &entry.fault.effect.0 {
                Effect::Refuse(refusal) => {
                    let error = refusal.error(context.service);
                    (End::Refusal(error), refusal.after_effect)
                }
                Effect::Disrupt(Disruption { way, after_effect }) => match way {
                    Way::Interruption(interruption) => {
                        (End::Interruption(*interruption), *after_effect)
                    }
                    Way::Delay(by) => {
                        let delay = if *after_effect {
                            &mut verdict.delay_after
                        } else {
                            &mut verdict.delay_before
                        };
                        *delay += *by;
                        entry.fired += 1;
                        continue;
                    }
                },
                Effect::Delay(delay) => {
                    entry.overrides(index, delay.lifecycle(), &mut verdict);
                    continue;
                }
                Effect::Fail(failure) => {
                    entry.overrides(index, failure.lifecycle(), &mut verdict);
                    continue;
                }
            };
            if verdict.end.is_none() {
                verdict.end = Some(end);
                verdict.takes_effect = takes_effect;
                entry.fired += 1;
            }
        }
        verdict
    }

    /// Takes back the override of a fault, which made no difference to its call, so that the fault waits for a call
    /// where it does.
    pub(crate) fn take_back_override(&mut self, overridden_by: usize) {
        if let Some(entry) = self.entries.get_mut(overridden_by) {
            entry.fired = entry.fired.saturating_sub(1);
        }
    }

    /// Returns the faults that have not fired so far and are not optional, and marks them as reported.
    pub(crate) fn unfired(&mut self) -> Vec<Fault> {
        self.entries
            .iter_mut()
            .filter(|entry| entry.is_missing())
            .map(|entry| {
                entry.reported = true;
                entry.fault.clone()
            })
            .collect()
    }

    /// Returns the same faults, without those that were already reported.
    pub(crate) fn unreported(&self) -> Vec<&Fault> {
        self.entries
            .iter()
            .filter(|entry| entry.is_missing() && !entry.reported)
            .map(|entry| &entry.fault)
            .collect()
    }
}

impl Entry {
    fn counts(&self, context: &CallContext<'_>) -> bool {
        let place = &self.fault.place;
        place.on.is_of(context.service, context.operation)
            && place.after.is_none_or(|after| after <= context.elapsed)
            && place
                .while_in
                .as_ref()
                .is_none_or(|(kind, state)| (context.is_any_in)(kind, state))
            && place.of_type.as_ref().is_none_or(|of_type| {
                let launch = context.launch.as_ref();
                launch.is_some_and(|launch| launch.instance_type == *of_type)
            })
            && place.in_zone.as_ref().is_none_or(|zone| {
                let launch = context.launch.as_ref();
                launch.is_some_and(|launch| launch.zone.as_ref() == Some(zone))
            })
    }

    /// Overrides the lifecycle of the call's resource, unless another fault does.
    fn overrides(&mut self, index: usize, lifecycle: LifecycleOverride, verdict: &mut Verdict) {
        if verdict.overridden_by.is_none() {
            verdict.lifecycle = lifecycle;
            verdict.overridden_by = Some(index);
            // Taken back if the override makes no difference.
            self.fired += 1;
        }
    }

    fn is_missing(&self) -> bool {
        self.fired == 0 && !self.fault.optional
    }
}
