//! The facts about instance types that are not in the catalog, as AWS gives them.

use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use crate::mutex::Mutex;

/// The facts about an instance type that is not in the catalog, from an answer of DescribeInstanceTypes. Journals store
/// them with the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DescribedType {
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) architecture: Architecture,
    pub(crate) vcpus: u32,
    pub(crate) memory_mib: u64,
    /// True if the type is sold as spot capacity.
    pub(crate) spot: bool,
    /// True if the type is sold in capacity blocks.
    pub(crate) capacity_block: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gpus: Option<DescribedGpus>,
}

/// The GPUs of an instance type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DescribedGpus {
    /// The maker and the model: `NVIDIA A10G`.
    pub(crate) model: String,
    pub(crate) count: u32,
    /// The memory of all of them together.
    pub(crate) memory_mib: u64,
}

/// The facts that this process has met. They stay for good, so that a type can be copied like a number.
pub(super) struct Known<T: 'static>(Mutex<Vec<&'static T>>);

impl<T: PartialEq> Known<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Returns the same facts for as long as the process runs.
    pub(super) fn keep(&self, facts: T) -> &'static T {
        let mut known = self.0.lock();
        if let Some(same) = known.iter().find(|known| ***known == facts) {
            return same;
        }
        let kept: &'static T = Box::leak(Box::new(facts));
        known.push(kept);
        kept
    }
}
