//! The live line: on a terminal, a wait has one line that changes in place.

use std::fs::File;
use std::io::Read as _;

use crate::gm::Gm;
use crate::spec_text::example;
use crate::terminal::open_pair;

/// Runs `gm` in the sandbox with standard error on a terminal, and returns all that the terminal gets.
fn on_terminal(gm: &Gm, arguments: &[&str]) -> String {
    let (screen, stderr) = open_pair();
    let environment = [("TERM", "xterm")];
    let mut command = gm.command(&environment, &[&["--sandbox"], arguments].concat());
    let mut running = command.stderr(stderr).spawn().unwrap();
    // The command holds the terminal open too, and the reader below would never reach its end.
    drop(command);
    let mut shown = Vec::new();
    // Linux ends the reading with an error when the last writer is gone.
    let _ = File::from(screen).read_to_end(&mut shown);
    assert!(running.wait().unwrap().success());
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn live_line_shows_current_wait() {
    let gm = Gm::new();
    let shown = on_terminal(&gm, &["deploy", &example("tier2-gpu.toml")]);
    gm.sandbox(&["destroy", "llm-tier2"]).with(0);
    assert_eq!(gm.leftovers(), [""; 0]);
    assert!(shown.contains("  waiting for "), "{shown}");
    // The default style of the library is a bar without a text.
    assert!(!shown.contains('░'), "{shown}");
}
