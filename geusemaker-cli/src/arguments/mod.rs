//! The command line.

mod deploy;
mod events_to;
mod generated;
mod global;
mod gpus;
#[cfg(feature = "sandbox")]
mod guest_command;
mod iam_policy;
mod in_use;
mod init;
mod logs;
mod open;
mod pictures;
mod plan;
mod remote;
mod removal;
#[cfg(feature = "sandbox")]
mod sandbox;
mod shown;
mod timeout;
mod variables;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use geusemaker_core::StackName;

pub(crate) use self::deploy::{Deploy, NoWait, OnFailure, Resume, Wait};
pub(crate) use self::events_to::EventsPlace;
pub(crate) use self::generated::{Completions, Man, Schema, SchemaOf};
pub(crate) use self::global::{EndpointUrl, Global, Output};
use self::gpus::GPUS_EXAMPLES;
pub(crate) use self::gpus::Gpus;
#[cfg(feature = "sandbox")]
pub(crate) use self::guest_command::GuestCommand;
use self::iam_policy::IAM_POLICY_EXAMPLES;
pub(crate) use self::iam_policy::IamPolicyOf;
use self::in_use::{INVALIDATE_EXAMPLES, ROTATE_TOKEN_EXAMPLES};
pub(crate) use self::in_use::{Invalidate, RotateOriginSecret, RotateToken, Unlock};
use self::init::INIT_EXAMPLES;
pub(crate) use self::init::{Init, Template};
use self::logs::LOGS_EXAMPLES;
pub(crate) use self::logs::{Logs, Since, Tail};
pub(crate) use self::open::Open;
use self::pictures::{GRAPH_EXAMPLES, REPORT_EXAMPLES};
pub(crate) use self::pictures::{Graph, GraphFormat, Report};
use self::plan::PLAN_EXAMPLES;
pub(crate) use self::plan::PlanOf;
use self::remote::{EXEC_EXAMPLES, PORT_FORWARD_EXAMPLES, SSH_EXAMPLES};
pub(crate) use self::remote::{Exec, PortForward, Ssh};
pub(crate) use self::removal::{Destroy, Leftovers, Rollback};
#[cfg(feature = "sandbox")]
pub(crate) use self::sandbox::{Sandbox, SandboxCommand, Serve, Timings};
pub(crate) use self::shown::{Events, List, OutputsOf, Status};
use self::shown::{OUTPUTS_EXAMPLES, STATUS_EXAMPLES};
pub(crate) use self::timeout::StageTimeout;
pub(crate) use self::variables::{Variable, Variables};
use self::verify::VERIFY_EXAMPLES;
pub(crate) use self::verify::Verify;
use crate::exit_code;

/// Deploys a self-hosted AI stack to AWS: GPU instances, a load balancer and a CDN.
#[derive(Debug, Parser)]
#[command(name = "gm", version, after_help = exit_code::help(), arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
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
    /// Print the least IAM policy with which gm can do its work
    ///
    /// It permits what the stack of a spec needs, from gm plan to gm destroy, logs and shells. Resources are changed and
    /// deleted only where they have the tag of the stack. No credentials are needed.
    #[command(after_help = IAM_POLICY_EXAMPLES)]
    IamPolicy(IamPolicyOf),
    /// Print a script that completes the commands of gm in a shell
    ///
    /// Bash: gm completions bash > ~/.local/share/bash-completion/completions/gm
    Completions(Completions),
    /// Print a manual page
    ///
    /// gm man | man -l - shows it.
    Man(Man),
    /// Print a JSON Schema: of the spec file, of the output or of the events
    ///
    /// The schemas are of draft 2020-12. $defs of the schema of the output has a definition for each command.
    Schema(Schema),
    /// Print the version of gm
    Version,
    /// Run a simulated AWS account for other programs
    #[cfg(feature = "sandbox")]
    Sandbox(Sandbox),
}

impl Command {
    /// Returns true for a command that serves an account instead of using one.
    pub(crate) fn serves(&self) -> bool {
        match self {
            #[cfg(feature = "sandbox")]
            Self::Sandbox(_) => true,
            Self::Init(_)
            | Self::Validate(_)
            | Self::Stack(_)
            | Self::Gpus(_)
            | Self::IamPolicy(_)
            | Self::Completions(_)
            | Self::Schema(_)
            | Self::Man(_)
            | Self::Version => false,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum StackCommand {
    /// Show what a spec would create, and create nothing
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(PlanOf),
    /// Deploy a stack, or finish deploying it
    ///
    /// Instead of a spec it takes a plan that gm plan --out has written. It then asks nothing, and refuses if the plan
    /// would not be the same now.
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
    /// Ask the services of a stack as a viewer would: do they answer, through the load balancer and the CDN?
    ///
    /// Each service is asked at the path of its health check, behind its route, with the bearer token and without it where
    /// the load balancer asks for one. What the spec names in verify is asked too: a streamed answer has to arrive piece by
    /// piece, and a WebSocket has to stay open. The load balancer behind a CDN has to refuse a direct request, and HTTP has
    /// to lead to HTTPS. The exit code is 0 if no check fails, and 8 otherwise.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
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
    /// Open the address of a stack in the browser
    Open(Open),
    /// Show the history of a stack, oldest event first
    #[command(visible_alias = "history")]
    Events(Events),
    /// Draw which resource of a stack needs which, as a tree, a flowchart or an image
    ///
    /// The argument is a spec if it is a file, ends with .toml, or is -; otherwise it is the name of a stack. A stack is
    /// drawn as its journal has it, and a spec without asking AWS: no credentials are needed. With --output json, the
    /// document has the resources as nodes, and the needs as edges.
    #[command(after_help = GRAPH_EXAMPLES)]
    Graph(Graph),
    /// Write a page with the history of a stack: when what was made, and what took the time
    ///
    /// The page is one file that needs no network. A stack that is gone or was rolled back has one too. A report of gm
    /// that exists is written over; for any other file, --force is needed.
    #[command(after_help = REPORT_EXAMPLES)]
    Report(Report),
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
    /// End the lock of another process on a stack
    ///
    /// Locks of processes that have ended on this machine end by themselves, and all others after 15 minutes. A process
    /// that still works on the stack stops at its next record, and nothing is lost.
    Unlock(Unlock),
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
            | Self::Open(_)
            | Self::Events(_)
            | Self::Graph(_)
            | Self::Report(_)
            | Self::Logs(_)
            | Self::Token(_)
            | Self::Verify(_)
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
            | Self::Unlock(_)
            | Self::Destroy(_)
            | Self::Rollback(_) => false,
        }
    }

    /// Returns the action after a failure that the command line sets.
    pub(crate) fn on_failure(&self) -> Option<OnFailure> {
        match self {
            Self::Deploy(Deploy { on_failure, .. }) | Self::Resume(Resume { on_failure, .. }) => {
                on_failure.on_failure
            }
            Self::Plan(_)
            | Self::Wait(_)
            | Self::Status(_)
            | Self::List(_)
            | Self::Outputs(_)
            | Self::Open(_)
            | Self::Events(_)
            | Self::Graph(_)
            | Self::Report(_)
            | Self::Logs(_)
            | Self::Exec(_)
            | Self::Ssh(_)
            | Self::PortForward(_)
            | Self::Invalidate(_)
            | Self::RotateOriginSecret(_)
            | Self::Token(_)
            | Self::RotateToken(_)
            | Self::Unlock(_)
            | Self::Destroy(_)
            | Self::Rollback(_)
            | Self::Leftovers(_)
            | Self::Verify(_)
            | Self::Doctor => None,
        }
    }

    /// Returns true if the command line says that a deployment ends without a verification.
    pub(crate) fn no_verify(&self) -> bool {
        let (Self::Deploy(Deploy { no_verify, .. }) | Self::Resume(Resume { no_verify, .. })) =
            self
        else {
            return false;
        };
        no_verify.no_verify
    }

    /// Returns the stack that the command is about, if the journal is to say where it is. A spec has a Region of its own.
    pub(crate) fn existing_stack(&self) -> Option<&StackName> {
        let name = match self {
            Self::Resume(Resume { name, .. })
            | Self::Wait(Wait { name, .. })
            | Self::Status(Status { name, .. })
            | Self::Verify(Verify { name })
            | Self::Outputs(OutputsOf { name, .. })
            | Self::Open(Open { name, .. })
            | Self::Events(Events { name, .. })
            | Self::Report(Report { name, .. })
            | Self::Logs(Logs { name, .. })
            | Self::Exec(Exec { name, .. })
            | Self::Ssh(Ssh { name, .. })
            | Self::PortForward(PortForward { name, .. })
            | Self::Invalidate(Invalidate { name, .. })
            | Self::RotateOriginSecret(RotateOriginSecret { name, .. })
            | Self::Token(name)
            | Self::RotateToken(RotateToken { name, .. })
            | Self::Unlock(Unlock { name, .. })
            | Self::Destroy(Destroy { name, .. })
            | Self::Rollback(Rollback { name, .. }) => name,
            Self::Plan(_)
            | Self::Deploy(_)
            | Self::List(_)
            | Self::Graph(_)
            | Self::Leftovers(_)
            | Self::Doctor => {
                return None;
            }
        };
        Some(&name.name)
    }

    /// Returns true if the command reads journals alone.
    pub(crate) fn asks_journals_alone(&self) -> bool {
        match self {
            Self::List(list) => !list.check,
            Self::Outputs(_)
            | Self::Open(_)
            | Self::Events(_)
            | Self::Graph(_)
            | Self::Report(_)
            | Self::Unlock(_) => true,
            Self::Plan(_)
            | Self::Deploy(_)
            | Self::Resume(_)
            | Self::Wait(_)
            | Self::Status(_)
            | Self::Logs(_)
            | Self::Exec(_)
            | Self::Ssh(_)
            | Self::PortForward(_)
            | Self::Invalidate(_)
            | Self::RotateOriginSecret(_)
            | Self::Token(_)
            | Self::RotateToken(_)
            | Self::Destroy(_)
            | Self::Rollback(_)
            | Self::Leftovers(_)
            | Self::Verify(_)
            | Self::Doctor => false,
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
            | Self::Open(_)
            | Self::Events(_)
            | Self::Graph(_)
            | Self::Report(_)
            | Self::Logs(_)
            | Self::Exec(_)
            | Self::Ssh(_)
            | Self::PortForward(_)
            | Self::Invalidate(_)
            | Self::RotateOriginSecret(_)
            | Self::Token(_)
            | Self::RotateToken(_)
            | Self::Unlock(_)
            | Self::Leftovers(_)
            | Self::Verify(_)
            | Self::Doctor => &[],
        }
    }
}

impl StackCommand {
    /// Returns the place for the events of the command, if they are asked for.
    pub(crate) fn events(&self) -> Option<EventsPlace<'_>> {
        match self {
            Self::Deploy(Deploy { events, .. })
            | Self::Resume(Resume { events, .. })
            | Self::Wait(Wait { events, .. })
            | Self::Invalidate(Invalidate { events, .. })
            | Self::RotateOriginSecret(RotateOriginSecret { events, .. })
            | Self::RotateToken(RotateToken { events, .. })
            | Self::Leftovers(Leftovers { events, .. })
            | Self::Destroy(Destroy { events, .. })
            | Self::Rollback(Rollback { events, .. }) => events.place(),
            Self::Plan(_)
            | Self::Status(_)
            | Self::List(_)
            | Self::Outputs(_)
            | Self::Open(_)
            | Self::Events(_)
            | Self::Graph(_)
            | Self::Report(_)
            | Self::Logs(_)
            | Self::Exec(_)
            | Self::Ssh(_)
            | Self::PortForward(_)
            | Self::Token(_)
            | Self::Verify(_)
            | Self::Unlock(_)
            | Self::Doctor => None,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct SpecFile {
    /// TOML file that describes the stack; - reads it from standard input
    #[arg(value_name = "SPEC", default_value = SpecFile::DEFAULT)]
    pub(crate) spec: PathBuf,
    #[command(flatten)]
    pub(crate) variables: Variables,
}

impl SpecFile {
    /// The file of a command that names none.
    pub(crate) const DEFAULT: &str = "gm.toml";
}

#[derive(Args, Debug)]
pub(crate) struct Name {
    /// Name of the stack
    #[arg(value_name = "NAME")]
    pub(crate) name: StackName,
}

#[derive(Args, Debug)]
pub(crate) struct Yes {
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
}
