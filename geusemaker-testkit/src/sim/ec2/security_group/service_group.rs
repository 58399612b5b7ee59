//! Security groups that another service keeps in a VPC.

use jiff::Timestamp;

use super::permission::Peer;
use super::rule::Direction;
use super::{SecurityGroup, SecurityGroupRule};
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::ec2::resource_kind::ResourceKind;

impl Ec2 {
    /// Returns the id of a service's group in a VPC, given its name and description. Creates the group if there is none.
    pub(crate) fn service_group(
        &mut self,
        context: &mut RequestContext<'_>,
        vpc: &str,
        (name, description): (&str, &str),
    ) -> String {
        self.forget_gone(context.now);
        let mut groups = self.security_groups.values_mut();
        if let Some(group) = groups.find(|group| group.vpc == vpc && group.name == name) {
            group.gone_at = None;
            return group.id.clone();
        }
        let id = ResourceKind::SecurityGroup.new_id(context.rng);
        let rule = ResourceKind::SecurityGroupRule.new_id(context.rng);
        let everything =
            SecurityGroupRule::everything(rule, &id, Direction::Egress, Peer::anywhere());
        let group = SecurityGroup {
            id: id.clone(),
            vpc: vpc.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            visible_at: context.now,
            is_of_service: true,
            gone_at: None,
            rules: vec![everything],
        };
        self.security_groups.insert(id.clone(), group);
        id
    }

    /// Removes a service's group at that time.
    pub(crate) fn release_group(&mut self, id: &str, at: Timestamp) {
        if let Some(group) = self.security_groups.get_mut(id) {
            group.gone_at = Some(at);
        }
    }
}
