//! The choice of a target group and of a target for a request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

use super::cookie;
use super::group::{Algorithm, Candidate, Group, Stickiness};
use crate::aws::Aws;
use crate::lock::lock;
use crate::sim::elastic_load_balancing::action::WeightedGroup;
use crate::traffic::data_plane::DataPlane;

/// The turns of rules and target groups, and the requests that targets are working on.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    turns: Mutex<HashMap<String, usize>>,
    outstanding: Mutex<HashMap<Candidate, usize>>,
}

/// A target that was chosen.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) group: Arc<Group>,
    pub(super) target: Candidate,
    /// True if clients stay with the target group.
    keeps_group: bool,
}

/// A request that a target is working on.
pub(super) struct Outstanding {
    plane: Arc<DataPlane>,
    target: Candidate,
}

impl Turns {
    fn next(&self, of: &str) -> usize {
        let mut turns = lock(&self.turns);
        let turn = match turns.get_mut(of) {
            Some(turn) => turn,
            None => turns.entry(of.to_owned()).or_default(),
        };
        *turn = turn.wrapping_add(1);
        *turn
    }
}

impl Outstanding {
    pub(super) fn begin(plane: &Arc<DataPlane>, target: &Candidate) -> Self {
        *lock(&plane.nodes.turns.outstanding)
            .entry(target.clone())
            .or_default() += 1;
        Self {
            plane: Arc::clone(plane),
            target: target.clone(),
        }
    }
}

impl Drop for Outstanding {
    fn drop(&mut self) {
        let mut outstanding = lock(&self.plane.nodes.turns.outstanding);
        if let Some(count) = outstanding.get_mut(&self.target) {
            *count -= 1;
            if *count == 0 {
                outstanding.remove(&self.target);
            }
        }
    }
}

impl Choice {
    /// Chooses a target; returns `None` if no target of the group can get requests.
    pub(super) fn make(
        aws: &Aws,
        plane: &DataPlane,
        groups: &[WeightedGroup],
        stickiness: Option<u32>,
        headers: &HeaderMap,
    ) -> Option<Self> {
        let now = aws.clock().now();
        let nodes = &plane.nodes;
        let sticky = stickiness.map(|seconds| Duration::from_secs(seconds.into()));
        let kept = sticky.and_then(|valid_for| cookie::group(headers, valid_for, now));
        let kept = kept.filter(|arn| groups.iter().any(|it| it.arn == *arn && it.weight > 0));
        let arn = match kept {
            Some(arn) => arn,
            None => weighted(groups, &nodes.turns)?.to_owned(),
        };
        let group = nodes.groups.group(aws, &arn)?;
        let target = sticky_target(&group, headers, now)
            .filter(|target| group.candidates.contains(target))
            .or_else(|| next_target(&group, &nodes.turns))?;
        Some(Self {
            group,
            target,
            keeps_group: sticky.is_some(),
        })
    }

    /// Adds the cookies to an answer of the target.
    pub(super) fn set_cookies(&self, headers: &mut HeaderMap, now: Timestamp) {
        let (group, target) = (&self.group.arn, &self.target);
        match &self.group.stickiness {
            Stickiness::Off => {}
            Stickiness::LoadBalancer(_) => cookie::set_target(headers, group, target, now),
            Stickiness::Application(name, _) => {
                cookie::set_application(headers, group, name, target, now);
            }
        }
        if self.keeps_group {
            cookie::set_group(headers, group, target, now);
        }
    }
}

/// Returns the group whose turn it is; groups have turns in the proportion of their weights.
fn weighted<'a>(groups: &'a [WeightedGroup], turns: &Turns) -> Option<&'a str> {
    if let [only] = groups {
        return (only.weight > 0).then_some(&only.arn);
    }
    let total: u32 = groups.iter().map(|group| group.weight).sum();
    let key = groups.first()?.arn.as_str();
    let turn = u32::try_from(turns.next(&format!("weights {key}")) % (1 << 20)).ok()?;
    // The multiples of the golden ratio spread over a round as evenly as can be.
    let mut place = (f64::from(turn) * 0.618_033_988_75).fract() * f64::from(total);
    groups.iter().find_map(|group| {
        let weight = f64::from(group.weight);
        if place < weight {
            return Some(group.arn.as_str());
        }
        place -= weight;
        None
    })
}

fn sticky_target(group: &Group, headers: &HeaderMap, now: Timestamp) -> Option<Candidate> {
    match &group.stickiness {
        Stickiness::Off => None,
        Stickiness::LoadBalancer(valid_for) => cookie::target(headers, &group.arn, *valid_for, now),
        Stickiness::Application(name, valid_for) => {
            cookie::target_of_application(headers, &group.arn, name, *valid_for, now)
        }
    }
}

fn next_target(group: &Group, turns: &Turns) -> Option<Candidate> {
    let count = group.candidates.len();
    if count == 0 {
        return None;
    }
    let turn = turns.next(&group.arn);
    let chosen = match group.algorithm {
        Algorithm::RoundRobin => group.candidates.get(turn % count),
        Algorithm::WeightedRandom => group.candidates.get(fastrand::usize(..count)),
        Algorithm::LeastOutstandingRequests => {
            let outstanding = lock(&turns.outstanding);
            // Among equals, the turn decides.
            let from_turn = (0..count).map(|index| (turn + index) % count);
            let ordered = from_turn.filter_map(|index| group.candidates.get(index));
            ordered.min_by_key(|target| outstanding.get(*target).copied().unwrap_or_default())
        }
    };
    chosen.cloned()
}
