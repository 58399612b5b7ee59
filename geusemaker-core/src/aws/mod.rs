//! AWS as this crate sees it: clients, the closed set of error classes, time and polling.

pub(crate) mod clients;
pub(crate) mod clock;
pub(crate) mod error;
pub(crate) mod wait;
