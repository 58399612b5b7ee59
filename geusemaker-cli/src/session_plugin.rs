//! AWS's session-manager-plugin, the program that carries the bytes of a session.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use geusemaker_core::id::InstanceId;
use geusemaker_core::{Remote, SessionPurpose, StartedSession};

use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::outcome::Outcome;

const NAME: &str = "session-manager-plugin";

const INSTALLATION: &str = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html";

/// The environment variable with AWS's answer, whose name the plugin gets as an argument. The answer contains the token
/// of the session, and everybody on this machine can read arguments.
const RESPONSE: &str = "AWS_SSM_START_SESSION_RESPONSE";

/// The last version that does not read the variable.
///
/// Source: AWS CLI, `customizations/sessionmanager.py`.
const LAST_WITHOUT_VARIABLE: [u32; 4] = [1, 2, 497, 0];

/// The plugin on this machine.
pub(crate) struct SessionPlugin {
    program: PathBuf,
}

impl SessionPlugin {
    /// Looks for the plugin in the folders of `PATH`.
    ///
    /// # Errors
    /// Returns an error if it is not there, or too old to read AWS's answer from its environment.
    pub(crate) fn find() -> Result<Self, Failure> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let file = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
        let program = std::env::split_paths(&path)
            .map(|folder| folder.join(&file))
            .find(|program| is_program(program))
            .ok_or_else(|| {
                Failure::usage(format!(
                    "{NAME} is not installed: it is not in a folder of PATH"
                ))
                .remedy(format!("install it: {INSTALLATION}"))
            })?;
        let plugin = Self { program };
        match plugin.version() {
            Some(version) if version <= LAST_WITHOUT_VARIABLE => {
                let version = version.map(|part| part.to_string()).join(".");
                Err(Failure::usage(format!(
                    "{NAME} {version} is too old: gm needs 1.2.536.0 or later"
                ))
                .remedy(format!("install a new one: {INSTALLATION}")))
            }
            Some(_) | None => Ok(plugin),
        }
    }

    /// Returns the version for people.
    pub(crate) fn version_text(&self) -> String {
        let version = self.version();
        version.map_or_else(String::new, |version| {
            version.map(|part| part.to_string()).join(".")
        })
    }

    /// Returns the version, if the plugin says it.
    fn version(&self) -> Option<[u32; 4]> {
        let mut command = Command::new(&self.program);
        let output = command
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let parts: Result<Vec<u32>, _> = text.trim().split('.').map(str::parse).collect();
        parts.ok()?.try_into().ok()
    }

    /// Starts a session, lets the plugin carry it, and ends the session when the plugin has ended.
    pub(crate) async fn carry(
        &self,
        context: &Context,
        remote: &Remote,
        instance: &InstanceId,
        purpose: &SessionPurpose,
        hint: Option<&str>,
    ) -> Result<Outcome, Failure> {
        let starting = remote.start_session(instance, purpose);
        let session = match context.even_if_interrupted(starting).await {
            (Some(session), None) => session?,
            (Some(Ok(session)), Some(code)) => {
                end(context, remote, &session).await;
                return Err(Failure::stopped(code));
            }
            (Some(Err(_)) | None, code) => {
                return Err(Failure::stopped(code.unwrap_or(ExitCode::Interrupted)));
            }
        };
        if let Some(hint) = hint {
            context.display.note(hint);
        }
        // The terminal is the plugin's from here on.
        context.display.finish();
        let ended = self.run(context, &session).await;
        end(context, remote, &session).await;
        Ok(Outcome::with_code_of_command(code_of(ended?)))
    }

    async fn run(
        &self,
        context: &Context,
        session: &StartedSession,
    ) -> Result<ExitStatus, Failure> {
        let broken = |error| Failure::local(format!("{NAME} cannot be started: {error}"));
        let signals = TerminalSignals::take()?;
        let settings = &context.settings;
        let profile = match &settings.profile {
            Some(profile) => profile.value.clone(),
            None => std::env::var("AWS_PROFILE").unwrap_or_default(),
        };
        let endpoint = match &settings.endpoint_url {
            Some(url) => Some(url.value.as_str().to_owned()),
            None => endpoint(),
        };
        let arguments = session.plugin_arguments(RESPONSE, &profile, endpoint.as_deref());
        let child = Command::new(&self.program)
            .args(arguments)
            .env(RESPONSE, session.response())
            .spawn()
            .map_err(broken)?;
        let plugin = Running::new(&child);
        let mut child = child;
        let mut ended = tokio::task::spawn_blocking(move || child.wait());
        loop {
            tokio::select! {
                ended = &mut ended => {
                    return match ended {
                        Ok(status) => status.map_err(broken),
                        Err(error) => Err(Failure::local(format!("{NAME} was lost: {error}"))),
                    };
                }
                // The plugin hears Ctrl-C as well, and passes it on to the shell.
                code = context.interrupts.next() => if code == ExitCode::Terminated {
                    plugin.terminate();
                },
                () = signals.hang_up() => plugin.terminate(),
            }
        }
    }
}

/// Ends the session in AWS. It would also end by itself some time later.
async fn end(context: &Context, remote: &Remote, session: &StartedSession) {
    if let Err(error) = remote.end_session(session).await {
        context.display.warn(&format!(
            "session {} ends in 20 minutes, because it could not be ended now: {}",
            session.id,
            error.with_sources()
        ));
    }
}

/// Returns the address of Systems Manager that the environment names, as for every AWS SDK.
fn endpoint() -> Option<String> {
    ["AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|url| !url.is_empty()))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

/// Returns the exit code, as a shell gives it.
fn code_of(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(ExitCode::Failed as u8);
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(ExitCode::Failed as u8)
}

/// The plugin while it runs.
struct Running {
    #[cfg(unix)]
    id: rustix::process::Pid,
}

#[cfg(unix)]
impl Running {
    fn new(child: &Child) -> Self {
        Self {
            id: rustix::process::Pid::from_child(child),
        }
    }

    /// Asks the plugin to end. It fails only if the plugin has ended already.
    fn terminate(&self) {
        let _ = rustix::process::kill_process(self.id, rustix::process::Signal::TERM);
    }
}

#[cfg(not(unix))]
impl Running {
    fn new(_: &Child) -> Self {
        Self {}
    }

    fn terminate(&self) {}
}

/// The signals of a terminal that would end or stop this program, but are meant for the plugin, which hears them too.
#[cfg(unix)]
struct TerminalSignals {
    hang_up: tokio::sync::Mutex<tokio::signal::unix::Signal>,
    _others: [tokio::signal::unix::Signal; 2],
}

#[cfg(unix)]
impl TerminalSignals {
    fn take() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let take = |kind| {
            signal(kind)
                .map_err(|error| Failure::local(format!("signals cannot be handled: {error}")))
        };
        let stop = rustix::process::Signal::TSTP.as_raw();
        Ok(Self {
            hang_up: tokio::sync::Mutex::new(take(SignalKind::hangup())?),
            _others: [take(SignalKind::quit())?, take(SignalKind::from_raw(stop))?],
        })
    }

    /// Waits until the terminal is closed.
    async fn hang_up(&self) {
        self.hang_up.lock().await.recv().await;
    }
}

#[cfg(not(unix))]
struct TerminalSignals;

#[cfg(not(unix))]
impl TerminalSignals {
    fn take() -> Result<Self, Failure> {
        Ok(Self)
    }

    async fn hang_up(&self) {
        std::future::pending().await
    }
}
