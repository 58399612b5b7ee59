//! Programs on instances, at their public addresses.

mod echo;
mod fault;
mod language_model;
mod program;
