//! The stacks of the matrix, and the account that they are deployed in.

use std::time::Duration;

use geusemaker_core::DeploymentSpec;
use geusemaker_testkit::{Aws, ResourceState, Snapshot};

use crate::scenario::{Scenario, account, others, spec_with, spec_with_access_points};

/// A stack of the matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stack {
    pub(crate) name: &'static str,
    pub(crate) tier: u8,
    /// True if the stack adopts a file system of another user, in which it has access points.
    adopts: bool,
    /// Further tables of its spec; without one, the stack uses the default VPC and has no name.
    tables: &'static str,
}

pub(crate) const STACKS: [Stack; 7] = [
    Stack::new("tier 1", 1),
    Stack {
        adopts: true,
        ..Stack::new("tier 1 with an adopted file system", 1)
    },
    Stack {
        tables: "[network]\ncreate = true",
        ..Stack::new("tier 1 with a network of its own", 1)
    },
    Stack {
        tables: "[network]\ncreate = true\nprivate = true",
        ..Stack::new("tier 1 in private subnets", 1)
    },
    Stack::new("tier 2", 2),
    Stack {
        tables: "[domain]\nname = 'llm.example.com'\nhosted_zone = 'example.com'",
        ..Stack::new("tier 3 with a name", 3)
    },
    Stack {
        tables: "[cdn]\norigin = 'vpc'",
        ..Stack::new("tier 3 from a VPC origin", 3)
    },
];

impl Stack {
    const fn new(name: &'static str, tier: u8) -> Self {
        Self {
            name,
            tier,
            adopts: false,
            tables: "",
        }
    }

    /// Returns the spec, for an account with this file system.
    pub(crate) fn spec(self, file_system: &str) -> DeploymentSpec {
        if self.adopts {
            return spec_with_access_points(&format!("file_system = {file_system:?}"));
        }
        spec_with(self.tier, self.tables)
    }
}

/// An account in which other users have resources of each kind, and a file system that a stack may adopt.
#[derive(Clone, Debug)]
pub(crate) struct Neighborhood {
    pub(crate) account: Snapshot,
    pub(crate) file_system: String,
    /// The resources of other users, with their state.
    pub(crate) others: Vec<ResourceState>,
}

impl Neighborhood {
    pub(crate) async fn build() -> Self {
        let aws = account().build();
        others::make(&aws, &image(&aws).await).await;
        let efs = aws_sdk_efs::Client::new(&aws.sdk_config());
        let made = efs.create_file_system().creation_token("models");
        let made = made.encrypted(true).send().await.unwrap();
        // AWS needs minutes for some of these resources.
        aws.clock().sleep(Duration::from_secs(3600)).await;
        aws.reset_baseline();
        Self {
            account: aws.snapshot(),
            others: aws.states(),
            file_system: made.file_system_id().to_owned(),
        }
    }
}

/// Returns the image that a stack is launched from.
async fn image(aws: &Aws) -> String {
    let scenario = Scenario::on(aws.clone());
    let planned = scenario.session.plan(spec_with(1, "")).await.unwrap();
    planned.state().plan.image.id.to_string()
}
