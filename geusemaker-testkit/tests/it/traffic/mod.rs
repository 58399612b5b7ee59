//! The traffic of a simulated account, in virtual time: requests through load balancers and distributions.

mod cloudfront;
mod instance;
mod load_balancer;
pub(crate) mod machine;
mod world;
