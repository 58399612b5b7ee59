//! The software inside the instances, which AWS does not know and a simulator has to be told.

mod container_log;
mod first_boot;
mod script;
mod service_guest;
mod shell;

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use regex::{Captures, Regex};

pub use self::service_guest::ServiceGuest;
use super::ec2::{Ec2, Instance};
use super::timings::Timings;
use crate::fault::BootFault;

/// An instance that has booted, as its [`Guest`] gets to see it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Boot {
    /// The id, such as `i-0123…`.
    pub instance_id: String,
    /// The type, such as `g5.xlarge`.
    pub instance_type: String,
    /// The number of GPUs of the type.
    pub gpu_count: u32,
    /// The GPU's manufacturer as DescribeInstanceTypes names it, such as `NVIDIA`; empty if there is no GPU.
    pub gpu_manufacturer: String,
    /// The GPU's model as DescribeInstanceTypes names it, such as `A10G`; empty if there is no GPU.
    pub gpu_model: String,
    /// The memory of each GPU in MiB, as DescribeInstanceTypes gives it; 0 if there is no GPU.
    pub gpu_memory_mib: u64,
    /// The user data, decoded from base64 and decompressed.
    pub user_data: String,
    /// The number of the instance among those launched in its region, in their order, counted from 1.
    pub launch_number: u32,
    /// The time for which the console has had content: a guest can print more as time goes on.
    pub since: Duration,
    /// The present time of the account.
    pub now: Timestamp,
    /// The timings of the account. With [`Timings::Instant`], a guest should take no time either.
    pub timings: Timings,
}

/// The software inside a simulated instance: the operating system and all that the user data would start.
///
/// No program runs in a simulated instance. AWS knows of the software only the text on the serial console, which
/// `GetConsoleOutput` returns, the ports that answer the health checks of load balancers, and what commands print that
/// Systems Manager runs, so that is all that a guest has to supply. One guest serves all instances of an account. The
/// default, [`GpuGuest`], boots and reports its GPUs; a [`PlainGuest`] only boots; a [`ServiceGuest`] goes through the
/// stages of GeuseMaker's user data. Implement this trait if the program under test waits for something else on the
/// console:
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::{Aws, Boot, Guest};
///
/// /// Instances on which the installation fails.
/// #[derive(Debug)]
/// struct Broken;
///
/// impl Guest for Broken {
///     fn console_output(&self, boot: &Boot) -> String {
///         format!("{}: E: Unable to locate package nginx\r\n", boot.instance_id)
///     }
/// }
///
/// let aws = Aws::builder().guest(Broken).build();
/// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// let image = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64";
/// let run = ec2.run_instances().image_id(image).instance_type("t3.micro".into()).min_count(1).max_count(1);
/// let ran = run.send().await?;
/// let id = ran.instances()[0].instance_id().unwrap();
///
/// // The console is empty until the instance has booted and the user data has run.
/// aws.clock().sleep(std::time::Duration::from_secs(600)).await;
/// let output = ec2.get_console_output().instance_id(id).send().await?;
/// let console = aws_smithy_types::base64::decode(output.output().unwrap())?;
/// assert!(String::from_utf8(console)?.contains("Unable to locate package"));
/// # Ok(())
/// # }
/// ```
pub trait Guest: fmt::Debug + Send + Sync {
    /// Returns the content of the serial console once the instance has booted and user data has run.
    fn console_output(&self, boot: &Boot) -> String;

    /// Returns true if a port of the instance answers requests, such as the health checks of a load balancer. It is
    /// asked only once user data has had its usual time. By default, every port answers.
    fn serves(&self, boot: &Boot, port: u16) -> bool {
        let _ = (boot, port);
        true
    }

    /// Returns the services that answer now, each with its ports, for guests that know them by name. Traffic goes to the
    /// program of the service's name. By default, there are none: then one program answers on all ports that
    /// [`serves`](Self::serves) has.
    fn services(&self, boot: &Boot) -> Vec<GuestService> {
        let _ = boot;
        Vec::new()
    }

    /// Returns the faults of this guest that have not fired so far and are not optional. By default, there are none.
    fn unfired(&self) -> Vec<BootFault> {
        Vec::new()
    }

    /// Runs the lines of a shell script that Systems Manager's `SendCommand` brings to the instance. By default, every
    /// command succeeds and prints nothing.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use geusemaker_testkit::{Aws, Boot, CommandOutput, Guest, PlainGuest};
    ///
    /// /// Instances on which only `uptime` works.
    /// #[derive(Debug)]
    /// struct Limited;
    ///
    /// impl Guest for Limited {
    ///     fn console_output(&self, boot: &Boot) -> String {
    ///         PlainGuest::default().console_output(boot)
    ///     }
    ///
    ///     fn run_command(&self, boot: &Boot, commands: &[String]) -> CommandOutput {
    ///         match commands {
    ///             [command] if command == "uptime" => {
    ///                 CommandOutput::success(format!("up {} seconds\n", boot.since.as_secs()))
    ///             }
    ///             _ => CommandOutput::failure(127, "command not found\n"),
    ///         }
    ///     }
    /// }
    ///
    /// let aws = Aws::builder().guest(Limited).build();
    /// # let _ = aws;
    /// # }
    /// ```
    fn run_command(&self, boot: &Boot, commands: &[String]) -> CommandOutput {
        let _ = (boot, commands);
        CommandOutput::default()
    }
}

/// A service of a simulated instance, which runs in a container.
///
/// ```
/// use geusemaker_testkit::GuestService;
///
/// let service = GuestService::new("llm", "vllm/vllm-openai:v0.11.0", [8000]);
/// assert_eq!(service.ports, [8000]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestService {
    /// The name, such as `llm`.
    pub name: String,
    /// The image of the container, such as `vllm/vllm-openai:v0.11.0`.
    pub image: String,
    /// The ports of the instance on which it answers.
    pub ports: Vec<u16>,
}

impl GuestService {
    /// Creates a service.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        image: impl Into<String>,
        ports: impl IntoIterator<Item = u16>,
    ) -> Self {
        Self {
            name: name.into(),
            image: image.into(),
            ports: ports.into_iter().collect(),
        }
    }
}

/// The software of all instances of an account, and the account's timings.
#[derive(Clone, Copy)]
pub(crate) struct Software<'a> {
    pub(crate) guest: &'a dyn Guest,
    pub(crate) timings: Timings,
}

impl Software<'_> {
    /// Returns an instance as the guest sees it at that time.
    pub(crate) fn boot(&self, ec2: &Ec2, instance: &Instance, at: Timestamp) -> Boot {
        Boot {
            launch_number: ec2.launch_number(instance),
            timings: self.timings,
            ..instance.boot(at)
        }
    }
}

/// The result of a command on a simulated instance. The default is that of a command that prints nothing and succeeds
/// at once.
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_testkit::CommandOutput;
///
/// let slow = CommandOutput::success("done\n").taking(Duration::from_secs(90));
/// assert_eq!((slow.exit_code, slow.takes.as_secs()), (0, 90));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandOutput {
    /// The exit code of the script.
    pub exit_code: i32,
    /// The text on the standard output.
    pub stdout: String,
    /// The text on the standard error output.
    pub stderr: String,
    /// The time for which the script runs.
    pub takes: Duration,
}

impl CommandOutput {
    /// Creates the result of a command that succeeds, with its output.
    #[must_use]
    pub fn success(stdout: impl Into<String>) -> Self {
        Self {
            stdout: stdout.into(),
            ..Self::default()
        }
    }

    /// Creates the result of a command that fails, with its exit code and its error output.
    #[must_use]
    pub fn failure(exit_code: i32, stderr: impl Into<String>) -> Self {
        Self {
            exit_code,
            stderr: stderr.into(),
            ..Self::default()
        }
    }

    /// Makes the command run for that long.
    #[must_use]
    pub fn taking(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }
}

/// A guest that boots and runs no user data, so that a program that waits for its output waits in vain.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PlainGuest;

impl Guest for PlainGuest {
    fn console_output(&self, boot: &Boot) -> String {
        format!(
            "[    0.000000] Linux version 6.8.0 (simulated)\r\ncloud-init: {} is up\r\n",
            boot.instance_id
        )
    }
}

/// A guest with a working NVIDIA driver, whose user data reports the GPUs: the default.
///
/// It boots like a [`PlainGuest`]. User data that asks `nvidia-smi` usually keeps the answer in two shell variables and
/// prints them. The guest does not run the script. If the user data contains `nvidia-smi`, each of its lines with
/// `$count` and `$model` in double quotes becomes a line of the console, with the number and the model of the GPUs that
/// the instance type has. Without NVIDIA GPUs, the number is 0 and the model is empty. `$memory` and `$driver` in such a
/// line are the memory of a GPU, such as `22888 MiB`, and the version of the driver.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use aws_smithy_types::base64;
/// use geusemaker_testkit::Aws;
///
/// let user_data = r#"#!/bin/bash
/// gpus=$(nvidia-smi --query-gpu=name --format=csv,noheader)
/// count=$(wc -l <<<"$gpus")
/// model=$(head -n 1 <<<"$gpus")
/// echo "GPUs: $count x $model" >/dev/console
/// "#;
/// let aws = Aws::new();
/// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// let image = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64";
/// let run = ec2.run_instances().image_id(image).instance_type("g5.12xlarge".into()).min_count(1).max_count(1);
/// let ran = run.user_data(base64::encode(user_data)).send().await?;
/// let id = ran.instances()[0].instance_id().unwrap();
///
/// aws.clock().sleep(std::time::Duration::from_secs(600)).await;
/// let output = ec2.get_console_output().instance_id(id).send().await?;
/// let console = String::from_utf8(base64::decode(output.output().unwrap())?)?;
/// assert!(console.contains("GPUs: 4 x NVIDIA A10G"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct GpuGuest;

impl Guest for GpuGuest {
    fn console_output(&self, boot: &Boot) -> String {
        let mut console = PlainGuest.console_output(boot);
        if boot.user_data.contains("nvidia-smi") {
            for report in boot.user_data.lines().filter_map(printed_variables) {
                console.push_str(&filled_in(&report, boot));
                console.push_str("\r\n");
            }
        }
        console
    }
}

/// The version of the driver in the Deep Learning images, as far as the simulator is concerned.
const DRIVER_VERSION: &str = "595.91.07";

/// Matches a use of one of the variables.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::unwrap_used, reason = "the pattern is a constant")]
    Regex::new(r"\$(count|model|memory|driver)\b|\$\{(count|model|memory|driver)\}").unwrap()
});

/// Returns the text in double quotes in a line of a script, without its escapes, if it uses both variables.
fn printed_variables(line: &str) -> Option<String> {
    if line.trim_start().starts_with('#') {
        return None;
    }
    let (_, text) = line.split_once('"')?;
    let (text, _) = text.rsplit_once('"')?;
    let uses = |name| VARIABLE.captures_iter(text).any(|it| variable(&it) == name);
    (uses("count") && uses("model")).then(|| text.replace("\\\"", "\""))
}

fn filled_in(text: &str, boot: &Boot) -> String {
    let (count, model) = nvidia_gpus(boot);
    let (memory, driver) = memory_and_driver(boot);
    let filled = VARIABLE.replace_all(text, |used: &Captures<'_>| match variable(used) {
        "count" => count.to_string(),
        "memory" => memory.clone(),
        "driver" => driver.to_owned(),
        _ => model.clone(),
    });
    filled.into_owned()
}

/// Returns the memory of a GPU and the version of the driver, as `nvidia-smi` prints them.
fn memory_and_driver(boot: &Boot) -> (String, &'static str) {
    match boot.gpu_manufacturer.as_str() {
        "NVIDIA" => (format!("{} MiB", boot.gpu_memory_mib), DRIVER_VERSION),
        _ => (String::new(), ""),
    }
}

/// Returns the number and the model of the GPUs that `nvidia-smi` sees. It does not see those of other manufacturers.
fn nvidia_gpus(boot: &Boot) -> (u32, String) {
    match boot.gpu_manufacturer.as_str() {
        "NVIDIA" => (boot.gpu_count, format!("NVIDIA {}", boot.gpu_model)),
        _ => (0, String::new()),
    }
}

fn variable<'a>(used: &Captures<'a>) -> &'a str {
    let name = used.get(1).or_else(|| used.get(2));
    name.map_or("", |name| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::{Boot, GpuGuest, Guest, PlainGuest};

    /// Returns the lines that user data adds to the console of an instance with these GPUs.
    fn printed(manufacturer: &str, user_data: &str) -> Vec<String> {
        let boot = Boot {
            instance_id: "i-1".to_owned(),
            instance_type: "g5.12xlarge".to_owned(),
            gpu_count: 4,
            gpu_manufacturer: manufacturer.to_owned(),
            gpu_model: "A10G".to_owned(),
            gpu_memory_mib: 22_888,
            user_data: user_data.to_owned(),
            launch_number: 1,
            since: std::time::Duration::ZERO,
            now: jiff::Timestamp::UNIX_EPOCH,
            timings: crate::sim::timings::Timings::Typical,
        };
        let console = GpuGuest.console_output(&boot);
        let printed = console.strip_prefix(&PlainGuest.console_output(&boot));
        printed.unwrap().lines().map(str::to_owned).collect()
    }

    const SCRIPT: &str = r#"#!/bin/bash
# echo "count=$count model=$model"
gpus=$(nvidia-smi --query-gpu=name --format=csv,noheader)
count=$(wc -l <<<"$gpus")
model=$(head -n 1 <<<"$gpus" | tr -d '"\r')
echo "$count GPUs"
console "MY:GPU count=$count model=\"$model\""
echo "${count} x ${model}, $counter" >/dev/console
"#;

    #[test]
    fn report_has_gpus_of_instance_type() {
        assert_eq!(
            printed("NVIDIA", SCRIPT),
            [
                r#"MY:GPU count=4 model="NVIDIA A10G""#,
                "4 x NVIDIA A10G, $counter"
            ]
        );
    }

    #[test]
    fn other_gpus_are_not_seen_by_driver() {
        assert_eq!(
            printed("AMD", SCRIPT),
            [r#"MY:GPU count=0 model="""#, "0 x , $counter"]
        );
    }

    #[test]
    fn user_data_without_driver_prints_nothing() {
        assert!(printed("NVIDIA", "echo \"$count x $model\"\n").is_empty());
        assert!(printed("NVIDIA", "nvidia-smi\n").is_empty());
    }
}
