//! The same answers behind a loopback socket, for tests that run a real binary.

mod cassette_server;

pub use cassette_server::CassetteServer;
