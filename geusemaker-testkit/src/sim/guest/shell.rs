//! The commands that a simulated instance with containers answers, and a small shell for them.

use std::time::Duration;

use super::container_log::ContainerLog;
use super::first_boot::{Container, Course, FirstBoot};
use super::{Boot, CommandOutput, nvidia_gpus};

/// The driver of the Deep Learning AMIs.
const DRIVER: &str = "595.91.07";
const CUDA: &str = "13.2";

/// The machine, or a container on it, on which a script runs.
#[derive(Clone, Copy)]
pub(super) struct Shell<'a> {
    pub(super) boot: &'a Boot,
    pub(super) first_boot: Option<&'a FirstBoot<'a>>,
    /// The container in which the script runs, if it runs in one.
    pub(super) inside: Option<&'a Container<'a>>,
}

/// The result of one command.
#[derive(Default)]
struct Ran {
    output: CommandOutput,
    /// True if the command ends the script.
    exits: bool,
}

impl<'a> Shell<'a> {
    /// Runs a script. It may consist of several lines, and of pipelines.
    pub(super) fn run(&self, script: &str) -> CommandOutput {
        let mut result = CommandOutput::default();
        for statement in split_unquoted(script, &['\n', ';']) {
            let statement = statement.trim();
            if statement.is_empty() || statement.starts_with('#') {
                continue;
            }
            let ran = self.pipeline(statement);
            result.stdout.push_str(&ran.output.stdout);
            result.stderr.push_str(&ran.output.stderr);
            result.exit_code = ran.output.exit_code;
            result.takes += ran.output.takes;
            if ran.exits {
                break;
            }
        }
        result
    }

    /// Runs commands each of which reads the output of the one before.
    fn pipeline(&self, statement: &str) -> Ran {
        let stages = split_unquoted(statement, &['|']);
        // Commands that depend on one another are more than this shell can run.
        if stages.iter().any(|stage| stage.trim().is_empty()) {
            return Ran::simulated(statement);
        }
        let mut ran = Ran::default();
        let mut stderr = String::new();
        let mut input = None;
        for stage in stages {
            let Some(mut words) = shlex::split(stage) else {
                return Ran::failed(2, "sh: 1: Syntax error: Unterminated quoted string\n");
            };
            let is_merged = take(&mut words, "2>&1");
            let is_silent = take(&mut words, "2>/dev/null");
            let takes = ran.output.takes;
            ran = match input {
                None => self.command(&words),
                Some(input) => filter(&words, input).unwrap_or_else(|| self.command(&words)),
            };
            ran.output.takes += takes;
            let said = std::mem::take(&mut ran.output.stderr);
            if is_merged {
                ran.output.stdout.push_str(&said);
            } else if !is_silent {
                stderr.push_str(&said);
            }
            input = Some(ran.output.stdout.clone());
        }
        ran.output.stderr = stderr;
        ran
    }

    fn command(&self, words: &[String]) -> Ran {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] | ["true" | ":" | "set" | "cd" | "export", ..] => Ran::default(),
            ["false", ..] => Ran::failed(1, ""),
            ["echo", "-n", words @ ..] => Ran::printed(words.join(" ")),
            ["echo", words @ ..] => Ran::printed(words.join(" ") + "\n"),
            ["printf", "--", format, words @ ..] | ["printf", format, words @ ..] => {
                Ran::printed(printf(format, words))
            }
            ["exit"] => Ran {
                exits: true,
                ..Ran::default()
            },
            ["exit", code, ..] => Ran {
                exits: true,
                ..Ran::failed(code.parse().map_or(2, |code: u8| code.into()), "")
            },
            ["sleep", seconds, ..] => {
                let takes = Duration::from_secs(seconds.parse().unwrap_or_default());
                Ran::of(CommandOutput::default().taking(takes))
            }
            ["hostname"] => Ran::printed(self.hostname() + "\n"),
            [
                "sh" | "bash" | "/bin/sh" | "/bin/bash",
                "-c" | "-lc" | "-ec",
                script,
                ..,
            ] => Ran::of(self.run(script)),
            ["nvidia-smi", options @ ..] => self.nvidia_smi(options),
            ["docker", "logs", options @ ..] if self.inside.is_none() => self.docker_logs(options),
            ["docker", "exec", options @ ..] if self.inside.is_none() => self.docker_exec(options),
            words => Ran::simulated(&words.join(" ")),
        }
    }

    fn hostname(&self) -> String {
        match self.inside {
            Some(container) => container_id(&container.service.name),
            None => self.boot.instance_id.clone(),
        }
    }

    fn nvidia_smi(&self, options: &[&str]) -> Ran {
        let (count, model) = nvidia_gpus(self.boot);
        let has_gpus = self
            .inside
            .is_none_or(|container| container.service.uses_gpus);
        if count == 0 || !has_gpus {
            return Ran::failed(127, "sh: 1: nvidia-smi: not found\n");
        }
        let id = self.boot.instance_id.trim_start_matches("i-");
        let row = |gpu: u32| match options {
            ["-L", ..] => format!("GPU {gpu}: {model} (UUID: GPU-{gpu:08x}-{id:0<17})\n"),
            [query, ..] if query.starts_with("--query-gpu=name") => format!("{model}\n"),
            _ => format!("| {gpu:>3}  {model:<38} On  |   0%   28C    P8 |\n"),
        };
        let rows: String = (0..count).map(row).collect();
        Ran::printed(match options {
            [] => format!(
                "| NVIDIA-SMI {DRIVER}   Driver Version: {DRIVER}   CUDA Version: {CUDA} |\n{rows}"
            ),
            _ => rows,
        })
    }

    /// Returns a container that has been started.
    fn container(&self, name: &str) -> Option<&'a Container<'a>> {
        let mut containers = self.first_boot?.containers().iter();
        containers.find(|it| it.service.name == name && it.started <= self.boot.since)
    }

    fn docker_logs(&self, options: &[&str]) -> Ran {
        let mut names = Vec::new();
        let (mut tail, mut since, mut has_times) = (None, None, false);
        let mut options = options.iter().copied();
        while let Some(option) = options.next() {
            let (option, value) = match option.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value)),
                _ => (option, None),
            };
            match option {
                "--timestamps" | "-t" => has_times = true,
                "--follow" | "-f" | "--details" => {}
                "--tail" | "-n" => tail = value.or_else(|| options.next()),
                "--since" => since = value.or_else(|| options.next()),
                "--until" => {
                    let _ = value.or_else(|| options.next());
                }
                name => names.push(name),
            }
        }
        let [name] = names.as_slice() else {
            return Ran::failed(1, "docker: 'docker logs' requires 1 argument\n");
        };
        let Some(container) = self.container(name) else {
            return Ran::failed(1, &no_such_container(name));
        };
        let log = ContainerLog::new(container, self.boot);
        match log.lines(since, tail) {
            Some(lines) => Ran::printed(
                lines
                    .map(|(at, text)| match has_times {
                        true => format!("{at:.9} {text}\n"),
                        false => format!("{text}\n"),
                    })
                    .collect(),
            ),
            None => {
                let since = since.unwrap_or_default();
                let message = format!(
                    "invalid value for \"since\": failed to parse value as time or duration: {since:?}\n"
                );
                Ran::failed(1, &message)
            }
        }
    }

    fn docker_exec(&self, options: &[&str]) -> Ran {
        let mut words = options;
        while let [option, rest @ ..] = words
            && option.starts_with('-')
        {
            words = match (*option, rest) {
                ("-e" | "--env" | "-u" | "--user" | "-w" | "--workdir", [_, rest @ ..]) => rest,
                _ => rest,
            };
        }
        let [name, words @ ..] = words else {
            return Ran::failed(1, "docker: 'docker exec' requires at least 2 arguments\n");
        };
        let Some(container) = self.container(name) else {
            return Ran::failed(1, &no_such_container(name));
        };
        if let Course::Exits { .. } = container.course {
            let id = container_id(name);
            return Ran::failed(
                1,
                &match container.is_restarted() {
                    true => format!(
                        "Error response from daemon: Container {id} is restarting, wait until the container is running\n"
                    ),
                    false => format!("Error response from daemon: container {id} is not running\n"),
                },
            );
        }
        if let ["nvidia-smi", ..] = words
            && !container.service.uses_gpus
        {
            return Ran::failed(
                127,
                "OCI runtime exec failed: exec failed: unable to start container process: exec: \"nvidia-smi\": executable file not found in $PATH: unknown\n",
            );
        }
        let inside = Self {
            inside: Some(container),
            ..*self
        };
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        inside.command(&words)
    }
}

impl Ran {
    fn of(output: CommandOutput) -> Self {
        Self {
            output,
            exits: false,
        }
    }

    fn printed(text: String) -> Self {
        Self::of(CommandOutput::success(text))
    }

    fn failed(code: i32, message: &str) -> Self {
        Self::of(CommandOutput::failure(code, message))
    }

    /// Returns the result of a command that is not known.
    fn simulated(command: &str) -> Self {
        let line = command.split_whitespace().collect::<Vec<_>>().join(" ");
        Self::printed(format!(
            "simulated instance: nothing runs, so this prints nothing else: {line}\n"
        ))
    }
}

/// Runs a command on the output of the one before; returns `None` if it is none of those that read it.
fn filter(words: &[String], input: String) -> Option<Ran> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |text: &str| text.trim_start_matches('-').parse::<usize>().ok();
    let output = match words.as_slice() {
        ["cat"] => input,
        ["head", "-c", bytes] => {
            let end = input.floor_char_boundary(number(bytes)?);
            input[..end].to_owned()
        }
        ["tail", "-c", bytes] => {
            let begin = input.len().saturating_sub(number(bytes)?);
            input[input.ceil_char_boundary(begin)..].to_owned()
        }
        ["head", "-n", lines] | ["head", lines] => {
            input.split_inclusive('\n').take(number(lines)?).collect()
        }
        ["tail", "-n", lines] | ["tail", lines] => {
            let all: Vec<&str> = input.split_inclusive('\n').collect();
            all[all.len().saturating_sub(number(lines)?)..].concat()
        }
        _ => return None,
    };
    Some(Ran::printed(output))
}

/// Splits a script at characters that are not quoted.
fn split_unquoted<'a>(script: &'a str, separators: &[char]) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    let mut quote = None;
    let mut is_escaped = false;
    for (at, character) in script.char_indices() {
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match (quote, character) {
            (None | Some('"'), '\\') => is_escaped = true,
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, _) if separators.contains(&character) => {
                parts.push(&script[begin..at]);
                begin = at + character.len_utf8();
            }
            (None | Some(_), _) => {}
        }
    }
    parts.push(&script[begin..]);
    parts
}

/// Removes a word; returns true if it was there.
fn take(words: &mut Vec<String>, word: &str) -> bool {
    let before = words.len();
    words.retain(|it| it != word);
    words.len() < before
}

/// Prints the words with the format, again and again until all are used.
fn printf(format: &str, words: &[&str]) -> String {
    let format = format.replace("\\n", "\n").replace("\\t", "\t");
    let mut words = words.iter();
    let mut printed = String::new();
    loop {
        let left = words.len();
        let mut parts = format.split("%s");
        printed.push_str(parts.next().unwrap_or_default());
        for part in parts {
            printed.push_str(words.next().unwrap_or(&""));
            printed.push_str(part);
        }
        if words.len() == 0 || words.len() == left {
            return printed.replace("%%", "%");
        }
    }
}

fn no_such_container(name: &str) -> String {
    format!("Error response from daemon: No such container: {name}\n")
}

/// Returns the id of a container.
fn container_id(name: &str) -> String {
    // The hash FNV-1a, which is the same in each version of Rust.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::super::{Boot, CommandOutput, Guest, ServiceGuest};
    use crate::fault::BootFault;
    use crate::sim::timings::Timings;

    const USER_DATA: &str = "<<'END-OF-RUN'\nimages=(\n  'web nginx:1'\n  'vllm vllm/vllm-openai:1'\n)\n\
        services=('web' 'vllm')\ngpu_services=('vllm')\nEND-OF-RUN\n<<'END-OF-COMPOSE'\n\
        {\"services\": {\"web\": {\"image\": \"nginx:1\", \"ports\": [\"80:8080\"], \"restart\": \"always\"},\
        \"vllm\": {\"image\": \"vllm/vllm-openai:1\", \"restart\": \"always\"}}}\nEND-OF-COMPOSE\n";

    /// Runs a script on an instance whose console has had content for that many seconds.
    fn at(since: u64, guest: &ServiceGuest, script: &str) -> CommandOutput {
        let begin: Timestamp = "2026-11-26T17:00:00Z".parse().unwrap();
        let since = Duration::from_secs(since);
        let boot = Boot {
            instance_id: "i-0abc".to_owned(),
            instance_type: "g5.12xlarge".to_owned(),
            gpu_count: 2,
            gpu_manufacturer: "NVIDIA".to_owned(),
            gpu_model: "A10G".to_owned(),
            gpu_memory_mib: 22_888,
            user_data: USER_DATA.to_owned(),
            launch_number: 1,
            since,
            now: begin + since,
            timings: Timings::Typical,
        };
        guest.run_command(&boot, &[script.to_owned()])
    }

    fn ran(script: &str) -> (i32, String, String) {
        let output = at(600, &ServiceGuest::new(), script);
        (output.exit_code, output.stdout, output.stderr)
    }

    #[test]
    fn simple_commands_are_answered() {
        for (script, code, stdout) in [
            ("'echo' 'it'\\''s' '|' \"a  b\"", 0, "it's | a  b\n"),
            ("true", 0, ""),
            ("false", 1, ""),
            ("hostname", 0, "i-0abc\n"),
            ("sh -c 'echo a; exit 3; echo b'", 3, "a\n"),
            ("printf '==> %s <==\\n' 'vllm'", 0, "==> vllm <==\n"),
            ("printf '%s,' a b", 0, "a,b,"),
            ("exit 4\necho no", 4, ""),
            (
                "'df' '-h'",
                0,
                "simulated instance: nothing runs, so this prints nothing else: df -h\n",
            ),
            ("echo abc | head -c 2", 0, "ab"),
            ("printf 'a\\nb\\n' | tail -n 1", 0, "b\n"),
            ("docker exec vllm sh -c 'echo \"$0\" ok'", 0, "$0 ok\n"),
        ] {
            assert_eq!(
                ran(script),
                (code, stdout.to_owned(), String::new()),
                "{script}"
            );
        }
        let (code, stdout, _) = ran("'nvidia-smi' '-L'");
        assert_eq!((code, stdout.lines().count()), (0, 2));
        assert!(
            stdout.starts_with("GPU 0: NVIDIA A10G (UUID: GPU-"),
            "{stdout}"
        );
        assert_eq!(ran("docker exec 'vllm' 'nvidia-smi' '-L'").1, stdout);
        assert!(ran("nvidia-smi").1.contains("Driver Version"));
        assert_eq!(ran("docker exec web nvidia-smi").0, 127);
        assert_eq!(ran("docker exec web hostname").1.len(), 13);
        let slow = at(600, &ServiceGuest::new(), "sleep 5; sleep 4");
        assert_eq!(slow.takes, Duration::from_secs(9));
    }

    #[test]
    fn missing_container_has_no_log() {
        let message = "Error response from daemon: No such container: db\n";
        assert_eq!(
            ran("docker logs db"),
            (1, String::new(), message.to_owned())
        );
        assert_eq!(
            ran("docker exec db true"),
            (1, String::new(), message.to_owned())
        );
        // A pipeline has the exit code of its last command.
        let merged = "docker logs 'db' 2>&1 | head -c 20000";
        assert_eq!(ran(merged), (0, message.to_owned(), String::new()));
        // Not started yet.
        let early = at(30, &ServiceGuest::new(), "docker logs web");
        assert_eq!(early.exit_code, 1);
    }

    /// The log only grows, and `--since` and `--tail` choose its end.
    #[test]
    fn log_grows_with_time() {
        let guest = ServiceGuest::new();
        let log = |since: u64, options: &str| {
            let script = format!("docker logs --timestamps {options} 'web' 2>&1 | head -c 20000");
            at(since, &guest, &script).stdout
        };
        let mut before = String::new();
        for since in (200..1200).step_by(100) {
            let now = log(since, "");
            assert!(now.starts_with(&before) && now.len() > before.len());
            before = now;
        }
        let times: Vec<Timestamp> = before
            .lines()
            .map(|line| line.split_once(' ').unwrap().0.parse().unwrap())
            .collect();
        assert!(times.is_sorted());
        assert_eq!(
            before.find(' '),
            Some("2026-11-26T17:31:02.123456789Z".len())
        );
        let last: Vec<&str> = before.lines().rev().take(3).collect();
        let tail = log(1100, "--tail 3");
        assert!(tail.lines().rev().eq(last.iter().copied()));
        assert_eq!(log(1100, "--tail 0"), "");
        let (time, _) = last[1].split_once(' ').unwrap();
        // The line of that time is included, as Docker does.
        let since = log(1100, &format!("--since '{time}'"));
        assert!(since.lines().rev().eq(last[..2].iter().copied()), "{since}");
        assert!(log(1100, "--since 1m").lines().count() < 4);
        assert_eq!(
            at(1100, &guest, "docker logs --since soon web").exit_code,
            1
        );
        // A long time is no burden.
        assert_eq!(log(1_000_000_000, "--tail 2").lines().count(), 2);
    }

    #[test]
    fn exited_container_says_why() {
        let fault = BootFault::container_exits("web", 3).optional();
        let guest = ServiceGuest::new().fault(fault);
        let log = at(600, &guest, "docker logs --tail 2 web").stdout;
        assert!(log.contains("exit code 3"), "{log}");
        let exec = at(600, &guest, "docker exec web true");
        assert!(exec.stderr.contains("is restarting"), "{}", exec.stderr);
        assert_eq!(at(600, &guest, "docker exec vllm true").exit_code, 0);
    }
}
