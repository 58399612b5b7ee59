//! The exit codes of `gm`.

/// The outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// The command succeeded.
    Ok = 0,
    /// The command failed, and left nothing behind.
    Failed = 1,
    /// The command line or the spec is wrong.
    Usage = 2,
    /// The command failed, and resources remain, which are listed; or a journal cannot be read.
    LeftoversRemain = 3,
    /// Another process is working on the stack.
    Locked = 4,
    /// AWS is still working on the change.
    InProgress = 5,
    /// Credentials, permissions, quotas or the network prevent the command; nothing was created.
    Access = 6,
    /// A configured fault never fired.
    FaultUnfired = 7,
    /// The stack is deployed, but parts of it, or all of it, do not work.
    Degraded = 8,
    /// `plan --detailed-exitcode`: there is something to deploy.
    Changes = 9,
    /// The person declined.
    Declined = 10,
    /// The result cannot be written to standard output, or the events to their place.
    Unwritten = 74,
    /// SIGINT.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl ExitCode {
    const ALL: [Self; 14] = [
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::LeftoversRemain,
        Self::Locked,
        Self::InProgress,
        Self::Access,
        Self::FaultUnfired,
        Self::Degraded,
        Self::Changes,
        Self::Declined,
        Self::Unwritten,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// Returns the meaning of the code, as `--help` gives it.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done",
            Self::Failed => "failed, and left nothing behind",
            Self::Usage => "wrong command line or spec; nothing was created",
            Self::LeftoversRemain => {
                "failed; the resources that remain are listed, or the journal cannot be read"
            }
            Self::Locked => "another process works on the stack",
            Self::InProgress => "AWS has not finished yet: run gm wait, or gm resume, later",
            Self::Access => "credentials, permissions, quotas or network; nothing was changed",
            Self::FaultUnfired => "sandbox serve: a fault never fired",
            Self::Degraded => {
                "the stack is deployed, but parts of it do not work (status, verify, deploy, resume, plan)"
            }
            Self::Changes => "plan --detailed-exitcode: there is something to deploy",
            Self::Declined => "declined at the prompt",
            Self::Unwritten => "done, but the result, or an event, cannot be written",
            Self::Interrupted => "interrupted (SIGINT)",
            Self::Terminated => "terminated (SIGTERM)",
        }
    }
}

/// Returns the table of exit codes in `--help`.
pub(crate) fn help() -> String {
    let rows = ExitCode::ALL.map(|code| format!("  {:>3}  {}", code as u8, code.meaning()));
    format!("Exit codes:\n{}", rows.join("\n"))
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
