//! The software inside the instances of the tests: what Docker and commands answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use geusemaker_testkit::{Aws, Boot, CommandOutput, Guest, PlainGuest};

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;

/// Instances whose containers have logs, and on which each other script has the same answer.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    answer: CommandOutput,
    /// The number of lines in each log, which grows by one with each look.
    lines: Arc<AtomicUsize>,
    scripts: Arc<Mutex<Vec<String>>>,
}

impl Machine {
    pub(crate) fn answering(answer: CommandOutput) -> Self {
        Self {
            answer,
            lines: Arc::default(),
            scripts: Arc::default(),
        }
    }

    pub(crate) fn with_lines(lines: usize) -> Self {
        let machine = Self::answering(CommandOutput::default());
        machine.lines.store(lines, Ordering::Relaxed);
        machine
    }

    /// Returns the scripts that have come to the instances.
    pub(crate) fn scripts(&self) -> Vec<String> {
        self.scripts.lock().unwrap().clone()
    }

    /// Deploys a stack of tier 1 with these lines in its spec, on instances like this one.
    pub(crate) fn deployed(&self, lines: &str) -> (Gm, Account) {
        let gm = Gm::new();
        gm.write_spec(&spec(1, &format!("compute.gpu_check = false\n{lines}")));
        let account = Account::start(Aws::builder().guest(self.clone()));
        account.run(&gm, &["deploy", "--yes"]).with(0);
        (gm, account)
    }
}

impl Guest for Machine {
    fn console_output(&self, boot: &Boot) -> String {
        PlainGuest::default().console_output(boot)
    }

    fn run_command(&self, _: &Boot, commands: &[String]) -> CommandOutput {
        let script = commands.join("\n");
        self.scripts.lock().unwrap().push(script.clone());
        if !script.contains("docker logs") {
            return self.answer.clone();
        }
        let lines = self.lines.fetch_add(1, Ordering::Relaxed);
        let logs = script.lines().filter_map(|line| logs(line, lines));
        CommandOutput::success(logs.collect::<String>())
    }
}

/// Returns what a line of the script prints about a log of so many lines, one for each second.
fn logs(command: &str, lines: usize) -> Option<String> {
    if let Some(header) = command.strip_prefix("printf ") {
        let service = header.split('\'').nth(3)?;
        return Some(format!("==> {service} <==\n"));
    }
    let words: Vec<_> = command.split(' ').collect();
    let service = words[words.iter().position(|word| *word == "2>&1")? - 1];
    if service == "'missing'" {
        return Some("Error response from daemon: No such container: missing\n".to_owned());
    }
    let option = |name| {
        let place = words.iter().position(|word| *word == name)?;
        Some(words[place + 1].trim_matches('\''))
    };
    let since = option("--since").unwrap_or_default();
    let tail = option("--tail").map_or(lines, |tail| tail.parse().unwrap());
    let log = (lines.saturating_sub(tail)..lines).map(|n| {
        let at = format!(
            "2026-11-26T{:02}:{:02}:{:02}.000000001Z",
            n / 3600,
            n / 60 % 60,
            n % 60
        );
        (at, n)
    });
    let text: String = log
        .filter(|(at, _)| at.as_str() >= since)
        .map(|(at, n)| format!("{at} {} {n}\n", service.trim_matches('\'')))
        .collect();
    let most = option("-c")?.parse().unwrap();
    Some(text.chars().take(most).collect())
}
