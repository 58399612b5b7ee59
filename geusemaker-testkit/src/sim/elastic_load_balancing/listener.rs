//! Listeners.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::attributes::{Attribute, Attributes, HTTP_LISTENER, HTTPS_LISTENER};
use super::paging::{Page, Paging};
use super::protocol::Protocol;
use super::rule::{Priority, Rule};
use super::tags::Tags;
use super::tls::{self, Tls};
use super::{Code, ElasticLoadBalancing, action, load_balancer, members, validation};
use crate::sim::acm::Acm;
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Listener {
    pub(crate) arn: String,
    pub(crate) load_balancer: String,
    pub(crate) port: u32,
    /// The settings that an HTTPS listener has and an HTTP listener does not.
    #[serde(default)]
    pub(crate) tls: Option<Tls>,
    #[serde(default)]
    pub(crate) attributes: Attributes,
    /// The listener's default actions, which AWS also shows as a rule.
    pub(crate) default_rule: Rule,
    /// The other rules, by priority.
    pub(crate) rules: BTreeMap<u32, Rule>,
    pub(crate) tags: Tags,
}

impl Listener {
    /// Returns the rules in the order in which they are tried.
    pub(crate) fn all_rules(&self) -> impl Iterator<Item = (Priority, &Rule)> {
        self.rules
            .iter()
            .map(|(priority, rule)| (Priority::Number(*priority), rule))
            .chain([(Priority::Default, &self.default_rule)])
    }

    pub(super) fn all_rules_mut(&mut self) -> impl Iterator<Item = &mut Rule> {
        self.rules.values_mut().chain([&mut self.default_rule])
    }

    /// Returns `app/name/50dc6c495c0c9188/f2f7dc8efc522ab2`, which the ARNs of its rules continue.
    pub(super) fn path(&self) -> &str {
        self.arn
            .split_once(":listener/")
            .map_or("", |(_, path)| path)
    }

    fn known_attributes(&self) -> &'static [Attribute] {
        match self.tls {
            Some(_) => HTTPS_LISTENER,
            None => HTTP_LISTENER,
        }
    }

    fn element(&self) -> Element {
        let protocol = match self.tls {
            Some(_) => Protocol::Https,
            None => Protocol::Http,
        };
        let listener = Element::new("listener")
            .with("ListenerArn", &self.arn)
            .with("LoadBalancerArn", &self.load_balancer)
            .with("Port", self.port)
            .with("Protocol", protocol.as_str());
        let listener = match &self.tls {
            Some(tls) => listener.children(tls.elements()),
            None => listener,
        };
        listener.child(Action::list("DefaultActions", &self.default_rule.actions))
    }
}

pub(super) fn create(
    elb: &mut ElasticLoadBalancing,
    acm: &Acm,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let load_balancer = params.required("LoadBalancerArn")?;
    params.required("Port")?;
    let port = validation::number(params, "Port", 1..=65535, 0)?;
    params.required("Protocol")?;
    let protocol = Protocol::read_of_listener(params)?;
    let tls = Tls::read(params, protocol.unwrap_or_default(), None)?;
    let actions = Action::read_list(params, "DefaultActions")?;
    let tags = Tags::read(params)?;
    params.refuse_unread("CreateListener")?;

    let balancer = load_balancer::live(elb, &load_balancer)?;
    tls::refuse_unusable(acm, context, tls.as_ref())?;
    action::refuse_unusable(elb, balancer, tls.is_some(), &actions)?;
    let same_port = |listener: &&Listener| listener.port == port;
    if let Some(other) = elb.listeners_of(&load_balancer).find(same_port) {
        // The ELB model: the same settings again mean the same listener.
        if other.default_rule.actions == actions && other.tls == tls {
            return Ok(described(other));
        }
        return Err(duplicate(&load_balancer));
    }
    let listeners = elb.listeners_of(&load_balancer).count();
    context
        .quotas
        .admit(Quota::ListenersPerLoadBalancer, listeners + 1)?;
    let path = format!("{}/{}", balancer.path(), context.rng.hex(16));
    let (region, account_id) = (context.region, context.account_id);
    let partition = context.partition();
    let arn = format!("arn:{partition}:elasticloadbalancing:{region}:{account_id}:listener/{path}");
    let default_rule = Rule::new(context, &path, Vec::new(), actions, Tags::default());
    let listener = Listener {
        arn: arn.clone(),
        load_balancer,
        port,
        tls,
        attributes: Attributes::default(),
        default_rule,
        rules: BTreeMap::new(),
        tags,
    };
    let reply = described(&listener);
    elb.listeners.insert(arn, listener);
    Ok(reply)
}

fn duplicate(load_balancer: &str) -> ServiceError {
    ServiceError::new(
        Code::DuplicateListener,
        format!("A listener already exists on this port for this load balancer '{load_balancer}'"),
    )
}

pub(super) fn describe(
    elb: &ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let load_balancer = params.optional("LoadBalancerArn");
    let arns = members(params, "ListenerArns");
    let paging = Paging::read(params)?;
    params.refuse_unread("DescribeListeners")?;
    let page = match (&load_balancer, arns.as_slice()) {
        (Some(arn), []) => {
            elb.load_balancer(arn)?;
            let listeners = elb.listeners_of(arn);
            paging.cut(listeners.map(|listener| (listener.arn.clone(), listener)))
        }
        (None, [_, ..]) => {
            let listeners = arns.iter().map(|arn| elb.listener(arn));
            Page::whole(listeners.collect::<Result<Vec<_>, _>>()?)
        }
        (Some(_), [_, ..]) | (None, []) => {
            return Err(validation::error(
                "You must specify either listener ARNs or a load balancer ARN",
            ));
        }
    };
    Ok(page.reply("Listeners", Listener::element))
}

fn described(listener: &Listener) -> Reply {
    Page::whole([listener]).reply("Listeners", Listener::element)
}

pub(super) fn modify(
    elb: &mut ElasticLoadBalancing,
    acm: &Acm,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("ListenerArn")?;
    let old = elb.listener(&arn)?;
    let port = validation::number(params, "Port", 1..=65535, old.port)?;
    let protocol = Protocol::read_of_listener(params)?.unwrap_or(match old.tls {
        Some(_) => Protocol::Https,
        None => Protocol::Http,
    });
    let tls = Tls::read(params, protocol, old.tls.as_ref())?;
    let actions = if params.has("DefaultActions.member") {
        Some(Action::read_list(params, "DefaultActions")?)
    } else {
        None
    };
    params.refuse_unread("ModifyListener")?;

    if elb
        .listeners_of(&old.load_balancer)
        .any(|other| other.arn != arn && other.port == port)
    {
        return Err(duplicate(&old.load_balancer));
    }
    tls::refuse_unusable(acm, context, tls.as_ref().filter(|_| tls != old.tls))?;
    let mut listener = old.clone();
    listener.port = port;
    listener.tls = tls;
    if let Some(actions) = actions {
        let load_balancer = elb.load_balancer(&old.load_balancer)?;
        action::refuse_unusable(elb, load_balancer, listener.tls.is_some(), &actions)?;
        listener.default_rule.set_actions(actions, context.now);
    }
    let reply = described(&listener);
    elb.listeners.insert(arn, listener);
    Ok(reply)
}

pub(super) fn describe_attributes(
    elb: &ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("ListenerArn")?;
    params.refuse_unread("DescribeListenerAttributes")?;
    let listener = elb.listener(&arn)?;
    let known = listener.known_attributes();
    Ok(Reply::xml(listener.attributes.element(known)))
}

pub(super) fn modify_attributes(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("ListenerArn")?;
    let mut listener = elb.listener(&arn)?.clone();
    let known = listener.known_attributes();
    let changes = Attributes::read(params, "Listener", known)?;
    params.refuse_unread("ModifyListenerAttributes")?;
    listener.attributes.apply(changes);
    let reply = Reply::xml(listener.attributes.element(known));
    elb.listeners.insert(arn, listener);
    Ok(reply)
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
