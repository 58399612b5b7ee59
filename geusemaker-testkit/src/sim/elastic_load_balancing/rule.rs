//! Rules of listeners.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::condition::Condition;
use super::listener::Listener;
use super::paging::{Page, Paging};
use super::tags::Tags;
use super::transform::Transform;
use super::{Code, ElasticLoadBalancing, action, members, validation};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    pub(crate) conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) transforms: Vec<Transform>,
    pub(crate) actions: Vec<Action>,
    pub(crate) tags: Tags,
    created_at: Timestamp,
    /// The time since which the rule forwards to a target group, if it did not from the start.
    #[serde(default)]
    forwards_since: BTreeMap<String, Timestamp>,
}

/// The position of a rule among the rules of its listener.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Priority {
    Number(u32),
    /// After all other rules.
    Default,
}

impl Priority {
    /// Returns a text that sorts as the priority does.
    fn key(self) -> String {
        match self {
            Self::Number(number) => format!("{number:05}"),
            Self::Default => "default".to_owned(),
        }
    }
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
    /// Creates a rule of the listener that has that path in its ARN.
    pub(super) fn new(
        context: &mut RequestContext<'_>,
        listener_path: &str,
        conditions: Vec<Condition>,
        actions: Vec<Action>,
        tags: Tags,
    ) -> Self {
        let (region, account_id) = (context.region, context.account_id);
        let partition = context.partition();
        let id = context.rng.hex(16);
        Self {
            arn: format!(
                "arn:{partition}:elasticloadbalancing:{region}:{account_id}:listener-rule/{listener_path}/{id}"
            ),
            conditions,
            transforms: Vec::new(),
            actions,
            tags,
            created_at: context.now,
            forwards_since: BTreeMap::new(),
        }
    }

    /// Returns the time since which the rule forwards to one of its present target groups.
    pub(super) fn forwards_since(&self, target_group: &str) -> Timestamp {
        self.forwards_since
            .get(target_group)
            .copied()
            .unwrap_or(self.created_at)
    }

    pub(super) fn set_actions(&mut self, actions: Vec<Action>, now: Timestamp) {
        let since = actions
            .iter()
            .flat_map(Action::target_groups)
            .map(|group| {
                let since = if self.forwards_to(group) {
                    self.forwards_since(group)
                } else {
                    now
                };
                (group.to_owned(), since)
            })
            .collect();
        self.forwards_since = since;
        self.actions = actions;
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
            .child(Transform::list(&self.transforms))
            .with("IsDefault", matches!(priority, Priority::Default))
    }
}

pub(super) fn create(
    elb: &mut ElasticLoadBalancing,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let listener_arn = params.required("ListenerArn")?;
    params.required("Priority")?;
    let priority = validation::number(params, "Priority", 1..=50_000, 0)?;
    let conditions = Condition::read_list(params)?;
    let transforms = Transform::read_list(params)?;
    let actions = Action::read_list(params, "Actions")?;
    let tags = Tags::read(params)?;
    params.refuse_unread("CreateRule")?;
    if conditions.is_empty() {
        return Err(validation::error("A condition must be specified"));
    }

    let listener = elb.listener(&listener_arn)?;
    let load_balancer = elb.load_balancer(&listener.load_balancer)?;
    // The ELB model does not describe CreateRule as idempotent: the same rule again is refused too.
    if listener.rules.contains_key(&priority) {
        return Err(in_use(priority));
    }
    action::refuse_unusable(elb, load_balancer, listener.tls.is_some(), &actions)?;
    let rules: usize = elb
        .listeners_of(&load_balancer.arn)
        .map(|listener| listener.rules.len())
        .sum();
    context
        .quotas
        .admit(Quota::RulesPerLoadBalancer, rules + 1)?;
    let mut rule = Rule::new(context, listener.path(), conditions, actions, tags);
    rule.transforms = transforms;
    let reply = described(Priority::Number(priority), &rule);
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
    let paging = Paging::read(params)?;
    params.refuse_unread("DescribeRules")?;
    let page = match (listener, arns.as_slice()) {
        (Some(listener), []) => {
            let rules = elb.listener(&listener)?.all_rules();
            paging.cut(rules.map(|(priority, rule)| (priority.key(), (priority, rule))))
        }
        (None, [_, ..]) => {
            let rules = arns.iter().map(|arn| find(elb, arn));
            Page::whole(rules.collect::<Result<Vec<_>, _>>()?)
        }
        (Some(_), [_, ..]) | (None, []) => {
            return Err(validation::error(
                "You must specify either rule ARNs or a listener ARN",
            ));
        }
    };
    Ok(page.reply("Rules", |(priority, rule)| rule.element(priority)))
}

fn described(priority: Priority, rule: &Rule) -> Reply {
    Page::whole([rule]).reply("Rules", |rule| rule.element(priority))
}

pub(super) fn modify(
    elb: &mut ElasticLoadBalancing,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("RuleArn")?;
    let conditions = Condition::read_list(params)?;
    let actions = if params.has("Actions.member") {
        Some(Action::read_list(params, "Actions")?)
    } else {
        None
    };
    let transforms = Transform::read_list(params)?;
    let resets = params.parsed("ResetTransforms")? == Some(true);
    params.refuse_unread("ModifyRule")?;
    if resets && !transforms.is_empty() {
        return Err(validation::error(
            "You cannot both specify and reset the transforms of a rule",
        ));
    }

    let (Priority::Number(priority), old) = find(elb, &arn)? else {
        return Err(ServiceError::new(
            Code::OperationNotPermitted,
            format!("Default rule '{arn}' cannot be modified"),
        ));
    };
    let mut rule = old.clone();
    let listener = listener_of(elb, &arn)?.arn.clone();
    if !conditions.is_empty() {
        rule.conditions = conditions;
    }
    if resets || !transforms.is_empty() {
        rule.transforms = transforms;
    }
    if let Some(actions) = actions {
        let load_balancer = &elb.listener(&listener)?.load_balancer;
        let is_https = elb.listener(&listener)?.tls.is_some();
        let load_balancer = elb.load_balancer(load_balancer)?;
        action::refuse_unusable(elb, load_balancer, is_https, &actions)?;
        rule.set_actions(actions, context.now);
    }
    let reply = described(Priority::Number(priority), &rule);
    if let Some(listener) = elb.listeners.get_mut(&listener) {
        listener.rules.insert(priority, rule);
    }
    Ok(reply)
}

/// Sets the priorities of several rules at once, so that two rules can exchange theirs.
pub(super) fn set_priorities(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let mut wanted: BTreeMap<String, u32> = BTreeMap::new();
    params.optional("RulePriorities");
    for member in params.structures("RulePriorities.member") {
        let arn = params.required(&member.member("RuleArn"))?;
        let priority = member.member("Priority");
        params.required(&priority)?;
        wanted.insert(arn, validation::number(params, &priority, 1..=50_000, 0)?);
    }
    params.refuse_unread("SetRulePriorities")?;
    let mut listeners = BTreeSet::new();
    for arn in wanted.keys() {
        if matches!(find(elb, arn)?, (Priority::Default, _)) {
            return Err(ServiceError::new(
                Code::OperationNotPermitted,
                format!("Default rule '{arn}' cannot be given a priority"),
            ));
        }
        listeners.insert(listener_of(elb, arn)?.arn.clone());
    }
    let mut reordered = Vec::new();
    for arn in listeners {
        let mut rules = BTreeMap::new();
        for (old, rule) in &elb.listener(&arn)?.rules {
            let priority = wanted.get(&rule.arn).unwrap_or(old);
            if rules.insert(*priority, rule.clone()).is_some() {
                return Err(in_use(*priority));
            }
        }
        reordered.push((arn, rules));
    }
    for (arn, rules) in reordered {
        if let Some(listener) = elb.listeners.get_mut(&arn) {
            listener.rules = rules;
        }
    }
    let changed = wanted
        .keys()
        .map(|arn| find(elb, arn))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::whole(changed).reply("Rules", |(priority, rule)| rule.element(priority)))
}

fn in_use(priority: u32) -> ServiceError {
    ServiceError::new(
        Code::PriorityInUse,
        format!("Priority '{priority}' is currently in use"),
    )
}

pub(super) fn delete(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("RuleArn")?;
    params.refuse_unread("DeleteRule")?;
    match find(elb, &arn)? {
        (Priority::Default, _) => Err(ServiceError::new(
            Code::OperationNotPermitted,
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
        .ok_or_else(not_found)
}

/// Returns the listener that has the rule.
fn listener_of<'a>(
    elb: &'a ElasticLoadBalancing,
    rule: &str,
) -> Result<&'a Listener, ServiceError> {
    elb.listeners
        .values()
        .find(|listener| listener.all_rules().any(|(_, other)| other.arn == rule))
        .ok_or_else(not_found)
}

fn not_found() -> ServiceError {
    ServiceError::new(Code::RuleNotFound, "One or more rules not found")
}
