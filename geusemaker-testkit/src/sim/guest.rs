//! The software inside the instances, which AWS does not know and a simulator has to be told.

use std::fmt;

/// An instance that has booted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Boot {
    /// The id, such as `i-0123…`.
    pub instance_id: String,
    /// The type, such as `g5.xlarge`.
    pub instance_type: String,
    /// The number of GPUs of the type.
    pub gpu_count: u32,
    /// The GPU's model as DescribeInstanceTypes names it; empty if there is none.
    pub gpu_model: String,
    /// The user data, decoded from base64.
    pub user_data: String,
}

/// The software in the simulated instances.
///
/// The default boots and says so on its console. Implement this trait to let instances print what your user data would.
pub trait Guest: fmt::Debug + Send + Sync {
    /// Returns the content of the serial console once the instance has booted and user data has run.
    fn console_output(&self, boot: &Boot) -> String {
        format!(
            "[    0.000000] Linux version 6.8.0 (simulated)\ncloud-init: {} is up\n",
            boot.instance_id
        )
    }
}

/// A guest that only boots.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PlainGuest;

impl Guest for PlainGuest {}
