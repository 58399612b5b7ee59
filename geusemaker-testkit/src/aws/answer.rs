//! The path of one call: the faults that hit it on the network, and the account's answer.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;

use super::Aws;
use super::caller::InjectedPanic;
use super::snapshot::Snapshot;
use crate::call_record::Outcome;
use crate::fault::{CallContext, End, Interruption, Launch, Schedule, Verdict};
use crate::lock::lock;
use crate::sim;
use crate::sim::account::Account;
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::timings::Step;
use crate::wire::operation::is_read;
use crate::wire::{self, Call, Reply, Service, ServiceError};

impl Aws {
    /// Answers a request as AWS would. This is the layer below [`Aws::http_client`], for servers and other kinds of
    /// clients.
    ///
    /// # Errors
    /// Returns an error if a fault ended the connection without an answer. With a fault that stalls, it never returns.
    ///
    /// # Panics
    /// Panics if a fault asks for it ([`crate::Fault::panic`]).
    pub async fn answer(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, ConnectionLost> {
        let (named, operation, call) = match wire::read(&request) {
            Ok(call) => (Some(call.service), call.name(), Ok(call)),
            Err((service, error)) => (service, "unknown".to_owned(), Err(error)),
        };
        let service = named.unwrap_or_else(|| Service::guessed(&request));
        let record = lock(&self.shared.calls).begin(self.clock().now(), named, &operation);
        let mut verdict = self.strike(service, &operation, call.as_ref().ok());
        let claim = OverrideClaim {
            faults: &self.shared.faults,
            lifecycle: std::mem::take(&mut verdict.lifecycle),
            overridden_by: verdict.overridden_by,
        };
        self.pause(verdict.delay_before).await;
        let refusal = match verdict.end.take_if(|_| !verdict.takes_effect) {
            Some(End::Interruption(interruption)) => {
                // A stalled call never ends, so it would hold its claim forever.
                drop(claim);
                return self.interrupt(interruption, &operation, record).await;
            }
            Some(End::Refusal(refusal)) => Some(refusal),
            None => None,
        };
        let latency = lock(&self.shared.account)
            .rng
            .duration(latency_of(&operation));
        self.pause(latency).await;
        let call = match refusal {
            Some(refusal) => Err(refusal),
            None => call,
        };
        let (request_id, mut answer) = self.reach(&request, &operation, call, claim);
        self.pause(verdict.delay_after).await;
        match verdict.end {
            Some(End::Interruption(interruption)) => {
                return self.interrupt(interruption, &operation, record).await;
            }
            Some(End::Refusal(refusal)) => answer = Err(refusal),
            None => {}
        }
        if let Ok(reply) = &answer {
            lock(&self.shared.seen).note(service, reply);
        }
        let outcome = match &answer {
            Ok(_) => Outcome::Success,
            Err(error) => Outcome::Refused(error.code.clone()),
        };
        self.end(record, outcome);
        Ok(wire::write(service, &operation, &request_id, answer))
    }

    /// Returns the verdict of the faults on a call that arrives now.
    fn strike(&self, service: Service, operation: &str, call: Option<&Call>) -> Verdict {
        let now = self.clock().now();
        let account = lock(&self.shared.account);
        let launch = call.and_then(|call| account.launch(call));
        lock(&self.shared.faults).strike(&CallContext {
            service,
            operation,
            elapsed: self.clock().elapsed(),
            is_any_in: &|kind, state| account.is_any_in(kind, state, &*self.shared.guest, now),
            launch: launch.map(|(instance_type, zone)| Launch {
                instance_type,
                zone,
            }),
        })
    }

    /// Passes a call to the account. Returns the request id and the account's answer.
    fn reach(
        &self,
        request: &http::Request<Bytes>,
        operation: &str,
        call: Result<Call, ServiceError>,
        claim: OverrideClaim<'_>,
    ) -> (String, Result<Reply, ServiceError>) {
        // Held until the callback returns, so that it sees the changes in order. The account is unlocked by then, so
        // that the callback may read it.
        let on_change = self.shared.on_change.as_ref();
        let on_change = on_change.filter(|_| !is_read(operation)).map(lock);
        let mut account = lock(&self.shared.account);
        let request_id = account.rng.uuid();
        let answer = call.and_then(|mut call| self.decide(&mut account, request, &mut call, claim));
        #[cfg(feature = "traffic")]
        if !is_read(operation) {
            let generation = &self.shared.generation;
            generation.send_modify(|generation| *generation += 1);
        }
        if let Some(on_change) = on_change {
            let snapshot = Snapshot::of(&account, self.clock().now());
            drop(account);
            on_change(&snapshot);
        }
        (request_id, answer)
    }

    /// Returns the account's answer to a call whose resource may have a lifecycle override.
    fn decide(
        &self,
        account: &mut Account,
        request: &http::Request<Bytes>,
        call: &mut Call,
        claim: OverrideClaim<'_>,
    ) -> Result<Reply, ServiceError> {
        let now = self.clock().now();
        let guest = &self.shared.guest;
        // A lifecycle override has no effect on a call that only reads.
        if claim.lifecycle == LifecycleOverride::Usual || is_read(&call.operation) {
            return sim::answer(account, guest, now, &LifecycleOverride::Usual, call);
        }
        let mut usual = account.clone();
        let answer = sim::answer(account, guest, now, &claim.lifecycle, call);
        if let Ok(mut same) = wire::read(request) {
            // Only the effect on the account matters, for the comparison below.
            let _ = sim::answer(&mut usual, guest, now, &LifecycleOverride::Usual, &mut same);
        }
        if !is_same(account, &usual) {
            claim.keep();
        }
        answer
    }

    /// Ends a call without an answer.
    async fn interrupt(
        &self,
        interruption: Interruption,
        operation: &str,
        record: usize,
    ) -> Result<http::Response<Bytes>, ConnectionLost> {
        self.end(record, Outcome::Silence);
        match interruption {
            Interruption::Reset => Err(ConnectionLost),
            Interruption::Stall => std::future::pending().await,
            Interruption::DropCaller => {
                self.shared.drop_caller.notify_one();
                std::future::pending().await
            }
            // Without the panic hook's message, which would look like a failure of the test.
            Interruption::Panic => std::panic::resume_unwind(Box::new(InjectedPanic {
                operation: operation.to_owned(),
            })),
        }
    }

    /// Records the outcome of a call and passes the record to the callback.
    fn end(&self, record: usize, outcome: Outcome) {
        let ended = lock(&self.shared.calls).end(record, self.clock().now(), outcome);
        if let (Some(on_call), Some(ended)) = (&self.shared.on_call, ended) {
            on_call(&ended);
        }
    }

    /// Waits for a duration, unless it is zero: even the shortest sleep takes a millisecond of the runtime's timer.
    async fn pause(&self, duration: Duration) {
        if !duration.is_zero() {
            self.clock().sleep(duration).await;
        }
    }
}

/// A call's claim on the lifecycle override that a fault holds for it. The claim is given back unless the override
/// makes a difference: the call may end or be given up before it reaches the account, or the account may refuse it.
struct OverrideClaim<'a> {
    faults: &'a Mutex<Schedule>,
    lifecycle: LifecycleOverride,
    overridden_by: Option<usize>,
}

impl OverrideClaim<'_> {
    fn keep(mut self) {
        self.overridden_by = None;
    }
}

impl Drop for OverrideClaim<'_> {
    fn drop(&mut self) {
        if let Some(overridden_by) = self.overridden_by {
            lock(self.faults).take_back_override(overridden_by);
        }
    }
}

/// Returns true if two accounts have the same content. Accounts that cannot be serialized count as different.
fn is_same(one: &Account, other: &Account) -> bool {
    match (serde_json::to_vec(one), serde_json::to_vec(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Error returned when the connection ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection reset by the simulated network")]
#[non_exhaustive]
pub struct ConnectionLost;

fn latency_of(operation: &str) -> Step {
    if operation == "RunInstances" {
        Step::RunInstances
    } else {
        Step::Call
    }
}
