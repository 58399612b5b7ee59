//! The way of one call: what befalls it on the network, and what the account says.

use bytes::Bytes;

use super::call_record::{CallRecord, Outcome};
use super::snapshot::Snapshot;
use super::{Aws, lock};
use crate::fault::Effect;
use crate::sim;
use crate::sim::account::Account;
use crate::sim::fate::Fate;
use crate::sim::timings::Step;
use crate::wire::{self, Service, ServiceError};

impl Aws {
    /// Answers a request as AWS would: the seam below [`Aws::http_client`], for servers and clients of other kinds.
    ///
    /// # Errors
    /// A fault ended the connection without an answer. A fault that stalls never returns.
    pub async fn answer(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, ConnectionLost> {
        let (service, operation, call) = match wire::read(&request) {
            Ok(call) => (call.service, call.operation.clone(), Ok(call)),
            // A request that names no service is answered in the most common of the error shapes.
            Err((service, error)) => (
                service.unwrap_or(Service::Sts),
                "unknown".to_owned(),
                Err(error),
            ),
        };
        let struck = lock(&self.shared.faults)
            .iter_mut()
            .find_map(|fault| fault.strike(&operation));
        let record = |outcome| {
            let call = CallRecord {
                at: self.clock().now(),
                service: Some(service),
                operation: operation.clone(),
                outcome,
            };
            if let Some(on_call) = &self.shared.on_call {
                on_call(&call);
            }
            lock(&self.shared.calls).push(call);
        };
        let mut lose_reply = false;
        let mut refusal = None;
        match struck {
            Some((Effect::Answer { code, message }, status)) => {
                refusal = Some(ServiceError::new(code, message).status(status));
            }
            Some((Effect::Reset, _)) => {
                record(Outcome::Silence);
                return Err(ConnectionLost);
            }
            Some((Effect::Stall, _)) => {
                record(Outcome::Silence);
                return std::future::pending().await;
            }
            Some((Effect::Delay(by), _)) => self.clock().sleep(by).await,
            Some((Effect::LoseReply, _)) => lose_reply = true,
            None => {}
        }
        let latency = lock(&self.shared.account)
            .dice
            .duration(latency_of(&operation));
        self.clock().sleep(latency).await;
        let (request_id, answer) = {
            let mut account = lock(&self.shared.account);
            let request_id = request_id(&mut account);
            let answer = match (call, refusal) {
                (_, Some(refusal)) => Err(refusal),
                (Err(error), None) => Err(error),
                (Ok(mut call), None) => {
                    let now = self.clock().now();
                    sim::answer(
                        &mut account,
                        &self.shared.guest,
                        now,
                        &Fate::Usual,
                        &mut call,
                    )
                }
            };
            if let (Some(on_change), false) = (&self.shared.on_change, is_read(&operation)) {
                on_change(&Snapshot::of(&account, self.clock().now()));
            }
            (request_id, answer)
        };
        if lose_reply {
            record(Outcome::Silence);
            return Err(ConnectionLost);
        }
        if let Ok(reply) = &answer {
            lock(&self.shared.seen).note(service, reply);
        }
        record(match &answer {
            Ok(_) => Outcome::Success,
            Err(error) => Outcome::Refused(error.code.clone()),
        });
        Ok(wire::write(service, &operation, &request_id, answer))
    }
}

/// The connection ended without an answer.
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

fn is_read(operation: &str) -> bool {
    ["Describe", "Get", "List"]
        .iter()
        .any(|prefix| operation.starts_with(prefix))
}

fn request_id(account: &mut Account) -> String {
    let mut part = |n| account.dice.hex(n);
    format!(
        "{}-{}-4{}-8{}-{}",
        part(8),
        part(4),
        part(3),
        part(3),
        part(12)
    )
}
