//! One file per kind of AWS resource: its creation, lookup, observation and deletion.

pub(crate) mod create;
pub(crate) mod distribution;
pub(crate) mod file_system;
mod filter;
pub(crate) mod image;
pub(crate) mod instance;
pub(crate) mod instance_type_offering;
pub(crate) mod key_pair;
mod kind;
pub(crate) mod kinds;
pub(crate) mod listener;
pub(crate) mod listener_rule;
pub(crate) mod load_balancer;
pub(crate) mod mount_target;
pub(crate) mod network_interface;
mod ownership;
pub(crate) mod prefix_list;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod subnet;
pub(crate) mod tagged;
pub(crate) mod tags;
pub(crate) mod target_group;
pub(crate) mod target_registration;
pub(crate) mod vpc;
