//! The exit codes of `gm`.

/// The outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// The command succeeded.
    Ok = 0,
    /// The command failed, and nothing is left.
    Failed = 1,
    /// The command line or the spec is wrong.
    Usage = 2,
    /// The command failed, and resources remain; they are listed.
    LeftoversRemain = 3,
    /// Another process is working on the stack.
    Locked = 4,
    /// AWS is still working on the change.
    InProgress = 5,
    /// Credentials, permissions, quotas or the network prevent the command; nothing was created.
    Access = 6,
    /// A configured fault never fired.
    FaultUnfired = 7,
    /// The person declined.
    Declined = 10,
    /// SIGINT.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

/// The table of exit codes in `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
    0  done
    1  failed, and nothing is left
    2  wrong command line or spec; nothing was created
    3  failed, and resources remain: they are listed
    4  somebody else works on the stack
    5  still in progress in AWS: resume later
    6  credentials, permissions, quotas or network; nothing was changed
    7  sandbox serve: a fault never struck
   10  declined at the prompt
  130  interrupted (SIGINT)
  143  terminated (SIGTERM)";

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
