//! No state can be added from outside.

use geusemaker_core::{Deployment, State};

pub struct AlmostReady;

pub fn hold<S: State>(deployment: Deployment<S>) {
    drop(deployment);
}
