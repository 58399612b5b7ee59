//! The command line.

use std::ffi::OsString;
#[cfg(feature = "sandbox")]
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
#[cfg(feature = "sandbox")]
use geusemaker_core::ClockSpeed;
use geusemaker_core::spec::{GpuModel, InvalidationPath, Region};
use geusemaker_core::{InvalidStage, Money, StackName, Stage};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::confirm::is_terminal;
use crate::exit_code;
use crate::failure::Failure;

/// Deploys a self-hosted AI stack to AWS: GPU instances, a load balancer and a CDN.
#[derive(Debug, Parser)]
#[command(name = "gm", version, after_help = exit_code::help(), arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Use a simulated AWS account, kept between runs, instead of a real one
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,

    /// Format of the result on standard output: text, or one JSON document
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "GM_OUTPUT"
    )]
    pub(crate) output: Output,

    /// Directory of the journals, the records of all stacks [default: $XDG_STATE_HOME/gm]
    #[arg(long, global = true, value_name = "DIR", env = "GM_STATE", value_parser = clap::builder::OsStringValueParser::new())]
    pub(crate) state: Option<OsString>,

    /// Print only errors and results
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Show each AWS call, with its outcome and time; -vv shows each attempt and more of the SDK
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a spec with comments, to start from
    #[command(after_help = INIT_EXAMPLES)]
    Init(Init),
    /// Check a spec without asking AWS; no credentials are needed
    Validate(SpecFile),
    #[command(flatten)]
    Stack(StackCommand),
    /// List instance types with GPUs, the cheapest first
    ///
    /// Prices are on-demand list prices of us-east-1, of the day that is printed; gm has none for other regions. No
    /// credentials are needed, except with --available.
    #[command(after_help = GPUS_EXAMPLES)]
    Gpus(Gpus),
    /// Print a script that completes the commands of gm in a shell
    ///
    /// Bash: gm completions bash > ~/.local/share/bash-completion/completions/gm
    Completions(Completions),
    /// Print a manual page
    ///
    /// gm man | man -l - shows it.
    Man(Man),
    /// Print the version of gm
    Version,
    /// Run a simulated AWS account for other programs
    #[cfg(feature = "sandbox")]
    Sandbox(Sandbox),
}

#[derive(Debug, Subcommand)]
pub(crate) enum StackCommand {
    /// Show what a spec would create, and create nothing
    Plan(SpecFile),
    /// Deploy a stack, or finish deploying it
    #[command(visible_alias = "up")]
    Deploy(Deploy),
    /// Continue a deployment that was interrupted or kept
    Resume(Resume),
    /// Wait for a deployment that only CloudFront has to finish
    ///
    /// It creates nothing and removes nothing: after a signal, or when the time of cdn.wait_timeout is over, everything
    /// stays as it is, and CloudFront goes on. Any machine that has the journal can wait.
    Wait(Wait),
    /// Show the state of a stack and of its resources, as AWS says it now
    ///
    /// The first line has the state: running, degraded (parts of the stack do not work), deploying, interrupted,
    /// removing, gone, or unknown (AWS could not be asked about all parts). The exit code is 0, or 8 if the stack is
    /// deployed but degraded or gone, or 6 if AWS could not be asked; what the journal knows is then shown.
    #[command(after_help = STATUS_EXAMPLES, visible_alias = "inspect")]
    Status(Status),
    /// List all stacks, and the file systems that were kept
    ///
    /// The states are those of the journals, without asking AWS: deployed, deploying, interrupted or removing. With
    /// --check they are those of gm status. The exit code is 3 if a journal cannot be read.
    List(List),
    /// Print the addresses and ids of a stack
    ///
    /// They are those of the journal, without asking AWS. The keys stay the same from version to version.
    #[command(after_help = OUTPUTS_EXAMPLES)]
    Outputs(OutputsOf),
    /// Show the history of a stack, oldest event first
    #[command(visible_alias = "history")]
    Events(Events),
    /// Show the logs of services, or the console of an instance
    ///
    /// The last 200 lines of each service are shown, or all lines since a time with --since. Where there is more than
    /// one log, each line begins with its service, and with the number of its instance if there are several.
    ///
    /// --follow goes on until Ctrl-C, and then ends with exit code 130 (or 143 after SIGTERM).
    ///
    /// With --output json, each line is an object with the members instance, service, at and text. If gm fails, its
    /// usual document is the last line.
    #[command(after_help = LOGS_EXAMPLES)]
    Logs(Logs),
    /// Run a command in the container of a service, or on an instance
    ///
    /// No shell reads the words of the command. On an instance it runs as root. Its output and its error output go to
    /// those of gm when it has ended; Systems Manager keeps the first 24,000 characters of the one and 8,000 of the
    /// other, and gm says so if there were more. The command has no input.
    ///
    /// The exit code is that of the command. If gm itself fails, it is one of the exit codes of gm (see gm --help), and
    /// an error is printed. A signal cancels the command; a process inside a container may go on, as with docker exec.
    ///
    /// With --output json, one document has the members exit_code, stdout, stderr and is_cut; ok is true if the exit
    /// code is 0. If gm itself fails, the document has the member error.
    #[command(after_help = EXEC_EXAMPLES)]
    Exec(Exec),
    /// Open a shell on an instance, or in the container of a service
    ///
    /// The shell goes through AWS Systems Manager: no port has to be open, and no key is needed. AWS's
    /// session-manager-plugin has to be installed on this machine. The exit code is that of the plugin.
    #[command(after_help = SSH_EXAMPLES)]
    Ssh(Ssh),
    /// Forward a port of this machine to a service
    ///
    /// The connection goes through AWS Systems Manager: no port has to be open. AWS's session-manager-plugin has to be
    /// installed on this machine. It goes on until Ctrl-C; the exit code is that of the plugin.
    #[command(after_help = PORT_FORWARD_EXAMPLES)]
    PortForward(PortForward),
    /// Have the CDN of a stack drop cached answers
    ///
    /// The command ends when all edge locations have dropped them, which takes a minute or two. AWS counts the paths: a
    /// thousand a month are free.
    #[command(after_help = INVALIDATE_EXAMPLES)]
    Invalidate(Invalidate),
    /// Change the secret by which the load balancer knows its CDN
    ///
    /// No request is dropped. It takes about as long as the deployment of the CDN. If it is interrupted, the load
    /// balancer admits two secrets until the command is run again.
    RotateOriginSecret(RotateOriginSecret),
    /// Print the bearer token that the load balancer of a stack asks for
    ///
    /// The token stands alone on its line, for other programs: curl -H "Authorization: Bearer $(gm token llm)" ...
    Token(Name),
    /// Change the bearer token that the load balancer of a stack asks for
    ///
    /// The load balancer admits a new token, which is printed, beside the present one. When everybody uses the new one, run
    /// it again with --finish: the load balancer then admits the new one alone.
    #[command(after_help = ROTATE_TOKEN_EXAMPLES)]
    RotateToken(RotateToken),
    /// Remove a stack, finished or not
    #[command(visible_alias = "down")]
    Destroy(Destroy),
    /// Remove a stack whose deployment was never finished
    Rollback(Rollback),
    /// Check credentials, region, quotas and this machine, and say where each setting comes from
    Doctor,
    /// List, or delete, resources tagged by gm that no local journal knows
    #[command(visible_alias = "cleanup")]
    Leftovers(Leftovers),
}

impl StackCommand {
    /// Returns true if the command changes nothing in the account.
    pub(crate) fn only_reads(&self) -> bool {
        match self {
            Self::Plan(_)
            | Self::Status(_)
            | Self::List(_)
            | Self::Outputs(_)
            | Self::Events(_)
            | Self::Logs(_)
            | Self::Token(_)
            | Self::Doctor => true,
            Self::Leftovers(leftovers) => !leftovers.delete,
            Self::Deploy(_)
            | Self::Resume(_)
            | Self::Wait(_)
            | Self::Exec(_)
            | Self::Ssh(_)
            | Self::PortForward(_)
            | Self::Invalidate(_)
            | Self::RotateOriginSecret(_)
            | Self::RotateToken(_)
            | Self::Destroy(_)
            | Self::Rollback(_) => false,
        }
    }

    /// Returns the time limits that the command line sets.
    pub(crate) fn timeouts(&self) -> &[StageTimeout] {
        match self {
            Self::Deploy(Deploy { timeouts, .. })
            | Self::Resume(Resume { timeouts, .. })
            | Self::Wait(Wait { timeouts, .. })
            | Self::Destroy(Destroy { timeouts, .. })
            | Self::Rollback(Rollback { timeouts, .. }) => &timeouts.timeouts,
            Self::Plan(_)
            | Self::Status(_)
            | Self::List(_)
            | Self::Outputs(_)
            | Self::Events(_)
            | Self::Logs(_)
            | Self::Exec(_)
            | Self::Ssh(_)
            | Self::PortForward(_)
            | Self::Invalidate(_)
            | Self::RotateOriginSecret(_)
            | Self::Token(_)
            | Self::RotateToken(_)
            | Self::Leftovers(_)
            | Self::Doctor => &[],
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct SpecFile {
    /// TOML file that describes the stack; - reads it from standard input
    #[arg(value_name = "SPEC", default_value = SpecFile::DEFAULT)]
    pub(crate) spec: PathBuf,
}

impl SpecFile {
    /// The file of a command that names none.
    pub(crate) const DEFAULT: &str = "gm.toml";
}

const INIT_EXAMPLES: &str = "Examples:
  gm init                                  asks what to write
  gm init --template vllm --yes            writes gm.toml with the values of the template
  gm init --template ollama --name chat --region eu-west-1 --instance-type g6.xlarge chat.toml";

#[derive(Args, Debug)]
pub(crate) struct Init {
    /// File to write
    #[arg(value_name = "FILE", default_value = SpecFile::DEFAULT)]
    pub(crate) file: PathBuf,
    /// Spec to start from [default with --yes: ollama]
    #[arg(long, value_enum)]
    pub(crate) template: Option<Template>,
    /// Name of the stack
    #[arg(long)]
    pub(crate) name: Option<StackName>,
    /// Region of the stack
    #[arg(long)]
    pub(crate) region: Option<Region>,
    /// Tier: 1 for instances, 2 with a load balancer, 3 with a CDN
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub(crate) tier: Option<u8>,
    /// Instance type; gm gpus lists those with GPUs
    #[arg(long, value_name = "TYPE")]
    pub(crate) instance_type: Option<String>,
    /// Write over a file that exists
    #[arg(long)]
    pub(crate) force: bool,
    /// Ask nothing: what is not given is as in the template
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// A spec to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// Ollama with Open WebUI
    Ollama,
    /// vLLM: an OpenAI-compatible API with a key
    Vllm,
    /// ComfyUI
    Comfyui,
    /// n8n with PostgreSQL, Qdrant and Ollama
    AiStack,
}

#[derive(Args, Debug)]
pub(crate) struct Deploy {
    #[command(flatten)]
    pub(crate) file: SpecFile,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) on_failure: OnFailureOption,
    #[command(flatten)]
    pub(crate) no_wait: NoWait,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
}

#[derive(Args, Debug)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) on_failure: OnFailureOption,
    #[command(flatten)]
    pub(crate) no_wait: NoWait,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
}

#[derive(Args, Debug)]
pub(crate) struct Wait {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
}

#[derive(Args, Debug)]
pub(crate) struct Events {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Show the ends of the consoles of instances that a failure has removed
    #[arg(long)]
    pub(crate) console: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Timeouts {
    /// Longest wait in a stage, for this run alone: --timeout load-balancer=30m
    ///
    /// The stages are instances, load-balancer, certificate, cdn and deletion. May be given once for each.
    #[arg(long = "timeout", value_name = "STAGE=DURATION")]
    pub(crate) timeouts: Vec<StageTimeout>,
}

/// The longest wait in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StageTimeout {
    pub(crate) stage: Stage,
    pub(crate) limit: Duration,
}

impl FromStr for StageTimeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((stage, limit)) = text.split_once('=') else {
            return Err("expected a stage and a duration, such as cdn=1h30m".to_owned());
        };
        let stage = stage
            .parse()
            .map_err(|error: InvalidStage| error.to_string())?;
        let span: Result<Span, _> = limit.parse();
        let limit = span
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
            .ok()
            .and_then(|limit| Duration::try_from(limit).ok())
            .filter(|limit| (Duration::from_secs(1)..=LONGEST_TIMEOUT).contains(limit));
        match limit {
            Some(limit) => Ok(Self { stage, limit }),
            None => Err("expected a duration from 1s to 24h, such as 45m or 1h30m".to_owned()),
        }
    }
}

/// The longest time limit of a stage that makes sense.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct NoWait {
    /// End with exit code 5 as soon as CloudFront has accepted the distribution, and keep everything; gm wait goes on
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Args, Debug)]
pub(crate) struct OnFailureOption {
    /// Action for the resources already created, when a later step fails or a signal arrives [default: rollback of what
    /// this command has created; keep after a signal without a terminal]
    #[arg(long, value_enum, env = "GM_ON_FAILURE")]
    pub(crate) on_failure: Option<OnFailure>,
}

impl OnFailureOption {
    /// Returns the requested action, if it can work here: `ask` needs a terminal.
    pub(crate) fn checked(&self) -> Result<Option<OnFailure>, Failure> {
        if self.on_failure == Some(OnFailure::Ask) && !is_terminal() {
            return Err(Failure::usage(
                "--on-failure ask needs a terminal: give rollback or keep",
            ));
        }
        Ok(self.on_failure)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnFailure {
    /// Remove all of them
    Rollback,
    /// Keep the parts that work; `gm resume` continues from there
    Keep,
    /// Ask on the terminal
    Ask,
}

const STATUS_EXAMPLES: &str = "Examples:
  gm status llm
  gm status llm --watch                redraw until Ctrl-C; in a pipe, a line for each change
  gm status llm --wide                 whole ids and ARNs, however wide the terminal is";

#[derive(Args, Debug)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Show whole ids, and all columns
    #[arg(long)]
    pub(crate) wide: bool,
    /// Look again every 5 seconds until a signal
    #[arg(short = 'w', long)]
    pub(crate) watch: bool,
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Ask AWS for the state of each stack, and for the size of each file system
    #[arg(long)]
    pub(crate) check: bool,
}

const OUTPUTS_EXAMPLES: &str = "Examples:
  gm outputs llm
  gm outputs llm -r url                the value alone, for scripts
  gm outputs llm -o json";

#[derive(Args, Debug)]
pub(crate) struct OutputsOf {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Print the value of this key alone, a line for each if there are several
    #[arg(short, long, value_name = "KEY")]
    pub(crate) raw: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Name {
    /// Name of the stack
    #[arg(value_name = "NAME")]
    pub(crate) name: StackName,
}

const GPUS_EXAMPLES: &str = "Examples:
  gm gpus --min-memory 40              at least 40 GiB of GPU memory in total
  gm gpus --gpu L4 --max-price 2
  gm gpus --available --region us-west-2";

#[derive(Args, Debug)]
pub(crate) struct Gpus {
    /// Only types with at least so much GPU memory in total, as AWS reports it: 22.3 for one A10G of 24 GB
    #[arg(long, value_name = "GIB")]
    pub(crate) min_memory: Option<Gibibytes>,
    /// Only types of at most this price per hour
    #[arg(long, value_name = "USD")]
    pub(crate) max_price: Option<Money>,
    /// Only types with this GPU, such as A10G or H100
    #[arg(long, value_name = "MODEL")]
    pub(crate) gpu: Option<GpuModel>,
    /// Region that is asked with --available [default: the region of the AWS environment]
    #[arg(long)]
    pub(crate) region: Option<Region>,
    /// Ask AWS which types the region offers, in which zones, and how many the quotas admit now
    #[arg(long)]
    pub(crate) available: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// Shell that reads the script
    pub(crate) shell: Shell,
}

#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Command, such as deploy or sandbox serve [default: gm itself]
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
    /// Write the pages of all commands into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub(crate) dir: Option<PathBuf>,
}

/// An amount of memory, exact to the MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gibibytes {
    pub(crate) mib: u64,
}

impl FromStr for Gibibytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim_end_matches("GiB").trim_end_matches("GB").trim();
        match number.parse::<f64>() {
            Ok(gib) if (0.0..1e6).contains(&gib) => Ok(Self {
                // Rounded down, so that 22.3 admits what is shown as 22.3.
                mib: whole_mib(gib),
            }),
            _ => Err("expected a number of GiB such as 24 or 22.3".to_owned()),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is positive and small"
)]
fn whole_mib(gib: f64) -> u64 {
    (gib * 1024.0) as u64
}

const LOGS_EXAMPLES: &str = "Examples:
  gm logs llm                          the last lines of all services
  gm logs llm vllm --follow            one service, and what it goes on to print
  gm logs llm --since 10m --timestamps
  gm logs llm --boot                   how far the first boot has come";

const EXEC_EXAMPLES: &str = "Examples:
  gm exec llm -- nvidia-smi            on the instance
  gm exec llm ollama -- ollama list    in the container of the service ollama
  gm exec llm -- sh -c 'df -h | grep nvme'";

const SSH_EXAMPLES: &str = "Examples:
  gm ssh llm                           a shell on the instance
  gm ssh llm vllm --instance 1         a shell in the container of vllm on the second instance";

const PORT_FORWARD_EXAMPLES: &str = "Examples:
  gm port-forward llm vllm             the port of vllm, under the same number
  gm port-forward llm vllm 9000:8000   port 9000 of this machine to port 8000 of vllm
  gm port-forward llm postgres 5432    a service that is internal, so its port has to be named";

const INVALIDATE_EXAMPLES: &str = "Examples:
  gm invalidate llm                    everything that is cached
  gm invalidate llm '/static/*' /index.html";

#[derive(Args, Debug)]
pub(crate) struct Invalidate {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Paths whose cached answers are dropped; * at the end stands for any text [default: /*]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<InvalidationPath>,
    /// End as soon as CloudFront has accepted it
    #[arg(long)]
    pub(crate) no_wait: bool,
}

const ROTATE_TOKEN_EXAMPLES: &str = "Examples:
  gm rotate-token llm                  admit a new token, and print it
  gm rotate-token llm --finish         admit the new token alone";

#[derive(Args, Debug)]
pub(crate) struct RotateToken {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Drop the former token
    #[arg(long)]
    pub(crate) finish: bool,
    #[command(flatten)]
    pub(crate) yes: Yes,
}

#[derive(Args, Debug)]
pub(crate) struct RotateOriginSecret {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
}

#[derive(Args, Debug)]
pub(crate) struct Logs {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Services whose logs are shown [default: all]
    #[arg(value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
    /// Go on with new lines until a signal
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only lines since then: an age such as 10m, 2h or 3d, or a time such as 2026-11-26T17:31:02Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Since>,
    /// Only the last lines of each log; all for no limit [default: 200 without --since]
    #[arg(long, value_name = "N")]
    pub(crate) tail: Option<Tail>,
    /// Number of the instance; the first is 0 [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) instance: Option<usize>,
    /// Show the console of the instances, with the stages of their start
    ///
    /// It needs no Systems Manager. AWS has none for the first minutes, and keeps the last 64 KiB.
    #[arg(long, conflicts_with_all = ["services", "follow", "since", "timestamps"])]
    pub(crate) boot: bool,
    /// Begin each line with its time
    #[arg(short, long)]
    pub(crate) timestamps: bool,
}

/// The time of the first line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    Ago(SignedDuration),
    At(Timestamp),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        let ago = text.parse::<Span>();
        let ago = ago.and_then(|ago| ago.to_duration(SpanRelativeTo::days_are_24_hours()));
        match ago {
            Ok(ago) if !ago.is_negative() => Ok(Self::Ago(ago)),
            _ => Err(
                "expected an age such as 10m, 2h or 3d, or a time such as 2026-11-26T17:31:02Z"
                    .to_owned(),
            ),
        }
    }
}

/// The number of lines at the end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    All,
    Last(u32),
}

impl FromStr for Tail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) => Ok(Self::Last(number)),
            Err(_) if text == "all" => Ok(Self::All),
            Err(_) => Err("expected a number, or all".to_owned()),
        }
    }
}

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

#[derive(Args, Debug)]
pub(crate) struct Yes {
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Destroy {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
    /// Keep the file system and its data
    #[arg(long)]
    pub(crate) keep_file_system: bool,
    /// Delete the file systems that earlier removals of the stack have kept, with all their data, and nothing else
    #[arg(long, conflicts_with = "keep_file_system")]
    pub(crate) file_system: bool,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
}

#[derive(Args, Debug)]
pub(crate) struct Leftovers {
    /// Only resources of these stacks
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<StackName>,
    /// Region to search [default: the region of the AWS environment]
    #[arg(long)]
    pub(crate) region: Option<Region>,
    /// Delete the resources that are found
    #[arg(long)]
    pub(crate) delete: bool,
    /// Keep file systems and their data
    #[arg(long, requires = "delete")]
    pub(crate) keep_file_systems: bool,
    #[command(flatten)]
    pub(crate) yes: Yes,
}

#[derive(Args, Debug)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
}

#[cfg(feature = "sandbox")]
#[derive(Args, Debug)]
pub(crate) struct Sandbox {
    #[command(subcommand)]
    pub(crate) command: SandboxCommand,
}

#[cfg(feature = "sandbox")]
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Serve a simulated AWS account on a local port, for the AWS CLI and programs that use any AWS SDK
    ///
    /// Prints the environment variables that direct programs to the account, and serves it until SIGINT or SIGTERM. The
    /// account is new, and is discarded at the end, unless --keep is given. With --output json, one document is printed
    /// at the start and another at the end; with --verbose, each call is logged to standard error.
    Serve(Serve),
}

#[cfg(feature = "sandbox")]
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,

    /// Port to listen on; 0 chooses a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,

    /// Simulated seconds per real second
    #[arg(
        long,
        value_name = "X",
        default_value = "60",
        allow_negative_numbers = true
    )]
    pub(crate) speed: ClockSpeed,

    /// Duration of each step of a resource
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: Profile,

    /// Seed for generated ids and random delays
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Throttle calls at the published limits of AWS, counted in simulated seconds
    #[arg(long)]
    pub(crate) throttling: bool,

    /// Hide a new EC2 id from other calls for a moment, as AWS may do
    #[arg(long)]
    pub(crate) eventual_consistency: bool,

    /// TOML file of faults to inject, such as geusemaker-testkit/examples/faults.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,

    /// Serve the account that `gm --sandbox` uses, and keep the changes
    #[arg(long, conflicts_with_all = ["seed", "profile"])]
    pub(crate) keep: bool,
}

#[cfg(feature = "sandbox")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// No step takes time
    Instant,
    /// Most steps take about their median duration at AWS
    #[default]
    Typical,
    /// Every step takes the longest duration observed at AWS
    Slow,
}

#[cfg(feature = "sandbox")]
impl From<Profile> for geusemaker_testkit::Timings {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Instant => Self::Instant,
            Profile::Typical => Self::Typical,
            Profile::Slow => Self::Slow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_age_or_time() {
        let minutes = |minutes| Since::Ago(SignedDuration::from_mins(minutes));
        assert_eq!("10m".parse(), Ok(minutes(10)));
        assert_eq!("1h30m".parse(), Ok(minutes(90)));
        assert_eq!("2d".parse(), Ok(minutes(2 * 24 * 60)));
        let at = "2026-11-26T17:31:02Z".parse().unwrap();
        assert_eq!("2026-11-26T18:31:02+01:00".parse(), Ok(Since::At(at)));
        for wrong in ["", "10", "-10m", "yesterday", "2026-11-26"] {
            assert!(wrong.parse::<Since>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn timeout_names_stage_and_duration() {
        let timeout = |stage, seconds| {
            let limit = Duration::from_secs(seconds);
            Ok(StageTimeout { stage, limit })
        };
        assert_eq!("cdn=1h30m".parse(), timeout(Stage::Cdn, 5400));
        assert_eq!(
            "load-balancer=90s".parse(),
            timeout(Stage::LoadBalancer, 90)
        );
        for wrong in [
            "", "cdn", "cdn=", "cdn=0s", "cdn=-1h", "cdn=10", "cdn=25h", "alb=1h", "=1h",
        ] {
            assert!(wrong.parse::<StageTimeout>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn tail_is_number_or_all() {
        assert_eq!("0".parse(), Ok(Tail::Last(0)));
        assert_eq!("all".parse(), Ok(Tail::All));
        assert!("-1".parse::<Tail>().is_err());
    }

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
