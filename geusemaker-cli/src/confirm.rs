//! Questions on the terminal.

use std::io::{IsTerminal as _, Write as _};

use crate::context::Context;
use crate::failure::Failure;

/// The answer that gives consent.
#[derive(Debug)]
pub(crate) enum Consent<'a> {
    /// `y`
    Yes,
    /// The stack's name, or another word: the removal is final.
    Name(&'a str),
}

/// Returns true if standard input is a terminal, so that a person can answer.
pub(crate) fn is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Asks for consent on a terminal before something changes, and refuses without a terminal.
pub(crate) async fn confirm(
    context: &Context,
    question: &str,
    consent: &Consent<'_>,
) -> Result<(), Failure> {
    if !is_terminal() {
        return Err(Failure::usage(
            "this needs your consent, and there is no terminal to ask on: give --yes",
        ));
    }
    let hint = match consent {
        Consent::Yes => "[y/N]".to_owned(),
        Consent::Name(name) => format!("Type {name} to confirm:"),
    };
    let prompt = format!("{question} {hint} ");
    let answer = context
        .unless_interrupted(async { Ok(answer(prompt).await) })
        .await?;
    let agreed = match consent {
        Consent::Yes => matches!(answer.as_str(), "y" | "Y" | "yes"),
        Consent::Name(name) => answer == *name,
    };
    if agreed {
        Ok(())
    } else {
        Err(Failure::declined())
    }
}

/// Asks whether to keep the parts that work. The caller listens for signals.
pub(crate) async fn asks_to_keep() -> bool {
    let prompt = "Keep the parts that work for gm resume, or remove everything? [k/R] ";
    matches!(answer(prompt.to_owned()).await.as_str(), "k" | "K" | "keep")
}

/// Returns the line that the person types, which may be empty.
async fn answer(prompt: String) -> String {
    // Reading on its own thread lets the program react to signals meanwhile.
    let read = tokio::task::spawn_blocking(move || {
        let mut stderr = std::io::stderr();
        let _ = write!(stderr, "{prompt}");
        let _ = stderr.flush();
        let mut line = String::new();
        let _ = std::io::stdin().read_line(&mut line);
        line.trim().to_owned()
    });
    read.await.unwrap_or_default()
}
