//! The AWS protocols on the server's side: the service and the operation of a request, and the form of its answer.
//!
//! Requests are bytes from outside. No bytes make this code panic, and everything that is accepted is bounded: the
//! body, the number of parameters, elements and levels. A request that cannot be read is answered as its service would
//! answer.

pub(crate) mod aws_json;
mod call;
mod credential_scope;
pub(crate) mod error_code;
mod form;
pub(crate) mod operation;
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
pub(crate) use self::credential_scope::signed_service;
pub(crate) use self::reply::{Body, Reply, write};
pub use self::service::Service;
pub(crate) use self::service_error::ServiceError;
