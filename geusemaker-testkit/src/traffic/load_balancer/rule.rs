//! Rules, compiled for many requests.

use super::condition::Condition;
use super::request::Seen;
use super::transform::Transform;
use crate::sim::elastic_load_balancing::action::Action;
use crate::sim::elastic_load_balancing::rule;

/// A rule of a listener.
#[derive(Debug)]
pub(super) struct Rule {
    conditions: Vec<Condition>,
    pub(super) transforms: Vec<Transform>,
    /// The last one answers; one that authenticates may come before it.
    pub(super) actions: Vec<Action>,
}

impl Rule {
    pub(super) fn compile(rule: &rule::Rule) -> Self {
        let transforms = rule.transforms.iter();
        Self {
            conditions: rule.conditions.iter().map(Condition::compile).collect(),
            transforms: transforms.filter_map(Transform::compile).collect(),
            actions: rule.actions.clone(),
        }
    }

    /// Returns true if the rule is for the request.
    pub(super) fn matches(&self, request: &Seen<'_>) -> bool {
        self.conditions.iter().all(|it| it.is_met_by(request))
    }
}
