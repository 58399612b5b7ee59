//! Rules of listeners.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::condition::Condition;
use super::tags::Tags;
use super::{ElasticLoadBalancing, accept_page_size, action, members, validation};
use crate::sim::moment::Moment;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rule {
    pub(super) arn: String,
    conditions: Vec<Condition>,
    pub(super) actions: Vec<Action>,
    pub(super) tags: Tags,
    pub(super) created_at: Timestamp,
}

/// A rule's place among the rules of its listener.
#[derive(Clone, Copy, Debug)]
pub(super) enum Priority {
    Number(u32),
    /// After all others.
    Default,
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Rule {
    /// A rule of the listener that has that path in its ARN.
    pub(super) fn new(
        moment: &mut Moment<'_>,
        listener_path: &str,
        conditions: Vec<Condition>,
        actions: Vec<Action>,
        tags: Tags,
    ) -> Self {
        let (region, account_id) = (moment.region, moment.account_id);
        let id = moment.dice.hex(16);
        Self {
            arn: format!(
                "arn:aws:elasticloadbalancing:{region}:{account_id}:listener-rule/{listener_path}/{id}"
            ),
            conditions,
            actions,
            tags,
            created_at: moment.now,
        }
    }

    pub(super) fn forwards_to(&self, target_group: &str) -> bool {
        self.actions
            .iter()
            .any(|action| action.forwards_to(target_group))
    }

    fn element(&self, priority: Priority) -> Element {
        Element::new("rule")
            .with("RuleArn", &self.arn)
            .with("Priority", priority)
            .child(Condition::list(&self.conditions))
            .child(Action::list("Actions", &self.actions))
            .with("IsDefault", matches!(priority, Priority::Default))
    }
}

pub(super) fn create(
    elb: &mut ElasticLoadBalancing,
    moment: &mut Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let listener_arn = params.required("ListenerArn")?;
    params.required("Priority")?;
    let priority = validation::number(params, "Priority", 1..=50_000, 0)?;
    let conditions = Condition::read_list(params)?;
    let actions = Action::read_list(params, "Actions")?;
    let tags = Tags::read(params)?;
    params.refuse_unread("CreateRule")?;

    let listener = elb.listener(&listener_arn)?;
    let load_balancer = elb.load_balancer(&listener.load_balancer)?;
    // The ELB model does not call CreateRule idempotent: the same rule again is refused too.
    if listener.rules.contains_key(&priority) {
        return Err(ServiceError::new(
            "PriorityInUse",
            format!("Priority '{priority}' is currently in use"),
        ));
    }
    action::refuse_unusable(elb, load_balancer, &actions)?;
    let rules: usize = elb
        .listeners_of(&load_balancer.arn)
        .map(|listener| listener.rules.len())
        .sum();
    moment
        .quotas
        .admit(Quota::RulesPerLoadBalancer, rules + 1)?;
    let rule = Rule::new(moment, listener.path(), conditions, actions, tags);
    let reply = described([(Priority::Number(priority), &rule)]);
    if let Some(listener) = elb.listeners.get_mut(&listener_arn) {
        listener.rules.insert(priority, rule);
    }
    Ok(reply)
}

pub(super) fn describe(
    elb: &ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let listener = params.optional("ListenerArn");
    let arns = members(params, "RuleArns");
    accept_page_size(params);
    params.refuse_unread("DescribeRules")?;
    match (listener, arns.as_slice()) {
        (Some(listener), []) => Ok(described(elb.listener(&listener)?.all_rules())),
        (None, [_, ..]) => {
            let rules = arns.iter().map(|arn| find(elb, arn));
            Ok(described(rules.collect::<Result<Vec<_>, _>>()?))
        }
        (Some(_), [_, ..]) | (None, []) => Err(validation::error(
            "You must specify either rule ARNs or a listener ARN",
        )),
    }
}

fn described<'a>(rules: impl IntoIterator<Item = (Priority, &'a Rule)>) -> Reply {
    let elements = rules
        .into_iter()
        .map(|(priority, rule)| rule.element(priority));
    Reply::xml(Element::new("result").child(Element::list("Rules", "member", elements)))
}

pub(super) fn delete(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("RuleArn")?;
    params.refuse_unread("DeleteRule")?;
    match find(elb, &arn)? {
        (Priority::Default, _) => Err(ServiceError::new(
            "OperationNotPermitted",
            format!("Default rule '{arn}' cannot be deleted"),
        )),
        (Priority::Number(_), _) => {
            for listener in elb.listeners.values_mut() {
                listener.rules.retain(|_, rule| rule.arn != arn);
            }
            Ok(Reply::empty())
        }
    }
}

fn find<'a>(
    elb: &'a ElasticLoadBalancing,
    arn: &str,
) -> Result<(Priority, &'a Rule), ServiceError> {
    elb.listeners
        .values()
        .flat_map(|listener| listener.all_rules())
        .find(|(_, rule)| rule.arn == arn)
        .ok_or_else(|| ServiceError::new("RuleNotFound", "One or more rules not found"))
}
