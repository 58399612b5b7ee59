//! The AWS protocols, seen from the server: who is asked for what, and how the answer is written.
//!
//! What comes in is bytes from outside. Nothing here panics on them, whatever they are, and everything that is
//! accepted is bounded: the body, the number of parameters, elements and levels. What cannot be read is answered as
//! the service that was asked would answer it.

mod call;
mod credential_scope;
mod form;
pub(crate) mod params;
mod path;
pub(crate) mod query;
mod reply;
pub(crate) mod rest_json;
pub(crate) mod rest_xml;
mod service;
mod service_error;
pub(crate) mod xml;

pub(crate) use self::call::{Call, Input, read};
pub(crate) use self::reply::{Body, Reply, write};
pub use self::service::Service;
pub(crate) use self::service_error::ServiceError;
