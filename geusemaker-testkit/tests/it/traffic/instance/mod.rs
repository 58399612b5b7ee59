//! Programs on instances, at their public addresses.

mod behind_load_balancer;
mod echo;
mod fault;
mod language_model;
mod program;
