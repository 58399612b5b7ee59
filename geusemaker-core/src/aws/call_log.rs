//! The log of the calls: one event of `tracing` for each, with its outcome and its duration.

use std::time::SystemTime;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, Error, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

/// The target of the events, by which a program selects them.
const TARGET: &str = "geusemaker::aws";

/// The interceptor that logs each call at its end, and at level debug each attempt to send it.
#[derive(Debug)]
pub(super) struct CallLog;

/// The time at which a call or an attempt began, and the number of attempts.
#[derive(Clone, Copy, Debug)]
struct Begun {
    first: SystemTime,
    last: SystemTime,
    attempts: u32,
}

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for CallLog {
    fn name(&self) -> &'static str {
        "CallLog"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(now) = now(components) else {
            return Ok(());
        };
        let begun = match bag.load::<Begun>() {
            Some(begun) => Begun {
                last: now,
                attempts: begun.attempts + 1,
                ..*begun
            },
            None => Begun {
                first: now,
                last: now,
                attempts: 1,
            },
        };
        bag.interceptor_state().store_put(begun);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
            && let (Some(begun), Some(now)) = (bag.load::<Begun>(), now(components))
        {
            tracing::debug!(
                target: TARGET,
                "{}: attempt {}: {} ({})",
                operation(bag),
                begun.attempts,
                outcome(context),
                seconds(begun.last, now)
            );
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !tracing::enabled!(target: TARGET, tracing::Level::INFO) {
            return Ok(());
        }
        // A call that was never sent has no attempt.
        let began = bag.load::<Begun>().map(|begun| begun.first);
        let took = match (began, now(components)) {
            (Some(began), Some(now)) => seconds(began, now),
            _ => "not sent".to_owned(),
        };
        tracing::info!(target: TARGET, "{}: {} ({took})", operation(bag), outcome(context));
        Ok(())
    }
}

fn now(components: &RuntimeComponents) -> Option<SystemTime> {
    Some(components.time_source()?.now())
}

/// Formats the time between two points in seconds: `0.24s`.
fn seconds(from: SystemTime, to: SystemTime) -> String {
    let took = to.duration_since(from).unwrap_or_default();
    format!("{:.2}s", took.as_secs_f64())
}

/// Returns the name of the call, as permissions name it: `ec2:RunInstances`.
fn operation(bag: &ConfigBag) -> String {
    let Some(call) = bag.load::<Metadata>() else {
        return "a call".to_owned();
    };
    let service = match call.service() {
        "EFS" => "elasticfilesystem".to_owned(),
        "Elastic Load Balancing v2" => "elasticloadbalancing".to_owned(),
        name => name.to_lowercase().replace(' ', ""),
    };
    format!("{service}:{}", call.name())
}

fn outcome(context: &FinalizerInterceptorContextRef<'_>) -> String {
    match context.output_or_error() {
        Some(Ok(_)) => "ok".to_owned(),
        Some(Err(error)) => code(error),
        None => "no answer".to_owned(),
    }
}

/// Returns the code of AWS's error, or the reason why there was no answer.
fn code(error: &OrchestratorError<Error>) -> String {
    let Some(answered) = error.as_operation_error() else {
        let kind = match error {
            error if error.is_timeout_error() => "timeout",
            error if error.is_connector_error() => "no connection",
            error if error.is_response_error() => "an answer that cannot be read",
            _ => "not sent",
        };
        return kind.to_owned();
    };
    // An error of an operation whose type is erased tells its code only in its text: `unhandled error (CODE)`, or
    // `CODE: message`.
    let text = answered.to_string();
    let unhandled = text.strip_prefix("unhandled error (");
    let code = match unhandled.and_then(|rest| rest.strip_suffix(')')) {
        Some(code) => code,
        None => text.split(':').next().unwrap_or(&text),
    };
    code.to_owned()
}
