//! The consoles of instances that a failure is about to remove: their ends are kept in the journal.

use crate::error::Error;
use crate::journal::event::JournalEvent;
use crate::ledger::Ledger;
use crate::resource::instance;

/// The most lines that are kept of a console.
const MOST_LINES: usize = 200;

/// The most bytes that are kept of a console, so that a record stays small.
const MOST_BYTES: usize = 16 * 1024;

/// Keeps the ends of the consoles that tell why this error has happened. A console that cannot be read is no further
/// failure: the error itself is what counts.
pub(super) async fn keep(ledger: &Ledger, error: &Error) {
    for instance in error.instances_at_fault() {
        let output = instance::console_output(&ledger.account.reader, instance).await;
        let Ok(Some(text)) = output else { continue };
        let lines = end_of(&text);
        if lines.is_empty() {
            continue;
        }
        let instance = instance.clone();
        // If the journal cannot be written, the undo says so.
        let _ = ledger
            .append(JournalEvent::Console { instance, lines })
            .await;
    }
}

/// Returns the last lines of a console, without the codes by which terminals show colors.
fn end_of(text: &str) -> Vec<String> {
    let mut bytes = 0;
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().rev() {
        let line = plain(line);
        bytes += line.len() + 1;
        if lines.len() == MOST_LINES || bytes > MOST_BYTES {
            break;
        }
        if !(lines.is_empty() && line.is_empty()) {
            lines.push(line);
        }
    }
    lines.reverse();
    lines
}

/// Returns a line without control characters and escape sequences.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                // A sequence ends with its first letter.
                if characters.next() == Some('[') {
                    let _ = characters.by_ref().find(|it| it.is_ascii_alphabetic());
                }
            }
            '\t' => plain.push(' '),
            other if other.is_control() => {}
            other => plain.push(other),
        }
    }
    plain.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_of_console_are_dropped() {
        assert_eq!(
            end_of("\u{1b}[0;32m  OK  \u{1b}[0m done\r\n\n"),
            ["  OK   done"]
        );
    }

    #[test]
    fn end_of_console_is_kept() {
        let text: String = (0..1000).map(|number| format!("line {number}\n")).collect();
        let lines = end_of(&text);
        assert_eq!(lines.len(), MOST_LINES);
        assert_eq!(lines.last().map(String::as_str), Some("line 999"));
        let long = "x".repeat(1000);
        let text: String = (0..100).map(|_| format!("{long}\n")).collect();
        assert_eq!(end_of(&text).len(), MOST_BYTES / 1001);
    }
}
