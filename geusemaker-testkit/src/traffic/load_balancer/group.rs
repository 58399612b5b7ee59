//! Target groups as requests see them: their settings, and the targets that can get requests now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use crate::aws::Aws;
use crate::lock::lock;
use crate::sim::account::Account;
use crate::sim::elastic_load_balancing::attributes::TARGET_GROUP;
use crate::sim::elastic_load_balancing::protocol::Protocol;
use crate::sim::elastic_load_balancing::target_group::{ProtocolVersion, TargetGroup};
use crate::sim::elastic_load_balancing::target_health::State;
use crate::sim::guest::Software;

/// The time of the account for which the health of targets is taken as unchanged, unless a call changes something.
const FRESHNESS: Duration = Duration::from_secs(1);

/// A target group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) arn: String,
    pub(super) region: String,
    pub(super) is_https: bool,
    pub(super) version: ProtocolVersion,
    pub(super) algorithm: Algorithm,
    pub(super) stickiness: Stickiness,
    pub(super) candidates: Vec<Candidate>,
}

/// The algorithm that chooses a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    LeastOutstandingRequests,
    RoundRobin,
    WeightedRandom,
}

/// The way in which a client stays with a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stickiness {
    Off,
    /// By a cookie of the load balancer, for that time.
    LoadBalancer(Duration),
    /// By a cookie of the application, of that name, for that time.
    Application(String, Duration),
}

/// A target that can get a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Candidate {
    pub(super) instance: String,
    pub(super) port: u16,
}

/// The groups as they were a moment ago.
#[derive(Debug, Default)]
pub(super) struct Groups(Mutex<HashMap<String, Kept>>);

#[derive(Debug)]
struct Kept {
    generation: u64,
    at: Timestamp,
    group: Arc<Group>,
}

impl Groups {
    /// Returns a group as it is now; `None` if it does not exist.
    pub(super) fn group(&self, aws: &Aws, arn: &str) -> Option<Arc<Group>> {
        let (generation, now) = (aws.generation(), aws.clock().now());
        let mut kept = lock(&self.0);
        if let Some(known) = kept.get(arn)
            && known.generation == generation
            && now.duration_since(known.at).unsigned_abs() < FRESHNESS
        {
            return Some(Arc::clone(&known.group));
        }
        let group = aws.read(|account, now| {
            let software = Software {
                guest: &**aws.guest(),
                timings: account.rng.timings(),
            };
            Group::read(account, software, arn, now)
        });
        let group = Arc::new(group?);
        let known = Kept {
            generation,
            at: now,
            group: Arc::clone(&group),
        };
        kept.insert(arn.to_owned(), known);
        Some(group)
    }
}

impl Group {
    fn read(account: &Account, software: Software<'_>, arn: &str, now: Timestamp) -> Option<Self> {
        let region_name = arn.split(':').nth(3)?;
        let region = account.regions.get(region_name)?;
        let elb = &region.elastic_load_balancing;
        let group = elb.group(arn)?;
        let value = |key| group.attributes.value(TARGET_GROUP, key);
        let (mut healthy, mut others) = (Vec::new(), Vec::new());
        for target in &group.targets {
            let candidate = Candidate {
                instance: target.instance.clone(),
                port: u16::try_from(target.port).unwrap_or_default(),
            };
            match elb.health(arn, target, &region.ec2, software, now) {
                State::Healthy => healthy.push(candidate),
                State::Initial | State::Unhealthy => others.push(candidate),
                State::Draining | State::Unused => {}
            }
        }
        if is_open(group, healthy.len(), others.len()) {
            healthy.append(&mut others);
        }
        Some(Self {
            arn: arn.to_owned(),
            region: region_name.to_owned(),
            is_https: group.settings.protocol == Protocol::Https,
            version: group.settings.version,
            algorithm: match value("load_balancing.algorithm.type") {
                "least_outstanding_requests" => Algorithm::LeastOutstandingRequests,
                "weighted_random" => Algorithm::WeightedRandom,
                _ => Algorithm::RoundRobin,
            },
            stickiness: Stickiness::read(value),
            candidates: healthy,
        })
    }
}

/// Returns true if so few targets are healthy that all get requests (ELB docs, "Target group health").
fn is_open(group: &TargetGroup, healthy: usize, others: usize) -> bool {
    let value = |key: &str| {
        let key =
            format!("target_group_health.unhealthy_state_routing.minimum_healthy_targets.{key}");
        group.attributes.value(TARGET_GROUP, &key).parse::<usize>()
    };
    let too_few = value("count").is_ok_and(|least| healthy < least);
    let total = healthy + others;
    let too_small_share = value("percentage").is_ok_and(|least| healthy * 100 < least * total);
    too_few || too_small_share
}

impl Stickiness {
    fn read<'a>(value: impl Fn(&'static str) -> &'a str) -> Self {
        let seconds = |key| Duration::from_secs(value(key).parse().unwrap_or_default());
        if value("stickiness.enabled") != "true" {
            return Self::Off;
        }
        match value("stickiness.type") {
            "app_cookie" => Self::Application(
                value("stickiness.app_cookie.cookie_name").to_owned(),
                seconds("stickiness.app_cookie.duration_seconds"),
            ),
            _ => Self::LoadBalancer(seconds("stickiness.lb_cookie.duration_seconds")),
        }
    }
}
