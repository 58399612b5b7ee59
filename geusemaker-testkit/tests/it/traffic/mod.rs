//! The traffic of a simulated account, in virtual time: requests through load balancers and distributions.

mod cloudfront;
mod load_balancer;
mod world;
