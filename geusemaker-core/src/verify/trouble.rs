//! The reasons why there is no answer.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::words;

/// The reason why a request has no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The host does not take the connection: its name is unknown, or the port is closed.
    Unconnected(io::Error),
    /// Nothing answers the attempt to connect. A firewall that admits nobody is silent.
    Silence(Duration),
    /// TLS cannot be agreed on: the certificate is wrong, for example.
    Tls(io::Error),
    /// The connection is there, and the answer does not come.
    Unanswered(Duration),
    /// The connection ends before the answer, or what comes is not HTTP.
    Broken(String),
}

impl Trouble {
    /// Returns true if it may be over in a moment: names and addresses need a while to be known everywhere.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unconnected(_) | Self::Silence(_) | Self::Broken(_) => true,
            Self::Tls(_) | Self::Unanswered(_) => false,
        }
    }

    /// Returns true if a firewall, or a closed port, refuses the connection.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::Silence(_) => true,
            Self::Unconnected(error) => matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::TimedOut
            ),
            Self::Tls(_) | Self::Unanswered(_) | Self::Broken(_) => false,
        }
    }

    /// Returns the next thing to do.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Unconnected(_) => {
                "look whether the name leads to the stack, and whether its resources are still there"
            }
            Self::Silence(_) => {
                "look whether access.allow has the address of this machine, and whether the stack is running"
            }
            Self::Tls(_) => {
                "look whether the certificate is issued, valid, and covers the name in the URL"
            }
            Self::Unanswered(_) => "look at the logs of the service: it takes requests and hangs",
            Self::Broken(_) => {
                "look at the logs of the service: it may end, or speak another protocol"
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unconnected(error) => write!(f, "cannot connect: {error}"),
            Self::Silence(after) => {
                write!(
                    f,
                    "cannot connect: no answer in {}",
                    words::duration(*after)
                )
            }
            Self::Tls(error) => write!(f, "TLS fails: {error}"),
            Self::Unanswered(after) => write!(f, "no answer in {}", words::duration(*after)),
            Self::Broken(how) => write!(f, "the connection breaks: {how}"),
        }
    }
}
