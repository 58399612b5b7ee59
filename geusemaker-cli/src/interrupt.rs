//! SIGINT and SIGTERM.

use crate::exit_code::ExitCode;

/// Waits for a signal that asks the program to end, and says with which code.
pub(crate) async fn interrupt() -> ExitCode {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            return tokio::select! {
                _ = tokio::signal::ctrl_c() => ExitCode::Interrupted,
                _ = terminate.recv() => ExitCode::Terminated,
            };
        }
    }
    let _ = tokio::signal::ctrl_c().await;
    ExitCode::Interrupted
}
