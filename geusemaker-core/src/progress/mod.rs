//! The progress of deployments: its events, and the listener that receives them.

pub(crate) mod event;
pub(crate) mod step;
pub(crate) mod wait;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::event::{ProgressEvent, ProgressUpdate};
use self::step::Step;
use crate::aws::clock::Clock;
use crate::id::DeploymentId;
use crate::spec::StackName;

/// A listener for the progress of all deployments of a session. It is called in the middle of the work, so it should
/// return quickly. If it panics, it hears nothing more, and the work goes on.
///
/// Every function of an event is one:
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # let aws = geusemaker_testkit::Aws::new();
/// # let spec = geusemaker_core::DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// use std::collections::BTreeMap;
/// use std::sync::{Arc, Mutex};
///
/// use geusemaker_core::{Journals, ProgressEvent, ProgressUpdate, Session};
///
/// // A table with a line for each stack, for any number of stacks at once.
/// let table = Arc::new(Mutex::new(BTreeMap::new()));
/// let lines = Arc::clone(&table);
/// let session = Session::builder(aws.sdk_config(), Journals::in_memory())
///     .listener(move |event: &ProgressEvent| {
///         let Some(stack) = &event.stack else { return };
///         if let ProgressUpdate::Step { step, .. } = &event.update {
///             lines.lock().unwrap().insert(stack.clone(), step.to_string());
///         }
///     })
///     .build()?;
/// let launched = session.plan(spec).await?.launch().await?;
/// assert_eq!(table.lock().unwrap()[&"llm".parse()?], "Waiting for instances to run...");
/// # drop(launched);
/// # session.close().await.into_result()?;
/// # Ok(())
/// # }
/// ```
pub trait Listener: Send + Sync {
    /// Receives an event.
    fn on_event(&self, event: &ProgressEvent);
}

impl<L: Listener + ?Sized> Listener for Arc<L> {
    fn on_event(&self, event: &ProgressEvent) {
        (**self).on_event(event);
    }
}

impl<F: Fn(&ProgressEvent) + Send + Sync> Listener for F {
    fn on_event(&self, event: &ProgressEvent) {
        self(event);
    }
}

/// A listener whose panics do not reach the work.
pub(crate) struct Audience {
    listener: Arc<dyn Listener>,
    /// True once the listener has panicked: what it has half done may not bear another event.
    is_gone: AtomicBool,
}

impl Audience {
    pub(crate) fn new(listener: impl Listener + 'static) -> Self {
        Self {
            listener: Arc::new(listener),
            is_gone: AtomicBool::new(false),
        }
    }
}

impl Listener for Audience {
    fn on_event(&self, event: &ProgressEvent) {
        if self.is_gone.load(Ordering::Relaxed) {
            return;
        }
        // The panic hook has reported the panic.
        let heard = catch_unwind(AssertUnwindSafe(|| self.listener.on_event(event)));
        if heard.is_err() {
            self.is_gone.store(true, Ordering::Relaxed);
        }
    }
}

/// Reports the progress of one deployment, or of work that concerns no single one, to the listener.
#[derive(Clone)]
pub(crate) struct Progress {
    listener: Arc<dyn Listener>,
    clock: Clock,
    stack: Option<StackName>,
    deployment: Option<DeploymentId>,
}

impl Progress {
    pub(crate) fn new(listener: Arc<dyn Listener>, clock: Clock) -> Self {
        Self {
            listener,
            clock,
            stack: None,
            deployment: None,
        }
    }

    /// Returns the progress of a stack that is being planned.
    pub(crate) fn of_stack(&self, stack: &StackName) -> Self {
        Self {
            stack: Some(stack.clone()),
            ..self.clone()
        }
    }

    /// Returns the progress of a deployment of a stack.
    pub(crate) fn of_deployment(&self, stack: &StackName, deployment: &DeploymentId) -> Self {
        Self {
            deployment: Some(deployment.clone()),
            ..self.of_stack(stack)
        }
    }

    pub(crate) fn tell(&self, update: ProgressUpdate) {
        let event = ProgressEvent {
            version: event::VERSION,
            at: self.clock.now(),
            stack: self.stack.clone(),
            deployment: self.deployment.clone(),
            update,
        };
        tracing::info!(
            target: "geusemaker",
            stack = self.stack.as_ref().map(tracing::field::display),
            %event
        );
        self.listener.on_event(&event);
    }

    pub(crate) fn step(&self, step: Step) {
        self.tell(ProgressUpdate::Step { step });
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
