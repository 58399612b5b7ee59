//! The choice of a target.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::lock::lock;
use crate::sim::account::Account;
use crate::sim::elastic_load_balancing::target_health::State;
use crate::sim::guest::Software;

/// The number of requests that each target group has had.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<String, usize>>);

impl Turns {
    pub(super) fn next(&self, target_group: &str) -> usize {
        let mut turns = lock(&self.0);
        let turn = turns.entry(target_group.to_owned()).or_default();
        *turn = turn.wrapping_add(1);
        *turn
    }
}

/// A target that can get a request.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) region: String,
    pub(super) instance: String,
    pub(super) port: u16,
}

/// Returns the targets of a group that can get requests: the healthy ones, or all if none is healthy.
pub(super) fn candidates(
    account: &Account,
    software: Software<'_>,
    region_name: &str,
    group: &str,
    now: jiff::Timestamp,
) -> Vec<Candidate> {
    let Some(region) = account.regions.get(region_name) else {
        return Vec::new();
    };
    let elb = &region.elastic_load_balancing;
    let targets = elb.group(group).map_or(&[][..], |group| &group.targets);
    let mut healthy = Vec::new();
    let mut unhealthy = Vec::new();
    for target in targets {
        let candidate = Candidate {
            region: region_name.to_owned(),
            instance: target.instance.clone(),
            port: u16::try_from(target.port).unwrap_or_default(),
        };
        match elb.health(group, target, &region.ec2, software, now) {
            State::Healthy => healthy.push(candidate),
            State::Initial | State::Unhealthy => unhealthy.push(candidate),
            State::Draining | State::Unused => {}
        }
    }
    if healthy.is_empty() {
        unhealthy
    } else {
        healthy
    }
}
