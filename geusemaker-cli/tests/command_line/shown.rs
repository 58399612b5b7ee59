//! A pseudo-terminal that shows what `gm` writes to standard error, as a terminal does.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use rustix::termios::{Winsize, tcsetwinsize};

use crate::terminal::open_pair;

const ROWS: u16 = 50;

/// A running `gm` whose standard input and standard error are a terminal.
pub(crate) struct Shown {
    child: Child,
    person: OwnedFd,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

/// The contents of the terminal.
struct Seen {
    terminal: vt100::Parser,
    raw: Vec<u8>,
    has_ended: bool,
}

/// The end of `gm`, and what its terminal shows then.
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) rows: Vec<String>,
    /// All that was ever written.
    pub(crate) raw: String,
}

impl Shown {
    /// Starts the command at a terminal of this width.
    pub(crate) fn start(command: &mut Command, columns: u16) -> Self {
        let (person, program) = open_pair();
        resize(&person, columns);
        let stderr = program.try_clone().unwrap();
        command.stdin(program).stderr(stderr);
        let child = command.spawn().unwrap();
        // The command holds the terminal open too, and the reader would never reach its end.
        command.stdin(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        let seen = Seen {
            terminal: vt100::Parser::new(some(ROWS), some(columns), 0),
            raw: Vec::new(),
            has_ended: false,
        };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let (heard, source) = (Arc::clone(&seen), person.try_clone().unwrap());
        let reader = std::thread::spawn(move || read(File::from(source), &heard));
        Self {
            child,
            person,
            seen,
            reader: Some(reader),
        }
    }

    /// Waits until the rows of the terminal are as wanted, and returns them.
    #[track_caller]
    pub(crate) fn until(&self, is_wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let (seen, changed) = &*self.seen;
        let mut seen = seen.lock().unwrap();
        loop {
            let rows = seen.rows();
            if is_wanted(&rows) {
                return rows;
            }
            assert!(!seen.has_ended, "it has ended, and shows:\n{rows:#?}");
            seen = changed.wait(seen).unwrap();
        }
    }

    /// Waits until a row has this text, and returns all rows.
    #[track_caller]
    pub(crate) fn until_shows(&self, text: &str) -> Vec<String> {
        self.until(|rows| rows.iter().any(|row| row.contains(text)))
    }

    /// Changes the width of the terminal.
    pub(crate) fn resize(&self, columns: u16) {
        let mut seen = self.seen.0.lock().unwrap();
        seen.terminal
            .screen_mut()
            .set_size(some(ROWS), some(columns));
        resize(&self.person, columns);
    }

    /// Types a line.
    pub(crate) fn types(&self, line: &str) {
        let mut keyboard = File::from(self.person.try_clone().unwrap());
        writeln!(keyboard, "{line}").unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until `gm` ends.
    pub(crate) fn ended(mut self) -> Left {
        let code = self.child.wait().unwrap().code();
        self.reader.take().unwrap().join().unwrap();
        let seen = self.seen.0.lock().unwrap();
        Left {
            code,
            rows: seen.rows(),
            raw: String::from_utf8_lossy(&seen.raw).into_owned(),
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        // Both calls fail only if the process has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Seen {
    fn rows(&self) -> Vec<String> {
        let screen = self.terminal.screen();
        let (_, columns) = screen.size();
        screen.rows(0, columns.get()).collect()
    }
}

impl Left {
    /// Returns the rows as one text.
    pub(crate) fn text(&self) -> String {
        self.rows.join("\n").trim_end().to_owned()
    }
}

/// Returns the number of rows with this text.
pub(crate) fn count(rows: &[String], text: &str) -> usize {
    rows.iter().filter(|row| row.contains(text)).count()
}

fn some(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

fn resize(person: &OwnedFd, columns: u16) {
    let size = Winsize {
        ws_row: ROWS,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(person, size).unwrap();
}

fn read(mut source: File, heard: &(Mutex<Seen>, Condvar)) {
    let (seen, changed) = heard;
    let mut some = [0; 4096];
    loop {
        // Linux ends the reading with an error when the last writer is gone.
        let count = source.read(&mut some).unwrap_or(0);
        let mut seen = seen.lock().unwrap();
        seen.terminal.process(&some[..count]);
        seen.raw.extend_from_slice(&some[..count]);
        seen.has_ended = count == 0;
        changed.notify_all();
        if count == 0 {
            return;
        }
    }
}
