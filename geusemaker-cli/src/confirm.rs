//! The question before something changes.

use std::io::{IsTerminal as _, Write as _};

use crate::failure::Failure;

/// What has to be typed.
#[derive(Debug)]
pub(crate) enum Consent<'a> {
    /// `y`
    Yes,
    /// The stack's name: what goes is not coming back.
    Name(&'a str),
}

/// Asks on a terminal; refuses off one.
pub(crate) fn confirm(question: &str, consent: &Consent<'_>) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::usage(
            "this changes AWS and there is no terminal to ask on: give --yes to go ahead",
        ));
    }
    let hint = match consent {
        Consent::Yes => "[y/N]".to_owned(),
        Consent::Name(name) => format!("Type {name} to go ahead:"),
    };
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{question} {hint} ");
    let _ = stderr.flush();
    let mut answer = String::new();
    if stdin.read_line(&mut answer).is_err() {
        return Err(Failure::declined());
    }
    let agreed = match consent {
        Consent::Yes => matches!(answer.trim(), "y" | "Y" | "yes"),
        Consent::Name(name) => answer.trim() == *name,
    };
    if agreed {
        Ok(())
    } else {
        Err(Failure::declined())
    }
}
