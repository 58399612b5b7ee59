//! The traffic of a simulated account, in virtual time: requests through load balancers and distributions.

mod instance;
mod load_balancer;
pub(crate) mod machine;
mod world;
