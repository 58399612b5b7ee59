//! The verification of a stack: asks its services as a viewer on the internet would, and says what came of it.
//!
//! Every request goes over a stream that [`Internet`] opens: to AWS, through a proxy, or into a simulator in the same
//! process. On the stream speak rustls, hyper and tungstenite, so all three are asked alike.

mod answer;
pub(crate) mod check;
mod endpoint;
mod finding;
pub(crate) mod internet;
mod known;
mod place;
mod plan;
mod proxy;
mod refusal;
mod request;
mod stream;
mod trouble;
mod viewer;
mod websocket;

pub(crate) use self::plan::verify;
