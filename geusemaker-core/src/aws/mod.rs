//! The AWS layer: clients, error classes and time.

mod call_log;
pub(crate) mod clients;
pub(crate) mod clock;
pub(crate) mod clock_speed;
pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod error_class;
mod error_remedy;
mod unsent;
