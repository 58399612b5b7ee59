//! Distributions that carry requests: viewers in front, a scripted origin behind.

mod cache;
mod compression;
mod errors;
mod invalidation;
mod origin_request;
mod private;
mod range;
mod response;
mod streaming;
mod timeouts;
mod viewer;
mod world;
