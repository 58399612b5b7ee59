//! Kills at every call: before it takes effect, before its answer, and with its answer.

use std::fmt;

use super::at_each::at_each;
use super::point::Point;
use super::sampling::sample;
use super::stack::{Census, census, is_destroyed, resumes_to_running, rolls_back_to_gone};
use super::world::World;
use crate::spec_text::spec;

const DEPLOY: &[&str] = &["deploy", "--yes"];
const DESTROY: &[&str] = &["destroy", "llm", "--yes"];

/// A run that is killed.
struct Kill<'a> {
    arguments: &'a [&'a str],
    from: &'a World,
    at: Point,
}

impl Kill<'_> {
    /// Asserts that the stack can be brought up and removed from the same point, or only removed if it was being
    /// destroyed.
    fn is_survived(&self, whole: &Census) {
        let Some(killed) = self.from.killed_at(&self.at, self.arguments) else {
            return;
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (gm, account) = killed.begin();
                rolls_back_to_gone(&gm, &account);
            });
            let (gm, account) = killed.begin();
            if self.arguments == DEPLOY {
                resumes_to_running(&gm, &account, whole);
            }
            is_destroyed(&gm, &account);
        });
    }
}

impl fmt::Display for Kill<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gm {} at {}", self.arguments.join(" "), self.at)
    }
}

/// Whichever call `gm` is killed at, the next command brings the stack up or removes it, as asked.
#[test]
fn stack_survives_kill_at_any_call() {
    survives_kills(&World::new(), STRIDE);
}

/// The same for a stack with a network of its own, whose instances have no public addresses.
#[test]
fn network_survives_kill_at_any_call() {
    let keys = "compute.gpu_check = false\nnetwork = { create = true, private = true }";
    survives_kills(&World::with_spec(&spec(1, keys)), NETWORK_STRIDE);
}

/// The same for a stack whose services mount access points.
#[test]
fn access_points_survive_kill_at_any_call() {
    let keys = "compute.gpu_check = false\ncompute.os = \"amazon-linux-2023\"\nstorage.access_points = true";
    let spec = spec(1, keys) + "user = \"1000:1000\"\n";
    survives_kills(&World::with_spec(&spec), NETWORK_STRIDE);
}

/// The same for a stack with a name of its own: certificates and DNS records.
#[test]
fn name_survives_kill_at_any_call() {
    let keys = "compute.gpu_check = false\ndomain = { name = \"llm.example.com\", hosted_zone = \"example.com\" }";
    survives_kills(&World::with_spec(&spec(2, keys)), NETWORK_STRIDE);
}

/// The same for a stack whose load balancer CloudFront reaches through a VPC origin.
#[test]
fn vpc_origin_survives_kill_at_any_call() {
    let keys = "compute.gpu_check = false\ncdn.origin = \"vpc\"";
    survives_kills(&World::with_spec(&spec(3, keys)), NETWORK_STRIDE);
}

fn survives_kills(nothing: &World, stride: usize) {
    let (gm, account) = nothing.begin();
    account.run(&gm, DEPLOY).with(0);
    let whole = census(&account);
    let up = Point::all_of(&account.aws.calls());
    let running = World::of(gm, account);
    let (gm, account) = running.begin();
    account.run(&gm, DESTROY).with(0);
    let down = Point::all_of(&account.aws.calls());

    let up = up.into_iter().map(|at| Kill {
        arguments: DEPLOY,
        from: nothing,
        at,
    });
    let down = down.into_iter().map(|at| Kill {
        arguments: DESTROY,
        from: &running,
        at,
    });
    let kills = sample(up.chain(down).collect(), stride);
    at_each(&kills, |kill| kill.is_survived(&whole));
}

/// The stride of the sample: coprime to the two or three moments of a call, so that each of them is sampled.
const STRIDE: usize = 7;

/// Larger, because the kills that have nothing to do with the network, the access points, the name or the VPC origin are
/// those of the other stack.
const NETWORK_STRIDE: usize = 17;
