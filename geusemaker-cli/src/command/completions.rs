//! `gm completions`: prints a script that completes commands in a shell.

use clap::CommandFactory as _;

use crate::arguments::{Arguments, Completions};
use crate::document::Document;

pub(crate) fn run(completions: &Completions) -> Document {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(completions.shell, &mut command, "gm", &mut script);
    let script = String::from_utf8_lossy(&script);
    Document::ok()
        .member("shell", completions.shell.to_string())
        .member("script", &script)
        .line(script.trim_end())
}
