//! Commands on instances and in containers.

use std::time::Duration;

use aws_sdk_ssm::operation::get_command_invocation::GetCommandInvocationOutput;
use aws_sdk_ssm::types::CommandInvocationStatus;
use backoff::backoff::Backoff as _;

use super::Remote;
use crate::aws::error::AwsError;
use crate::error::Error;
use crate::id::InstanceId;
use crate::remote_error::RemoteError;
use crate::spec::ServiceName;
use crate::wait::schedule;

/// AWS's document that runs lines of shell.
const DOCUMENT: &str = "AWS-RunShellScript";

/// The longest time for the delivery, in seconds. AWS allows no less than 30.
const DELIVERY_SECONDS: i32 = 60;

/// The longest time for which a command runs, in seconds: two days, the most that the document allows.
const EXECUTION_SECONDS: &str = "172800";

/// The most characters of the output and of the error output.
///
/// Source: Systems Manager API, `GetCommandInvocation`: `StandardOutputContent`, `StandardErrorContent`.
const MOST_OUTPUT: usize = 24_000;
const MOST_ERROR_OUTPUT: usize = 8_000;

/// A command for an instance, or for the container of a service.
///
/// ```
/// use geusemaker_core::RemoteCommand;
///
/// let on_instance = RemoteCommand::on_instance(["df", "-h"]);
/// let in_container = RemoteCommand::in_container(&"ollama".parse()?, ["ollama", "list"]);
/// assert_ne!(on_instance, in_container);
/// # Ok::<(), geusemaker_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteCommand {
    /// The service in whose container the command runs.
    service: Option<ServiceName>,
    words: Vec<String>,
}

impl RemoteCommand {
    /// Creates a command that runs on the instance, as root. Its words arrive as they are: no shell reads them.
    pub fn on_instance<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self {
            service: None,
            words: words.into_iter().map(Into::into).collect(),
        }
    }

    /// Creates a command that runs in the container of a service, as the user of the container.
    pub fn in_container<W: Into<String>>(
        service: &ServiceName,
        words: impl IntoIterator<Item = W>,
    ) -> Self {
        Self {
            service: Some(service.clone()),
            words: words.into_iter().map(Into::into).collect(),
        }
    }

    fn script(&self) -> Result<String, RemoteError> {
        if self.words.iter().any(|word| word.contains('\0')) {
            return Err(RemoteError::NullCharacter);
        }
        let container = self
            .service
            .iter()
            .map(|name| format!("docker exec '{name}'"));
        let words = self.words.iter().map(|word| quoted(word));
        Ok(container.chain(words).collect::<Vec<_>>().join(" "))
    }
}

/// A command that was sent to an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentCommand {
    /// The id of the command, as Systems Manager lists it.
    pub id: String,
    /// The instance.
    pub instance: InstanceId,
}

/// The result of a command that has ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandResult {
    /// The exit code.
    pub exit_code: i32,
    /// The output, of which Systems Manager keeps the first 24,000 characters.
    pub stdout: String,
    /// The error output, of which Systems Manager keeps the first 8,000 characters.
    pub stderr: String,
    /// True if the output or the error output was longer.
    pub is_cut: bool,
}

impl Remote {
    /// Sends a command to an instance. It runs there even if nobody waits for its result. If the instance was created
    /// minutes ago and has not connected yet, that is waited for.
    ///
    /// # Errors
    /// Returns an error if the spec gives Systems Manager no access, the instance is not connected, or AWS refuses the
    /// call. If AWS does not answer, the command may run all the same.
    pub async fn send(
        &self,
        instance: &InstanceId,
        command: &RemoteCommand,
    ) -> Result<SentCommand, Error> {
        let ssm = &self.account.writer.ssm;
        self.send_script(ssm, instance, command.script()?).await
    }

    pub(super) async fn send_script(
        &self,
        ssm: &aws_sdk_ssm::Client,
        instance: &InstanceId,
        script: String,
    ) -> Result<SentCommand, Error> {
        self.ensure_opened()?;
        let request = ssm
            .send_command()
            .document_name(DOCUMENT)
            .instance_ids(instance.as_str())
            .timeout_seconds(DELIVERY_SECONDS)
            .parameters("commands", vec![script])
            .parameters("executionTimeout", vec![EXECUTION_SECONDS.to_owned()]);
        let sent = self
            .reach("sending the command", instance, || async {
                let sent = request.clone().send().await;
                sent.map_err(AwsError::of("ssm:SendCommand"))
            })
            .await?;
        let id = sent.command.and_then(|command| command.command_id);
        let id = id.ok_or_else(|| AwsError::incomplete("ssm:SendCommand", "command id"));
        Ok(SentCommand {
            id: id.map_err(Error::aws("sending the command"))?,
            instance: instance.clone(),
        })
    }

    /// Waits until a command has ended, and returns its result. A command that fails is no error: its exit code says
    /// so.
    ///
    /// # Errors
    /// Returns an error if the command did not reach the instance or was canceled, or if AWS does not answer.
    pub async fn result(&self, command: &SentCommand) -> Result<CommandResult, Error> {
        let mut pauses = schedule(Duration::from_millis(300), Duration::from_secs(3));
        loop {
            self.sleep(pauses.next_backoff().unwrap_or_default()).await;
            let reply = self
                .account
                .reader
                .ssm
                .get_command_invocation()
                .command_id(&command.id)
                .instance_id(command.instance.as_str())
                .send()
                .await
                .map_err(AwsError::of("ssm:GetCommandInvocation"));
            match reply {
                Ok(reply) => {
                    if let Some(result) = ended(&reply, &command.instance)? {
                        return Ok(result);
                    }
                }
                // AWS does not know it right after it was sent.
                Err(error) if error.code.as_deref() == Some("InvocationDoesNotExist") => {}
                Err(error) if error.class.is_retryable_on_read() => {}
                Err(error) => return Err(Error::aws("reading the result of the command")(error)),
            }
        }
    }

    /// Cancels a command. What it has done until then stays done.
    ///
    /// # Errors
    /// Returns an error if AWS refuses the call, or does not answer it.
    pub async fn cancel(&self, command: &SentCommand) -> Result<(), Error> {
        self.account
            .writer
            .ssm
            .cancel_command()
            .command_id(&command.id)
            .send()
            .await
            .map_err(AwsError::of("ssm:CancelCommand"))
            .map_err(Error::aws("canceling the command"))?;
        Ok(())
    }
}

/// Returns the result, or `None` if the command has not ended.
fn ended(
    reply: &GetCommandInvocationOutput,
    instance: &InstanceId,
) -> Result<Option<CommandResult>, RemoteError> {
    match reply.status() {
        Some(CommandInvocationStatus::Success | CommandInvocationStatus::Failed)
            if reply.response_code() >= 0 =>
        {
            let exit_code = reply.response_code();
            let stdout = reply.standard_output_content().unwrap_or_default();
            let stderr = reply.standard_error_content().unwrap_or_default();
            // The agent adds a line of its own to the error output of a command that fails.
            let added = format!("failed to run commands: exit status {exit_code}");
            let own = stderr.trim_end().strip_suffix(&added).unwrap_or(stderr);
            Ok(Some(CommandResult {
                exit_code,
                is_cut: is_cut(stdout, MOST_OUTPUT) || is_cut(stderr, MOST_ERROR_OUTPUT),
                stdout: stdout.to_owned(),
                stderr: own.to_owned(),
            }))
        }
        None
        | Some(
            CommandInvocationStatus::Pending
            | CommandInvocationStatus::InProgress
            | CommandInvocationStatus::Delayed
            | CommandInvocationStatus::Cancelling,
        ) => Ok(None),
        Some(other) => Err(RemoteError::NoResult {
            instance: instance.clone(),
            state: reply
                .status_details()
                .unwrap_or_else(|| other.as_str())
                .to_owned(),
        }),
    }
}

fn is_cut(text: &str, most: usize) -> bool {
    text.chars().count() >= most
}

/// Returns a word that a shell reads as this text.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn script_quotes_words_of_command() {
        let service = "vllm".parse().unwrap();
        let command = RemoteCommand::in_container(&service, ["nvidia-smi", "-L"]);
        let script = command.script().unwrap();
        assert_eq!(script, "docker exec 'vllm' 'nvidia-smi' '-L'");
        let null = RemoteCommand::on_instance(["a\0b"]);
        assert_eq!(null.script(), Err(RemoteError::NullCharacter));
    }

    proptest! {
        #[test]
        fn shell_reads_words_as_they_are(
            words in proptest::collection::vec("[^\0]{0,12}", 1..5),
        ) {
            let script = RemoteCommand::on_instance(words.clone()).script().unwrap();
            prop_assert_eq!(shlex::split(&script), Some(words));
        }
    }
}
