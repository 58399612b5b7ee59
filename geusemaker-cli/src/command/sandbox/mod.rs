//! `gm sandbox`: the sandbox itself.

pub(crate) mod serve;
