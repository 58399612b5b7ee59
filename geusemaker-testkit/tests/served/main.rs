//! What programs see of an account on a socket: the unmodified SDK client, and the bytes themselves.

#![cfg(feature = "socket")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod connection;
mod protocol;
mod sdk;
mod stop;
