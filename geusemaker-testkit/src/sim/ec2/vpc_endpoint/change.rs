//! Changes and deletions of VPC endpoints.

use std::time::Duration;

use super::creation::parameter;
use super::{DEFAULT_POLICY, Deletion, EndpointType, VpcEndpoint, service};
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::route_table::Target;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// Answers DeleteVpcEndpoints, which deletes what it can and lists the rest.
pub(crate) fn delete(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let ids = params.list("VpcEndpointId");
    if ids.is_empty() {
        // The error names the missing parameter.
        params.required("VpcEndpointId")?;
    }
    params.refuse_unread("DeleteVpcEndpoints")?;
    let mut failures = Vec::new();
    for id in ids {
        if !ec2.vpc_endpoints.contains_key(&id) {
            let refusal = ResourceKind::VpcEndpoint.unknown(&id);
            let error = Element::new("error")
                .with("code", refusal.code)
                .with("message", refusal.message);
            failures.push(Element::new("item").with("resourceId", id).child(error));
            continue;
        }
        ec2.delete_endpoint(context, &id);
    }
    let set = Element::list("unsuccessful", "item", failures);
    Ok(Reply::xml(Element::new("reply").child(set)))
}

/// Answers ModifyVpcEndpoint. An endpoint keeps the subnets that it was created with.
pub(crate) fn modify(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("VpcEndpointId")?;
    let resets_policy = params.parsed("ResetPolicy")? == Some(true);
    let policy = params.optional("PolicyDocument");
    let policy = policy.or(resets_policy.then(|| DEFAULT_POLICY.to_owned()));
    let private_dns: Option<bool> = params.parsed("PrivateDnsEnabled")?;
    let tables = Change::read(params, "RouteTableId");
    let groups = Change::read(params, "SecurityGroupId");
    params.refuse_unread("ModifyVpcEndpoint")?;
    let endpoint = ec2
        .vpc_endpoints
        .get(&id)
        .filter(|endpoint| !endpoint.is_being_deleted())
        .ok_or_else(|| ResourceKind::VpcEndpoint.unknown(&id))?;
    endpoint.refuse_change(&tables, &groups, private_dns)?;
    let service = service::service(context.region, &endpoint.service)?;
    let added: Vec<String> = tables.added_to(&endpoint.route_tables);
    ec2.refuse_endpoint_routes(&endpoint.vpc, &service, &added)?;
    if private_dns == Some(true) && !endpoint.has_private_dns {
        ec2.refuse_private_dns(&endpoint.vpc, &service, None)?;
    }
    let security_groups = groups.apply(&endpoint.security_groups);
    let (vpc, changes_groups) = (endpoint.vpc.clone(), !groups.is_empty());
    if changes_groups {
        ec2.groups_for_interface(context, &vpc, security_groups.clone())?;
    }
    ec2.add_endpoint_routes(&id, &service, &added);
    ec2.remove_endpoint_routes(&id, |table| tables.remove.contains(table));
    let mut interfaces = Vec::new();
    if let Some(endpoint) = ec2.vpc_endpoints.get_mut(&id) {
        endpoint.policy = policy.unwrap_or_else(|| endpoint.policy.clone());
        endpoint.has_private_dns = private_dns.unwrap_or(endpoint.has_private_dns);
        endpoint.route_tables = tables.apply(&endpoint.route_tables);
        endpoint.security_groups.clone_from(&security_groups);
        interfaces.extend(endpoint.placements.iter().map(|it| it.interface.clone()));
    }
    for interface in interfaces {
        ec2.regroup_interface(&interface, security_groups.clone());
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

/// The ids that a call adds to a list and takes out of it.
struct Change {
    add: Vec<String>,
    remove: Vec<String>,
}

impl Change {
    fn read(params: &mut Params, name: &str) -> Self {
        Self {
            add: params.list(&format!("Add{name}")),
            remove: params.list(&format!("Remove{name}")),
        }
    }

    fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }

    /// Returns the ids that are not in the list yet.
    fn added_to(&self, present: &[String]) -> Vec<String> {
        let added = self.add.iter();
        added.filter(|id| !present.contains(id)).cloned().collect()
    }

    fn apply(&self, present: &[String]) -> Vec<String> {
        let kept = present.iter().filter(|id| !self.remove.contains(id));
        kept.cloned().chain(self.added_to(present)).collect()
    }
}

impl VpcEndpoint {
    /// Refuses a change that endpoints of the type do not have.
    fn refuse_change(
        &self,
        tables: &Change,
        groups: &Change,
        private_dns: Option<bool>,
    ) -> Result<(), ServiceError> {
        let is_wrong = match self.kind {
            EndpointType::Gateway => !groups.is_empty() || private_dns.is_some(),
            EndpointType::Interface => !tables.is_empty(),
        };
        if is_wrong {
            return Err(parameter(format!(
                "The attribute cannot be modified for endpoints of type {}.",
                self.kind.name()
            )));
        }
        Ok(())
    }
}

impl Ec2 {
    fn delete_endpoint(&mut self, context: &mut RequestContext<'_>, id: &str) {
        let Some(endpoint) = self.vpc_endpoints.get_mut(id) else {
            return;
        };
        if endpoint.is_being_deleted() {
            return;
        }
        let takes = match endpoint.kind {
            EndpointType::Gateway => context.lifecycle.duration(Duration::ZERO),
            EndpointType::Interface => context.duration(Step::VpcEndpointDeleted),
        };
        let ends_at = context.now + takes;
        endpoint.deletion = Some(Deletion { ends_at });
        let placements = endpoint.placements.clone();
        for placement in placements {
            self.release_interface(&placement.interface, ends_at);
        }
        self.remove_endpoint_routes(id, |_| true);
    }

    /// Removes the routes to a gateway endpoint from some route tables.
    fn remove_endpoint_routes(&mut self, id: &str, from: impl Fn(&String) -> bool) {
        let tables = self.route_tables.values_mut();
        for table in tables.filter(|table| from(&table.id)) {
            table
                .routes
                .retain(|route| !matches!(&route.target, Target::Endpoint(other) if other == id));
        }
    }
}
