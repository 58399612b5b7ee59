//! `cargo xtask clients`: runs independent clients, the AWS CLI and boto3, against the sandbox on a socket.
//!
//! Each client takes a stack through its life in its own account, which must be empty at the end.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, ensure};

use crate::endpoint;
use crate::served_sandbox::ServedSandbox;
use crate::virtual_environment::VirtualEnvironment;
use crate::workspace::Workspace;

pub(crate) const REQUIREMENTS: &str = include_str!("../clients-requirements.txt");

/// The scripts, and the modules that they share.
const FILES: [(&str, &str); 7] = [
    ("checks.py", include_str!("../clients/checks.py")),
    (
        "boto3_clients.py",
        include_str!("../clients/boto3_clients.py"),
    ),
    (AWS_CLI.script, include_str!("../clients/aws_cli_life.py")),
    (BOTO3.script, include_str!("../clients/boto3_life.py")),
    (
        BOTO3_NETWORK.script,
        include_str!("../clients/boto3_network.py"),
    ),
    (
        BOTO3_NAMES.script,
        include_str!("../clients/boto3_names.py"),
    ),
    (
        BOTO3_VPC_ORIGIN.script,
        include_str!("../clients/boto3_vpc_origin.py"),
    ),
];

/// An instant account, because the waiters of the AWS CLI poll again only after a minute.
const AWS_CLI: Life = Life {
    client: "aws-cli",
    script: "aws_cli_life.py",
    account: &["--timings", "instant"],
};

/// Slow enough for the checks to see intermediate states, and for waiters to wait.
const BOTO3: Life = Life {
    client: "boto3",
    script: "boto3_life.py",
    account: &["--timings", "slow", "--speed", "100"],
};

const BOTO3_NETWORK: Life = Life {
    client: "boto3",
    script: "boto3_network.py",
    account: &[],
};

/// Fast enough for a certificate, which takes minutes, to be issued while the waiters look.
const BOTO3_NAMES: Life = Life {
    client: "boto3",
    script: "boto3_names.py",
    account: &["--speed", "100"],
};

/// As fast, for a VPC origin takes as long.
const BOTO3_VPC_ORIGIN: Life = Life {
    client: "boto3",
    script: "boto3_vpc_origin.py",
    account: &["--speed", "100"],
};

struct Life {
    client: &'static str,
    script: &'static str,
    /// The options of its account.
    account: &'static [&'static str],
}

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    workspace.build_programs()?;
    let directory = workspace.target_directory.join("clients");
    fs::create_dir_all(&directory)?;
    let python = VirtualEnvironment::install(&directory, REQUIREMENTS)?;
    for (name, text) in FILES {
        fs::write(directory.join(name), text)?;
    }
    // The scripts run in processes of their own, so they can run in parallel.
    let tallies = thread::scope(|scope| {
        let lives = [AWS_CLI, BOTO3, BOTO3_NETWORK, BOTO3_NAMES, BOTO3_VPC_ORIGIN].map(|life| {
            let (workspace, python, directory) = (&workspace, &python, &directory);
            scope.spawn(move || life.lead(&workspace.gm(), python, directory))
        });
        lives.map(|life| {
            life.join()
                .ok()
                .context("the thread of a script panicked")?
        })
    });
    let mut all = Tally::default();
    for tally in tallies {
        let tally = tally?;
        all.passed += tally.passed;
        all.failed += tally.failed;
    }
    println!("clients: {} passed, {} failed", all.passed, all.failed);
    ensure!(
        all.failed == 0,
        "the scripts are in {}",
        directory.display()
    );
    Ok(())
}

impl Life {
    fn lead(&self, gm: &Path, python: &VirtualEnvironment, directory: &Path) -> Result<Tally> {
        let sandbox = ServedSandbox::start(gm, self.account)?;
        let mut script = Command::new(python.program("python"));
        endpoint::direct(&mut script, sandbox.endpoint());
        let output = script
            .arg(directory.join(self.script))
            .arg(self.client)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("{} cannot be started", self.script))?;
        // Printed as a whole, so that the lines of several scripts do not mix.
        let printed = String::from_utf8_lossy(&output.stdout);
        print!("{printed}");
        let mut tally = Tally::of(&printed);

        let served = sandbox.end()?;
        println!("        {}: {} calls", self.client, served.calls);
        self.count(&mut tally, "nothing is left over", &served.leftovers);
        if !output.status.success() && tally.failed == 0 {
            let status = [output.status.to_string()];
            self.count(&mut tally, "the script runs to its end", &status);
        }
        Ok(tally)
    }

    fn count(&self, tally: &mut Tally, check: &str, problems: &[String]) {
        if problems.is_empty() {
            tally.passed += 1;
            println!("ok      {}: {check}", self.client);
        } else {
            tally.failed += 1;
            println!("FAILED  {}: {check}: {}", self.client, problems.join(", "));
        }
    }
}

/// The number of checks.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    /// Counts the checks in a script's output: a line for each check, and indented lines below one that failed.
    fn of(printed: &str) -> Self {
        let begin = |word: &str| {
            printed
                .lines()
                .filter(|line| line.starts_with(word))
                .count()
        };
        Self {
            passed: begin("ok "),
            failed: begin("FAILED "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    /// An indented line belongs to the check above it.
    #[test]
    fn output_lines_are_checks() {
        let printed =
            "ok      boto3: a\nFAILED  boto3: b\n        FAILED to say why\nok      boto3: c\n";
        let expected = Tally {
            passed: 2,
            failed: 1,
        };
        assert_eq!(Tally::of(printed), expected);
        assert_eq!(Tally::of(""), Tally::default());
    }
}
