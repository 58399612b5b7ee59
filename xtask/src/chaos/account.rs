//! The account behind the proxy, and a Python process that fills and lists it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;

use crate::inventory::{self, Inventory};
use crate::moto::Moto;

/// A moto server, and a process that calls it with boto3; both end when this is dropped.
pub(super) struct Account {
    moto: Moto,
    python: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Account {
    pub(super) fn open(first: &Moto, directory: PathBuf) -> Result<Self> {
        let moto = first.start_another(directory.clone())?;
        fs::write(directory.join("inventory.py"), inventory::SCRIPT)?;
        let mut python = moto
            .script("account.py", include_str!("account.py"))?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the Python with boto3 cannot be started")?;
        let orders = python
            .stdin
            .take()
            .context("its standard input is closed")?;
        let answers = python
            .stdout
            .take()
            .context("its standard output is closed")?;
        Ok(Self {
            moto,
            python,
            orders,
            answers: BufReader::new(answers),
        })
    }

    pub(super) fn server(&self) -> SocketAddr {
        self.moto.address()
    }

    /// Empties the account and creates resources that are not `gm`'s. Returns the file system that may be adopted.
    pub(super) fn begin(&mut self) -> Result<String> {
        self.order("begin")
    }

    pub(super) fn inventory(&mut self) -> Result<Inventory> {
        self.order("inventory")
    }

    fn order<T: DeserializeOwned>(&mut self, order: &str) -> Result<T> {
        writeln!(self.orders, "{order}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        serde_json::from_str(&answer)
            .with_context(|| format!("the answer to {order:?} cannot be read: {answer:?}"))
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        // Both calls fail only if the process has ended by itself.
        let _ = self.python.kill();
        let _ = self.python.wait();
    }
}
