//! `gm`: a self-hosted AI stack on AWS, one command up and one command down.

mod arguments;
mod clock_speed;
mod command;
mod confirm;
mod context;
mod dispatch;
mod document;
mod exit_code;
mod failure;
mod interrupt;
mod outcome;
mod progress_display;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod session_plugin;
mod short_id;
mod state_directory;
mod table;

fn main() -> std::process::ExitCode {
    run::run()
}
