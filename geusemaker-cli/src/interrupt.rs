//! SIGINT and SIGTERM.

use crate::confirm::is_terminal;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// The signals that ask the program to end. Once this exists, a signal no longer ends the program by itself, so every
/// command has to listen.
pub(crate) struct Interrupts {
    #[cfg(unix)]
    signals: tokio::sync::Mutex<Signals>,
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interrupts {
    /// Starts to listen for the signals.
    ///
    /// # Errors
    /// Returns an error if the system refuses to register the signal handlers.
    pub(crate) fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let hear = |kind| {
            signal(kind)
                .map_err(|error| Failure::local(format!("signals cannot be handled: {error}")))
        };
        Ok(Self {
            signals: tokio::sync::Mutex::new(Signals {
                interrupt: hear(SignalKind::interrupt())?,
                terminate: hear(SignalKind::terminate())?,
            }),
        })
    }

    /// Waits for the next signal, and returns the exit code for it.
    pub(crate) async fn next(&self) -> ExitCode {
        let mut signals = self.signals.lock().await;
        let Signals {
            interrupt,
            terminate,
        } = &mut *signals;
        tokio::select! {
            _ = interrupt.recv() => ExitCode::Interrupted,
            _ = terminate.recv() => ExitCode::Terminated,
        }
    }
}

#[cfg(not(unix))]
impl Interrupts {
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self {})
    }

    pub(crate) async fn next(&self) -> ExitCode {
        let _ = tokio::signal::ctrl_c().await;
        ExitCode::Interrupted
    }
}

/// Returns the sentence that answers a first signal: what happens now, what a second one does, and what goes on later.
pub(crate) fn answer(code: ExitCode, doing: &str, command: &str) -> String {
    let (signal, again) = match code {
        ExitCode::Terminated => ("SIGTERM", "A second signal stops now"),
        _ if is_terminal() => ("Ctrl-C", "Press again to stop now"),
        _ => ("SIGINT", "A second signal stops now"),
    };
    format!("{signal}: {doing}. {again}; \"{command}\" continues later.")
}
