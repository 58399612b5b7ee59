//! The AWS layer: clients, error classes, time and polling.

pub(crate) mod clients;
pub(crate) mod clock;
pub(crate) mod clock_speed;
pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod reauth_wait;
pub(crate) mod silence;
pub(crate) mod wait;
