//! The states are the crate's own.

use geusemaker_core::Deployment;

pub struct AlmostReady;

pub fn hold(_: Deployment<AlmostReady>) {}

fn main() {}
