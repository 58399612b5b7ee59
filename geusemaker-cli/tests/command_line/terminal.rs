//! A pseudo-terminal as standard input, so that `gm` has a person to ask.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{ChildStderr, Command};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::account::Running;
use crate::gm::Ended;

/// Opens a pseudo-terminal, and returns the person's end and the program's end.
pub(crate) fn open_pair() -> (OwnedFd, OwnedFd) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let program = rustix::fs::open(&*name, flags, Mode::empty()).unwrap();
    (person, program)
}

/// A running `gm` at a terminal.
pub(crate) struct Terminal {
    running: Running,
    keyboard: File,
    stderr: ChildStderr,
    /// The output so far.
    said: Vec<u8>,
}

impl Terminal {
    /// Starts the command with a pseudo-terminal as its standard input.
    pub(crate) fn start(command: &mut Command) -> Self {
        let (keyboard, stdin) = open_pair();
        let mut child = command.stdin(stdin).spawn().unwrap();
        Self {
            keyboard: keyboard.into(),
            stderr: child.stderr.take().unwrap(),
            running: Running(child),
            said: Vec::new(),
        }
    }

    /// Waits until `gm` has asked this question.
    #[track_caller]
    pub(crate) fn is_asked(&mut self, question: &str) {
        let mut some = [0; 1024];
        while !String::from_utf8_lossy(&self.said).contains(question) {
            let count = self.stderr.read(&mut some).unwrap();
            let said = String::from_utf8_lossy(&self.said);
            assert!(count > 0, "it has ended without {question:?}:\n{said}");
            self.said.extend_from_slice(&some[..count]);
        }
    }

    /// Types a line.
    pub(crate) fn types(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        self.running.signal(signal);
    }

    /// Waits until `gm` ends.
    pub(crate) fn ended(mut self) -> Ended {
        self.stderr.read_to_end(&mut self.said).unwrap();
        let mut ended = self.running.ended();
        ended.stderr = String::from_utf8(self.said).unwrap();
        ended
    }
}
