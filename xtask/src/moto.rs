//! moto, an AWS server that others wrote: its virtual environment and its process.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::workspace::Workspace;

const REQUIREMENTS: &str = include_str!("../moto-requirements.txt");

/// The region that [`Moto::direct`] chooses.
pub(crate) const REGION: &str = "us-east-1";

/// A running server on the loopback interface with an empty account; it ends when this is dropped.
pub(crate) struct Moto {
    server: Child,
    address: SocketAddr,
    environment: PathBuf,
}

impl Moto {
    /// Installs moto below the target directory if it is not there, and starts it.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self> {
        let directory = workspace.target_directory.join("moto");
        let environment = directory.join("venv");
        install(&environment)?;
        let log = directory.join("server.log");
        let output = File::create(&log)?;
        let address = free_address()?;
        let mut server = Command::new(environment.join("bin/moto_server"));
        forget_aws(&mut server);
        let server = server
            .args([
                "--host",
                &address.ip().to_string(),
                "--port",
                &address.port().to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("moto_server cannot be started")?;
        let mut moto = Self {
            server,
            address,
            environment,
        };
        moto.wait_until_it_answers().with_context(|| {
            format!(
                "moto does not answer:\n{}",
                fs::read_to_string(&log).unwrap_or_default()
            )
        })?;
        Ok(moto)
    }

    /// Runs a script in the Python that has boto3, and returns what it printed.
    pub(crate) fn python(&self, name: &str, script: &str) -> Result<String> {
        let file = self.environment.with_file_name(name);
        fs::write(&file, script)?;
        let mut python = Command::new(self.environment.join("bin/python"));
        self.direct(&mut python);
        process::output(python.arg(file))
    }

    /// Gives the program an environment in which the only AWS is this server.
    pub(crate) fn direct(&self, program: &mut Command) {
        forget_aws(program);
        program
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("NO_PROXY", self.address.ip().to_string())
            .env("no_proxy", self.address.ip().to_string());
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        const TRIES: u32 = 600;
        for _ in 0..TRIES {
            if let Some(status) = self.server.try_wait()? {
                bail!("it ended: {status}");
            }
            if answers(self.address) {
                return Ok(());
            }
            sleep(Duration::from_millis(100));
        }
        bail!("it was given a minute")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Either fails only when the server has ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Takes out what the person has set: a profile, real keys, an endpoint of one service.
fn forget_aws(program: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            program.env_remove(name);
        }
    }
}

fn install(environment: &Path) -> Result<()> {
    // Written last, so that an installation that was cut short is done again.
    let installed = environment.join("installed-requirements.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) {
        return Ok(());
    }
    println!("installing moto into {}", environment.display());
    let requirements = environment.with_file_name("requirements.txt");
    fs::create_dir_all(environment)?;
    fs::write(&requirements, REQUIREMENTS)?;
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(environment),
    )
    .context("a virtual environment needs Python 3 with venv: `apt-get install python3-venv`")?;
    process::run(
        Command::new(environment.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&requirements),
    )?;
    fs::write(&installed, REQUIREMENTS)?;
    Ok(())
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /moto-api/ HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| {
        answer
            .lines()
            .next()
            .is_some_and(|status| status.contains(" 200 "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned_and_moto_is_among_them() {
        let pinned: Vec<_> = REQUIREMENTS
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                line.split_once("==")
                    .unwrap_or_else(|| panic!("not pinned: {line}"))
            })
            .collect();
        assert!(pinned.contains(&("moto", "5.2.5")), "{pinned:?}");
    }
}
