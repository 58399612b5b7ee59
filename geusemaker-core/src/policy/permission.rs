//! A call that is made, and the permissions that AWS asks for it.

use super::need::Need;

/// An operation, the actions that it needs, and the resources that it is made on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permission {
    /// The name of the service in actions, such as `elasticfilesystem`.
    pub(super) service: &'static str,
    /// The name of the operation in the service's API.
    pub(super) operation: &'static str,
    /// The actions that AWS checks for it.
    pub(super) actions: &'static [&'static str],
    pub(super) scope: Scope,
    /// It is permitted if a spec has one of these.
    pub(super) needs: &'static [Need],
}

/// The resources on which an action is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// All: most calls that read, and those that create, know no others.
    Any,
    /// Those that have the tag of the stack.
    Tagged,
    /// The roles and instance profiles of the stack, which have its name.
    Named,
}

/// A row of a table: the operation, whose action has the same name unless others are given.
macro_rules! permissions {
    ($service:literal: $($operation:ident $([$($action:literal),+])? $scope:ident for $($need:ident)|+;)+) => {
        &[$(Permission {
            service: $service,
            operation: stringify!($operation),
            actions: permissions!(@actions $service, $operation $(, $($action),+)?),
            scope: Scope::$scope,
            needs: &[$(Need::$need),+],
        }),+]
    };
    (@actions $service:literal, $operation:ident) => {
        &[concat!($service, ":", stringify!($operation))]
    };
    (@actions $service:literal, $operation:ident, $($action:literal),+) => {
        &[$($action),+]
    };
}
pub(super) use permissions;
