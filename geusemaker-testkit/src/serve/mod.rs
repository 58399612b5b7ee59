//! AWS behind a socket, for programs in any language and for tests that run a real binary.

#[cfg(feature = "socket")]
mod aws_server;
#[cfg(feature = "cassette-server")]
mod cassette_server;
#[cfg(feature = "traffic")]
mod loopback;
#[cfg(feature = "traffic")]
mod traffic_proxy;
#[cfg(feature = "traffic")]
mod traffic_server;

#[cfg(feature = "socket")]
pub use aws_server::AwsServer;
#[cfg(feature = "cassette-server")]
pub use cassette_server::CassetteServer;
#[cfg(feature = "traffic")]
pub use traffic_server::TrafficServer;
