//! `gm sandbox`: commands for the sandbox itself.

pub(crate) mod serve;
