//! An account served over a socket, driven by the unmodified SDK client and by raw bytes.

mod connection;
mod protocol;
mod sdk;
mod stop;
#[cfg(feature = "traffic")]
mod traffic;
