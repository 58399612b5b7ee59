//! Questions on the terminal.

use std::io::IsTerminal as _;

use crate::context::Context;
use crate::failure::Failure;
use crate::progress_display::ProgressDisplay;

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
    let asking = async { Ok(answer(&context.display, &prompt).await) };
    let answer = context.unless_interrupted(asking).await?;
    let agreed = match consent {
        Consent::Yes => is_one_of(&answer, &["y", "yes"]),
        Consent::Name(name) => answer == *name,
    };
    if agreed {
        Ok(())
    } else {
        Err(Failure::declined())
    }
}

/// Asks whether to keep the parts of a stack that work. The stack is named with its place: `llm (account 1, us-east-1)`.
/// The caller listens for signals.
pub(crate) async fn asks_to_keep(display: &ProgressDisplay, stack: &str) -> bool {
    let prompt =
        format!("Keep the parts of {stack} that work, for gm resume, or remove everything? [k/R] ");
    is_one_of(&answer(display, &prompt).await, &["k", "keep"])
}

fn is_one_of(answer: &str, words: &[&str]) -> bool {
    words.iter().any(|word| answer.eq_ignore_ascii_case(word))
}

/// Returns the line that the person types, which may be empty. Nothing else is shown until then.
async fn answer(display: &ProgressDisplay, prompt: &str) -> String {
    let question = display.screen().ask(prompt);
    // Reading on its own thread lets the program react to signals meanwhile.
    let read = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        let _ = std::io::stdin().read_line(&mut line);
        line
    });
    let line = read.await.unwrap_or_default();
    if line.ends_with('\n') {
        question.answered();
    }
    line.trim().to_owned()
}
