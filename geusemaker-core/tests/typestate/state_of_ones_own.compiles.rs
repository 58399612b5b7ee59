//! The states are the crate's own.

use geusemaker_core::{Deployment, Ec2Ready};

pub fn hold(deployment: Deployment<Ec2Ready>) {
    drop(deployment);
}

fn main() {}
