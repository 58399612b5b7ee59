//! Tags of load balancers, target groups, listeners and rules.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Code, ElasticLoadBalancing, members, validation};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tags(BTreeMap<String, String>);

impl Tags {
    pub(super) fn read(params: &mut Params) -> Result<Self, ServiceError> {
        params.optional("Tags");
        let mut tags = BTreeMap::new();
        for tag in params.structures("Tags.member") {
            let key = params.required(&tag.member("Key"))?;
            let value = params.optional(&tag.member("Value")).unwrap_or_default();
            refuse_wrong(&key, &value)?;
            if tags.insert(key, value).is_some() {
                return Err(ServiceError::new(
                    Code::DuplicateTagKeys,
                    "Tag keys must be unique for each resource",
                ));
            }
        }
        let tags = Self(tags);
        tags.refuse_too_many()?;
        Ok(tags)
    }

    fn refuse_too_many(&self) -> Result<(), ServiceError> {
        if self.0.len() > 50 {
            let message = "The maximum number of tags for this resource has been reached";
            return Err(ServiceError::new(Code::TooManyTags, message));
        }
        Ok(())
    }

    fn element(&self) -> Element {
        let tags = self
            .0
            .iter()
            .map(|(key, value)| Element::new("tag").with("Key", key).with("Value", value));
        Element::list("Tags", "member", tags)
    }
}

/// Refuses a tag beyond the ELB model's limits.
fn refuse_wrong(key: &str, value: &str) -> Result<(), ServiceError> {
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(validation::error(
            "aws: prefixed tag key names are not allowed for external use.",
        ));
    }
    if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
        return Err(validation::error(format!(
            "The tag key '{key}' must have 1 to 128 characters, and its value at most 256"
        )));
    }
    Ok(())
}

pub(super) fn describe(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arns = members(params, "ResourceArns");
    params.refuse_unread("DescribeTags")?;
    let mut descriptions = Vec::new();
    for arn in arns {
        let tags = find(elb, &arn)?.element();
        descriptions.push(
            Element::new("description")
                .with("ResourceArn", arn)
                .child(tags),
        );
    }
    let list = Element::list("TagDescriptions", "member", descriptions);
    Ok(Reply::xml(Element::new("result").child(list)))
}

pub(super) fn add(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arns = members(params, "ResourceArns");
    let added = Tags::read(params)?;
    params.refuse_unread("AddTags")?;
    change(elb, &arns, |tags| tags.0.extend(added.0.clone()))
}

pub(super) fn remove(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arns = members(params, "ResourceArns");
    let keys: BTreeSet<String> = members(params, "TagKeys").into_iter().collect();
    params.refuse_unread("RemoveTags")?;
    change(elb, &arns, |tags| {
        tags.0.retain(|key, _| !keys.contains(key))
    })
}

/// Changes the tags of all the resources, or of none if one of them refuses the change.
fn change(
    elb: &mut ElasticLoadBalancing,
    arns: &[String],
    change: impl Fn(&mut Tags),
) -> Result<Reply, ServiceError> {
    let mut changed = Vec::new();
    for arn in arns {
        let mut tags = find(elb, arn)?.clone();
        change(&mut tags);
        tags.refuse_too_many()?;
        changed.push((arn, tags));
    }
    for (arn, tags) in changed {
        *find(elb, arn)? = tags;
    }
    Ok(Reply::empty())
}

/// Returns the tags of the resource with that ARN: `…:targetgroup/name/id` names a target group.
fn find<'a>(elb: &'a mut ElasticLoadBalancing, arn: &str) -> Result<&'a mut Tags, ServiceError> {
    let kind = arn
        .rsplit(':')
        .next()
        .and_then(|resource| resource.split('/').next());
    let (found, code, what) = match kind {
        Some("targetgroup") => (
            elb.target_groups.get_mut(arn).map(|group| &mut group.tags),
            Code::TargetGroupNotFound,
            "target groups",
        ),
        Some("listener") => (
            elb.listeners
                .get_mut(arn)
                .map(|listener| &mut listener.tags),
            Code::ListenerNotFound,
            "listeners",
        ),
        Some("listener-rule") => (
            elb.listeners
                .values_mut()
                .flat_map(|listener| listener.all_rules_mut())
                .find(|rule| rule.arn == arn)
                .map(|rule| &mut rule.tags),
            Code::RuleNotFound,
            "rules",
        ),
        _ => (
            elb.load_balancers
                .get_mut(arn)
                .map(|balancer| &mut balancer.tags),
            Code::LoadBalancerNotFound,
            "load balancers",
        ),
    };
    found.ok_or_else(|| ServiceError::new(code, format!("One or more {what} not found")))
}
