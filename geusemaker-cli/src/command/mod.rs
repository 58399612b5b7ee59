//! One file per command.

mod advance;
pub(crate) mod completions;
mod cost;
pub(crate) mod deploy;
pub(crate) mod destroy;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod exec;
mod front;
pub(crate) mod gpus;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod invalidate;
pub(crate) mod leftovers;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod man;
pub(crate) mod outputs;
pub(crate) mod plan;
pub(crate) mod port_forward;
pub(crate) mod report;
mod resource_table;
pub(crate) mod resume;
pub(crate) mod rollback;
pub(crate) mod rotate_origin_secret;
pub(crate) mod rotate_token;
#[cfg(feature = "sandbox")]
pub(crate) mod sandbox;
mod spec;
pub(crate) mod ssh;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod validate;
pub(crate) mod version;
pub(crate) mod wait;
mod watch;
