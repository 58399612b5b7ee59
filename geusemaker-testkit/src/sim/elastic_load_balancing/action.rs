//! Actions of listeners and rules: the destination of a request.

use serde::{Deserialize, Serialize};

use super::authentication::{self, Authentication};
use super::load_balancer::LoadBalancer;
use super::redirect::Redirect;
use super::{Code, ElasticLoadBalancing, validation};
use crate::wire::ServiceError;
use crate::wire::params::{Params, Structure};
use crate::wire::xml::Element;

/// The content types of a fixed response (ELB API reference, FixedResponseActionConfig).
const CONTENT_TYPES: [&str; 5] = [
    "text/plain",
    "text/css",
    "text/html",
    "application/javascript",
    "application/json",
];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    /// It comes before one of the others, which are final.
    Authenticate(Authentication),
    Forward {
        groups: Vec<WeightedGroup>,
        /// The time for which a client stays with one of the groups, in seconds.
        stickiness: Option<u32>,
    },
    FixedResponse {
        status_code: u32,
        content_type: Option<String>,
        message_body: Option<String>,
    },
    Redirect(Redirect),
}

/// A target group and its share of the requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WeightedGroup {
    pub(crate) arn: String,
    pub(crate) weight: u32,
}

impl Action {
    /// Reads `name.member.N`.
    pub(super) fn read_list(params: &mut Params, name: &str) -> Result<Vec<Self>, ServiceError> {
        params.optional(name);
        let mut ordered = Vec::new();
        for place in params.structures(&format!("{name}.member")) {
            let order = place.member("Order");
            let order = match params.has(&order) {
                true => validation::number(params, &order, 1..=50_000, 0)?,
                false => 0,
            };
            let kind = params.required(&place.member("Type"))?;
            let action = match kind.as_str() {
                "forward" => Self::read_forward(params, &place)?,
                "fixed-response" => Self::read_fixed_response(params, &place)?,
                "redirect" => Self::Redirect(Redirect::read(params, &place)?),
                other => match authentication::Kind::from_name(other) {
                    Some(kind) => Self::Authenticate(Authentication::read(params, &place, kind)?),
                    None => {
                        return Err(validation::error(format!(
                            "Action type '{other}' must be one of '[forward, authenticate-oidc, \
                             authenticate-cognito, redirect, fixed-response, jwt-validation]'"
                        )));
                    }
                },
            };
            ordered.push((order, action));
        }
        ordered.sort_by_key(|(order, _)| *order);
        let has_orders = ordered.len() < 2 || ordered.iter().all(|(order, _)| *order > 0);
        let is_repeated = ordered.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if !has_orders || is_repeated {
            return Err(validation::error(
                "Each of several actions must have an order of its own",
            ));
        }
        let actions: Vec<Self> = ordered.into_iter().map(|(_, action)| action).collect();
        let is_first = |action: &Self| matches!(action, Self::Authenticate(_));
        match actions.as_slice() {
            [only] if !is_first(only) => Ok(actions),
            [first, last] if is_first(first) && !is_first(last) => Ok(actions),
            _ => Err(ServiceError::new(
                Code::InvalidLoadBalancerAction,
                "Exactly one action of type forward, redirect or fixed-response must be specified, \
                 and be the last one, after at most one that authenticates",
            )),
        }
    }

    fn read_forward(params: &mut Params, place: &Structure) -> Result<Self, ServiceError> {
        let single = params.optional(&place.member("TargetGroupArn"));
        let mut groups = Vec::new();
        for group in params.structures(&place.member("ForwardConfig.TargetGroups.member")) {
            groups.push(WeightedGroup {
                arn: params.required(&group.member("TargetGroupArn"))?,
                weight: validation::number(params, &group.member("Weight"), 0..=999, 1)?,
            });
        }
        let config = place.member("ForwardConfig.TargetGroupStickinessConfig");
        let enabled = params.parsed(&format!("{config}.Enabled"))? == Some(true);
        let seconds = format!("{config}.DurationSeconds");
        let seconds = validation::number(params, &seconds, 1..=604_800, 3600)?;
        match (single, groups.as_slice()) {
            (Some(arn), []) => groups.push(WeightedGroup { arn, weight: 1 }),
            // The ELB model: both may be given if they agree.
            (Some(arn), [only]) if only.arn == arn => {}
            (None, [_, ..]) => {}
            (Some(_), [_, ..]) | (None, []) => {
                return Err(validation::error(
                    "A forward action needs TargetGroupArn or ForwardConfig, and not two different groups",
                ));
            }
        }
        let mut arns: Vec<&str> = groups.iter().map(|group| group.arn.as_str()).collect();
        arns.sort_unstable();
        if arns.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(validation::error(
                "Target groups cannot be repeated in a forward action",
            ));
        }
        if groups.len() > 5 {
            return Err(ServiceError::new(
                Code::TooManyTargetGroups,
                "A forward action can have at most 5 target groups",
            ));
        }
        Ok(Self::Forward {
            groups,
            stickiness: enabled.then_some(seconds),
        })
    }

    fn read_fixed_response(params: &mut Params, place: &Structure) -> Result<Self, ServiceError> {
        let config = place.member("FixedResponseConfig");
        let status_code = params.required(&format!("{config}.StatusCode"))?;
        let status_code = status_code
            .parse()
            .ok()
            .filter(|code| matches!(code, 200..=299 | 400..=599))
            .ok_or_else(|| {
                let message =
                    format!("Status code '{status_code}' is not valid: it must be 2XX, 4XX or 5XX");
                validation::error(message)
            })?;
        let message_body = params.optional(&format!("{config}.MessageBody"));
        if message_body.as_ref().is_some_and(|body| body.len() > 1024) {
            return Err(validation::error(
                "The message body cannot be longer than '1024' characters",
            ));
        }
        let content_type = params.optional(&format!("{config}.ContentType"));
        if let Some(other) = content_type
            .as_deref()
            .filter(|name| !CONTENT_TYPES.contains(name))
        {
            return Err(validation::error(format!(
                "Content type '{other}' must be one of '[{}]'",
                CONTENT_TYPES.join(", ")
            )));
        }
        Ok(Self::FixedResponse {
            status_code,
            content_type,
            message_body,
        })
    }

    pub(super) fn forwards_to(&self, target_group: &str) -> bool {
        self.target_groups().any(|arn| arn == target_group)
    }

    pub(super) fn target_groups(&self) -> impl Iterator<Item = &str> {
        let groups = match self {
            Self::Forward { groups, .. } => groups.as_slice(),
            Self::Authenticate(_) | Self::FixedResponse { .. } | Self::Redirect(_) => &[],
        };
        groups.iter().map(|group| group.arn.as_str())
    }

    pub(super) fn list(name: &str, actions: &[Self]) -> Element {
        let actions = (1..).zip(actions);
        let actions = actions.map(|(order, action)| action.element().with("Order", order));
        Element::list(name, "member", actions)
    }

    fn element(&self) -> Element {
        match self {
            Self::Authenticate(authentication) => authentication.element(),
            Self::Forward { groups, stickiness } => {
                let single = match groups.as_slice() {
                    [only] => Some(&only.arn),
                    _ => None,
                };
                let tuples = groups.iter().map(|group| {
                    Element::new("group")
                        .with("TargetGroupArn", &group.arn)
                        .with("Weight", group.weight)
                });
                let stickiness = Element::new("TargetGroupStickinessConfig")
                    .with("Enabled", stickiness.is_some())
                    .with_some("DurationSeconds", *stickiness);
                let config = Element::new("ForwardConfig")
                    .child(Element::list("TargetGroups", "member", tuples))
                    .child(stickiness);
                Element::new("action")
                    .with("Type", "forward")
                    .with_some("TargetGroupArn", single)
                    .child(config)
            }
            Self::FixedResponse {
                status_code,
                content_type,
                message_body,
            } => {
                let config = Element::new("FixedResponseConfig")
                    .with_some("MessageBody", message_body.as_ref())
                    .with("StatusCode", status_code)
                    .with_some("ContentType", content_type.as_ref());
                Element::new("action")
                    .with("Type", "fixed-response")
                    .child(config)
            }
            Self::Redirect(redirect) => Element::new("action")
                .with("Type", "redirect")
                .child(redirect.element()),
        }
    }
}

/// Refuses actions that the load balancer cannot use.
pub(super) fn refuse_unusable(
    elb: &ElasticLoadBalancing,
    load_balancer: &LoadBalancer,
    is_https: bool,
    actions: &[Action],
) -> Result<(), ServiceError> {
    for action in actions {
        match action {
            Action::Authenticate(authentication) if !is_https => {
                return Err(validation::error(format!(
                    "Actions of type '{}' are supported only on HTTPS listeners",
                    authentication.name()
                )));
            }
            Action::Redirect(redirect) if is_https && redirect.is_to_http() => {
                return Err(validation::error(
                    "Redirects from HTTPS to HTTP are not supported",
                ));
            }
            Action::Authenticate(_)
            | Action::FixedResponse { .. }
            | Action::Forward { .. }
            | Action::Redirect(_) => {}
        }
    }
    for arn in actions.iter().flat_map(Action::target_groups) {
        let group = elb.target_group(arn)?;
        if group.vpc() != load_balancer.vpc {
            return Err(validation::error(format!(
                "The target group '{arn}' is not in the VPC '{}' of the load balancer",
                load_balancer.vpc
            )));
        }
        if let Some(version) = group.version_of_https().filter(|_| !is_https) {
            return Err(validation::error(format!(
                "Listener protocol 'HTTP' is not supported with a target group with the protocol-version '{version}'"
            )));
        }
        let elsewhere = elb
            .rules_to(arn)
            .any(|(listener, _)| listener.load_balancer != load_balancer.arn);
        if elsewhere {
            return Err(ServiceError::new(
                Code::TargetGroupAssociationLimit,
                format!(
                    "The following target groups cannot be associated with more than one load balancer: {arn}"
                ),
            ));
        }
    }
    Ok(())
}
