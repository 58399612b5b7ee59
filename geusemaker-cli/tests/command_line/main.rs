//! Tests of the real `gm`, run as a person or a script runs it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod account;
mod arguments;
mod cdn;
mod clock_speed;
mod consent;
mod cost;
mod doctor;
mod event_lines;
mod events;
#[cfg(unix)]
mod exec;
mod exit_codes;
mod generated;
mod gm;
mod gpus;
mod graph;
#[cfg(unix)]
mod guest;
mod iam_policy;
mod init;
mod journal;
mod json_documents;
mod json_schema;
#[cfg(unix)]
mod kept_file_systems;
mod kept_formats;
mod killed;
mod layers;
mod leftovers;
#[cfg(unix)]
mod live_line;
#[cfg(unix)]
mod logs;
#[cfg(unix)]
mod on_failure_ask;
#[cfg(target_os = "linux")]
mod open;
mod outcomes;
#[cfg(target_os = "linux")]
mod output_errors;
mod plan;
mod protected;
mod recorded_plan;
#[cfg(unix)]
mod remote_sessions;
mod repeated_commands;
mod replay;
mod report;
mod sandbox_life;
#[cfg(unix)]
mod sandbox_serve;
mod sandbox_traffic;
mod saved_plan;
mod schema;
#[cfg(unix)]
mod served;
mod settings;
#[cfg(unix)]
mod shown;
mod signals;
mod spec_schema;
mod spec_source;
mod spec_text;
mod state_directory;
#[cfg(unix)]
mod status;
#[cfg(unix)]
mod terminal;
mod token;
mod unfinished;
#[cfg(unix)]
mod unlock;
mod variables;
mod verbose;
mod verify;
mod wrong_account;
mod wrong_spec;
