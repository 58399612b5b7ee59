//! Tests of the whole SDK on a simulated account: what a deployment does, and what is left when something goes wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../scenario/mod.rs"]
mod scenario;

mod access;
mod access_points;
mod ambiguity;
mod authentication;
mod boot;
mod capacity;
mod cdn;
mod closing;
mod connections;
mod cost;
mod crash;
mod dead_ends;
mod dropping;
mod error_chain;
mod errors;
mod examples;
mod explorer;
mod failures;
mod gpu_check;
mod graph;
mod health;
mod iam_policy;
mod instance_types;
mod invalidation;
mod journal;
mod keeping;
mod names;
mod network;
mod origin_secret;
mod orphans;
mod preflight;
mod progress;
mod protected;
mod refused_tiers;
mod remote;
mod removal;
mod replay;
mod reservation;
mod resources;
mod road;
mod rotation;
mod routing;
mod served_traffic;
mod services;
mod sharing;
mod spec;
mod tiers;
mod two_at_once;
mod verify;
mod vpc_origin;
