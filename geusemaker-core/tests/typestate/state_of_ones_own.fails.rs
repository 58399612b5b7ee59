//! The states are the crate's own.

use geusemaker_core::{Deployment};

pub struct AlmostReady;

pub fn hold(deployment: Deployment<AlmostReady>) {
    drop(deployment);
}

fn main() {}
