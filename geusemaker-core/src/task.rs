//! The end of a task.

use tokio::task::JoinError;

/// Waits for the task and returns its result, or `None` if the runtime stopped it. A panic of the task goes on in the
/// caller.
pub(crate) async fn join<T>(task: impl Future<Output = Result<T, JoinError>>) -> Option<T> {
    match task.await {
        Ok(result) => Some(result),
        Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
        Err(_) => None,
    }
}
