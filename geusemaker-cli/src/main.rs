//! `gm`: a self-hosted AI stack on AWS, one command up and one command down.

mod age;
mod arguments;
mod clock_speed;
mod command;
mod confirm;
mod context;
mod dispatch;
mod document;
mod event_lines;
mod exit_code;
mod failure;
mod graph;
mod internet;
mod interrupt;
mod live_line;
mod outcome;
mod profile;
mod progress_display;
mod report;
mod resource_name;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod saved_plan;
mod screen;
mod session_plugin;
mod settings;
mod short_id;
mod standard_output;
mod state_directory;
mod stopwatch;
mod table;

fn main() -> std::process::ExitCode {
    run::run()
}
