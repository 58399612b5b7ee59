//! The trait of the resource kinds, which the file of each kind implements.

use std::future::Future;

use super::observed::Observed;
use super::protection::Protection;
use super::tagged::TaggedResource;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::kind::ResourceKind;
use crate::wait::Expected;

/// The kinds of resources that others can live on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    FileSystem,
    MountTarget,
    /// The group of a mount target.
    SecurityGroup,
}

/// A kind of resource: its name, and how its resources are found again, observed and deleted.
///
/// The implementing type is the lookup of one resource: the properties that identify it and are known before the create
/// request. The journal stores the lookup with the intent.
pub(crate) trait Kind: Send + Sync + 'static {
    /// The name for people: `load balancer`.
    const NAME: &'static str;

    /// The expected duration of a deletion.
    const DELETION: Expected = Expected::with_deadline_minutes(0, 15, 5);

    /// The kinds whose resources are deleted before those of this kind.
    const AFTER: &'static [ResourceKind] = &[];

    /// The kinds that block the deletion as long as one of their resources is left: AWS refuses it as a conflict.
    const BLOCKED_BY: &'static [ResourceKind] = &[];

    /// The states, in AWS's own words, in which a resource does its work.
    const WORKING: &'static [&'static str] = &["active", "available"];

    /// Returns the filter, by name and value, of the network interfaces that may be in the way of the deletion.
    fn holders(_id: &str) -> Option<(&'static str, &str)> {
        None
    }

    /// The way to ask who else lives on a resource, which AWS would delete below them; `None` if nobody can.
    const SHARED: Option<Sharing> = None;

    /// True if a resource can be protected against its deletion.
    const IS_PROTECTABLE: bool = false;

    /// Returns the protection because of which AWS would refuse the deletion, if there is one. It is asked for only if
    /// [`IS_PROTECTABLE`](Self::IS_PROTECTABLE) says so.
    fn protection(
        _aws: &Reader,
        _id: &str,
    ) -> impl Future<Output = Result<Option<Protection>, AwsError>> + Send {
        std::future::ready(Ok(None))
    }

    /// Returns the name by which the resource is looked up, if it has one that people know.
    fn name(&self) -> Option<&str> {
        None
    }

    /// Returns the AWS CLI command that deletes a resource by hand.
    fn removal_command(id: &str, region: &str) -> String;

    /// Returns the id of the resource, if AWS shows one. An error of class `NotFound` means the same as none.
    fn find(&self, aws: &Reader) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;

    /// Returns the state that AWS reports, or `None` if the resource does not exist. An error of class `NotFound` means
    /// the same as none.
    fn observe(
        aws: &Reader,
        id: &str,
    ) -> impl Future<Output = Result<Option<String>, AwsError>> + Send;

    /// Returns the description that AWS has of the resource, or `None` if AWS knows none. An error of class `NotFound`
    /// means the same as none.
    fn describe(
        aws: &Reader,
        id: &str,
    ) -> impl Future<Output = Result<Option<Observed>, AwsError>> + Send {
        async move { Ok(Self::observe(aws, id).await?.map(Observed::in_state)) }
    }

    /// Sends the delete request once.
    fn delete(
        aws: &Writer,
        reader: &Reader,
        id: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Returns the resources that carry this program's tags. A kind without tags of its own, or one that is always
    /// deleted with the resource it belongs to, returns none.
    fn tagged(_aws: &Reader) -> impl Future<Output = Result<Vec<TaggedResource>, AwsError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }
}
