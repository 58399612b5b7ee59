//! Dispatches each operation to the file of the resource kind.

use futures::try_join;

use super::lookup::Lookup;
use super::tagged::TaggedResource;
use super::{
    distribution, file_system, instance, listener, listener_rule, load_balancer, mount_target,
    security_group, security_group_rule, target_group, target_registration,
};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::kind::ResourceKind;

impl ResourceKind {
    /// Returns the state that AWS reports, or `None` if the resource does not exist.
    pub(crate) async fn observe(self, aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let seen = match self {
            Self::Distribution => distribution::observe(aws, id).await,
            Self::FileSystem => file_system::observe(aws, id).await,
            Self::Instance => instance::observe(aws, id).await,
            Self::Listener => listener::observe(aws, id).await,
            Self::ListenerRule => listener_rule::observe(aws, id).await,
            Self::LoadBalancer => load_balancer::observe(aws, id).await,
            Self::MountTarget => mount_target::observe(aws, id).await,
            Self::SecurityGroup => security_group::observe(aws, id).await,
            Self::SecurityGroupRule => security_group_rule::observe(aws, id).await,
            Self::TargetGroup => target_group::observe(aws, id).await,
            Self::TargetRegistration => target_registration::observe(aws, id).await,
        };
        match seen {
            Err(error) if error.is_not_found() => Ok(None),
            seen => seen,
        }
    }

    /// Sends the delete request once.
    pub(crate) async fn delete(
        self,
        aws: &Writer,
        reader: &Reader,
        id: &str,
    ) -> Result<(), AwsError> {
        match self {
            Self::Distribution => distribution::delete(aws, reader, id).await,
            Self::FileSystem => file_system::delete(aws, id).await,
            Self::Instance => instance::delete(aws, id).await,
            Self::Listener => listener::delete(aws, id).await,
            Self::ListenerRule => listener_rule::delete(aws, id).await,
            Self::LoadBalancer => load_balancer::delete(aws, id).await,
            Self::MountTarget => mount_target::delete(aws, id).await,
            Self::SecurityGroup => security_group::delete(aws, id).await,
            Self::SecurityGroupRule => security_group_rule::delete(aws, reader, id).await,
            Self::TargetGroup => target_group::delete(aws, id).await,
            Self::TargetRegistration => target_registration::delete(aws, id).await,
        }
    }
}

impl Lookup {
    /// Returns the id of the resource, if AWS shows one.
    pub(crate) async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let found = match self {
            Self::Distribution { caller_reference } => {
                distribution::find(aws, caller_reference).await
            }
            Self::FileSystem { creation_token } => file_system::find(aws, creation_token).await,
            Self::Instance { client_token } => instance::find(aws, client_token).await,
            Self::Listener {
                load_balancer,
                port,
            } => listener::find(aws, load_balancer, *port).await,
            Self::ListenerRule { listener, priority } => {
                listener_rule::find(aws, listener, *priority).await
            }
            Self::LoadBalancer { name, deployment } => {
                load_balancer::find(aws, name, deployment).await
            }
            Self::MountTarget {
                file_system,
                subnet,
                group,
            } => mount_target::find(aws, file_system, subnet, group).await,
            Self::SecurityGroup {
                vpc,
                name,
                deployment,
            } => security_group::find(aws, vpc, name, deployment).await,
            Self::SecurityGroupRule {
                group,
                port,
                source,
            } => security_group_rule::find(aws, group, *port, source).await,
            Self::TargetGroup { name, deployment } => {
                target_group::find(aws, name, deployment).await
            }
            Self::TargetRegistration {
                target_group,
                instance,
            } => target_registration::find(aws, target_group, instance).await,
        };
        match found {
            Err(error) if error.is_not_found() => Ok(None),
            found => found,
        }
    }
}

/// Returns all resources in the account and region that carry this program's tags. AWS may not show resources that are
/// only seconds old.
pub(crate) async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
    let (distributions, file_systems, instances, load_balancers, security_groups, target_groups) =
        try_join!(
            distribution::tagged(aws),
            file_system::tagged(aws),
            instance::tagged(aws),
            load_balancer::tagged(aws),
            security_group::tagged(aws),
            target_group::tagged(aws),
        )?;
    let mut all = [
        distributions,
        load_balancers,
        target_groups,
        instances,
        file_systems,
        security_groups,
    ]
    .concat();
    all.sort_by(|a, b| (&a.stack, &a.deployment).cmp(&(&b.stack, &b.deployment)));
    Ok(all)
}
