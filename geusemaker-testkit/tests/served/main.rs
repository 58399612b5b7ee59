//! An account served over a socket, driven by the unmodified SDK client and by raw bytes.

#![cfg(feature = "socket")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod connection;
mod protocol;
mod sdk;
mod stop;
