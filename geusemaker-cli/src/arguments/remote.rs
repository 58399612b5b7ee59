//! The arguments of the commands that reach instances from afar.

use std::str::FromStr;

use clap::Args;

use super::Name;

pub(super) const EXEC_EXAMPLES: &str = "Examples:
  gm exec llm -- nvidia-smi            on the instance
  gm exec llm ollama -- ollama list    in the container of the service ollama
  gm exec llm -- sh -c 'df -h | grep nvme'";

#[derive(Args, Debug)]
pub(crate) struct Exec {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Service in whose container the command runs [default: on the instance itself]
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    #[command(flatten)]
    pub(crate) instance: InstanceOption,
    /// Command and its arguments
    #[arg(value_name = "COMMAND", last = true, required = true)]
    pub(crate) command: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct InstanceOption {
    /// Number of the instance; the first is 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) instance: usize,
}

pub(super) const SSH_EXAMPLES: &str = "Examples:
  gm ssh llm                           a shell on the instance
  gm ssh llm vllm --instance 1         a shell in the container of vllm on the second instance";

#[derive(Args, Debug)]
pub(crate) struct Ssh {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Service in whose container the shell runs [default: on the instance itself]
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    #[command(flatten)]
    pub(crate) instance: InstanceOption,
}

pub(super) const PORT_FORWARD_EXAMPLES: &str = "Examples:
  gm port-forward llm vllm             the port of vllm, under the same number
  gm port-forward llm vllm 9000:8000   port 9000 of this machine to port 8000 of vllm
  gm port-forward llm postgres 5432    a service that is internal, so its port has to be named";

#[derive(Args, Debug)]
pub(crate) struct PortForward {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Service that is to be reached
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    /// Port in the container of the service, with the port of this machine before it if that is another one [default:
    /// the port of the service]
    #[arg(value_name = "[LOCAL:]PORT")]
    pub(crate) ports: Option<ForwardedPort>,
    #[command(flatten)]
    pub(crate) instance: InstanceOption,
}

/// A port of this machine that leads to a port of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForwardedPort {
    pub(crate) local: u16,
    pub(crate) remote: u16,
}

impl FromStr for ForwardedPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (local, remote) = text.split_once(':').unwrap_or((text, text));
        match (local.parse(), remote.parse()) {
            (Ok(local), Ok(remote)) if local > 0 && remote > 0 => Ok(Self { local, remote }),
            _ => Err("expected a port such as 8000, or two such as 9000:8000".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_port_is_for_both_sides() {
        let ports = |local, remote| Ok(ForwardedPort { local, remote });
        assert_eq!("9000".parse(), ports(9000, 9000));
        assert_eq!("9000:8000".parse(), ports(9000, 8000));
        for wrong in ["", "0", "80:", ":80", "65536", "1:2:3", "http"] {
            assert!(wrong.parse::<ForwardedPort>().is_err(), "{wrong}");
        }
    }
}
