//! moto, an independent AWS server: its virtual environment and its process.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::endpoint;
use crate::process;
use crate::virtual_environment::VirtualEnvironment;
use crate::workspace::Workspace;

pub(crate) const REQUIREMENTS: &str = include_str!("../moto-requirements.txt");

/// A running server on the loopback interface with an empty account; it ends when this is dropped.
pub(crate) struct Moto {
    server: Child,
    address: SocketAddr,
    directory: PathBuf,
    environment: VirtualEnvironment,
}

impl Moto {
    /// Installs moto below the target directory if needed, and starts it.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self> {
        let directory = workspace.target_directory.join("moto");
        fs::create_dir_all(&directory)?;
        let environment = VirtualEnvironment::install(&directory, REQUIREMENTS)?;
        Self::start_in(directory, environment)
    }

    /// Starts another server, which keeps its files in this directory.
    pub(crate) fn start_another(&self, directory: PathBuf) -> Result<Self> {
        fs::create_dir_all(&directory)?;
        Self::start_in(directory, self.environment.clone())
    }

    fn start_in(directory: PathBuf, environment: VirtualEnvironment) -> Result<Self> {
        let log = directory.join("server.log");
        let output = File::create(&log)?;
        let address = free_address()?;
        let mut server = Command::new(environment.program("moto_server"));
        endpoint::forget_aws(&mut server);
        // Its certificates are issued after a second instead of a minute, whatever their records are.
        let server = server
            .env("MOTO_ACM_VALIDATION_WAIT", "1")
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
            directory,
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

    /// Returns the address of the server.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs a script in the Python that has boto3, and returns what it printed.
    pub(crate) fn python(&self, name: &str, script: &str) -> Result<String> {
        process::output(&mut self.script(name, script)?)
    }

    /// Prepares a script for the Python that has boto3.
    pub(crate) fn script(&self, name: &str, script: &str) -> Result<Command> {
        let file = self.directory.join(name);
        fs::write(&file, script)?;
        let mut python = Command::new(self.environment.program("python"));
        self.direct(&mut python);
        python.arg(file);
        Ok(python)
    }

    /// Sets the program's environment so that this server is its only AWS.
    pub(crate) fn direct(&self, program: &mut Command) {
        endpoint::direct(program, &format!("http://{}", self.address));
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        const TRIES: u32 = 600;
        for _ in 0..TRIES {
            if let Some(status) = self.server.try_wait()? {
                bail!("moto ended: {status}");
            }
            if answers(self.address) {
                return Ok(());
            }
            sleep(Duration::from_millis(100));
        }
        bail!("moto did not answer within a minute")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Both calls fail only if the server has ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub(crate) fn free_address() -> Result<SocketAddr> {
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
