//! Listeners.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::rule::{Priority, Rule};
use super::tags::Tags;
use super::{ElasticLoadBalancing, accept_page_size, action, load_balancer, members, validation};
use crate::sim::moment::Moment;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Listener {
    pub(super) arn: String,
    pub(super) load_balancer: String,
    port: u32,
    /// The listener's default actions, which AWS shows as a rule too.
    pub(super) default_rule: Rule,
    /// The other rules by priority.
    pub(super) rules: BTreeMap<u32, Rule>,
    pub(super) tags: Tags,
}

impl Listener {
    /// The rules in the order in which they are tried.
    pub(super) fn all_rules(&self) -> impl Iterator<Item = (Priority, &Rule)> {
        self.rules
            .iter()
            .map(|(priority, rule)| (Priority::Number(*priority), rule))
            .chain([(Priority::Default, &self.default_rule)])
    }

    pub(super) fn all_rules_mut(&mut self) -> impl Iterator<Item = &mut Rule> {
        self.rules.values_mut().chain([&mut self.default_rule])
    }

    /// `app/name/50dc6c495c0c9188/f2f7dc8efc522ab2`, with which the ARNs of its rules go on.
    pub(super) fn path(&self) -> &str {
        self.arn
            .split_once(":listener/")
            .map_or("", |(_, path)| path)
    }

    fn element(&self) -> Element {
        Element::new("listener")
            .with("ListenerArn", &self.arn)
            .with("LoadBalancerArn", &self.load_balancer)
            .with("Port", self.port)
            .with("Protocol", "HTTP")
            .child(Action::list("DefaultActions", &self.default_rule.actions))
    }
}

pub(super) fn create(
    elb: &mut ElasticLoadBalancing,
    moment: &mut Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let load_balancer = params.required("LoadBalancerArn")?;
    params.required("Port")?;
    let port = validation::number(params, "Port", 1..=65535, 0)?;
    params.required("Protocol")?;
    validation::only(params, "Protocol", "HTTP")?;
    let actions = Action::read_list(params, "DefaultActions")?;
    let tags = Tags::read(params)?;
    params.refuse_unread("CreateListener")?;

    let balancer = load_balancer::live(elb, &load_balancer)?;
    action::refuse_unusable(elb, balancer, &actions)?;
    let same_port = |listener: &&Listener| listener.port == port;
    if let Some(other) = elb.listeners_of(&load_balancer).find(same_port) {
        // The ELB model: the same settings again are the same listener.
        if other.default_rule.actions == actions {
            return Ok(described([other]));
        }
        return Err(ServiceError::new(
            "DuplicateListener",
            format!(
                "A listener already exists on this port for this load balancer '{load_balancer}'"
            ),
        ));
    }
    let listeners = elb.listeners_of(&load_balancer).count();
    moment
        .quotas
        .admit(Quota::ListenersPerLoadBalancer, listeners + 1)?;
    let path = format!("{}/{}", balancer.path(), moment.dice.hex(16));
    let (region, account_id) = (moment.region, moment.account_id);
    let arn = format!("arn:aws:elasticloadbalancing:{region}:{account_id}:listener/{path}");
    let default_rule = Rule::new(moment, &path, Vec::new(), actions, Tags::default());
    let listener = Listener {
        arn: arn.clone(),
        load_balancer,
        port,
        default_rule,
        rules: BTreeMap::new(),
        tags,
    };
    let reply = described([&listener]);
    elb.listeners.insert(arn, listener);
    Ok(reply)
}

pub(super) fn describe(
    elb: &ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let load_balancer = params.optional("LoadBalancerArn");
    let arns = members(params, "ListenerArns");
    accept_page_size(params);
    params.refuse_unread("DescribeListeners")?;
    let listeners: Vec<&Listener> = match (&load_balancer, arns.as_slice()) {
        (Some(arn), []) => {
            elb.load_balancer(arn)?;
            elb.listeners_of(arn).collect()
        }
        (None, [_, ..]) => arns
            .iter()
            .map(|arn| elb.listener(arn))
            .collect::<Result<_, _>>()?,
        (Some(_), [_, ..]) | (None, []) => {
            return Err(validation::error(
                "You must specify either listener ARNs or a load balancer ARN",
            ));
        }
    };
    Ok(described(listeners))
}

fn described<'a>(listeners: impl IntoIterator<Item = &'a Listener>) -> Reply {
    let elements = listeners.into_iter().map(Listener::element);
    let list = Element::list("Listeners", "member", elements);
    Reply::xml(Element::new("result").child(list))
}

pub(super) fn delete(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("ListenerArn")?;
    params.refuse_unread("DeleteListener")?;
    elb.listener(&arn)?;
    elb.listeners.remove(&arn);
    Ok(Reply::empty())
}
