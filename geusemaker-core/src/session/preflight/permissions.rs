//! The permissions to create, as far as EC2's dry runs tell them. Other services have no dry runs.

use super::Preflight;
use super::network::FoundNetwork;
use super::report::{Report, during};
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::plan::Candidate;
use crate::resource::image::Image;
use crate::resource::{instance, security_group};

const CHECKING: &str = "checking the permissions";

impl Preflight<'_> {
    pub(super) async fn permissions(
        &self,
        network: Option<&FoundNetwork>,
        image: Option<&Image>,
        candidates: Option<&[Candidate]>,
        report: &mut Report,
    ) {
        let aws = &self.account.reader;
        let stack = self.spec.name();
        let groups = async {
            let Some(network) = network else {
                return Ok(());
            };
            // Of a new network, nothing else is asked: servers that imitate AWS create a VPC in spite of the dry run.
            let vpc = network.planned.existing_vpc();
            let name = stack.security_group_name("instances");
            of_dry_run(security_group::create_in_dry_run(aws, vpc, &name).await)
        };
        let instances = async {
            let (Some(image), Some([candidate, ..])) = (image, candidates) else {
                return Ok(());
            };
            let profile = self.spec.access().instance_profile();
            let profile = profile.map(|profile| profile.as_str());
            let subnet = candidate.subnet.as_ref().map(|subnet| &subnet.id);
            let instance_type = candidate.instance_type;
            let asked = instance::create_in_dry_run(aws, &image.id, instance_type, subnet, profile);
            of_dry_run(asked.await)
        };
        let (groups, instances) = futures::join!(groups, instances);
        report.take(groups.map_err(during(CHECKING)));
        report.take(instances.map_err(during(CHECKING)));
    }
}

/// Reads the answer to a dry run, which is always an error. Only a missing permission matters here, or no answer: other
/// checks find what else is wrong.
fn of_dry_run(answer: Result<(), AwsError>) -> Result<(), AwsError> {
    match answer {
        Err(error) => match error.class {
            ErrorClass::Permission
            | ErrorClass::Credentials
            | ErrorClass::Throttled
            | ErrorClass::Unreachable => Err(error),
            ErrorClass::Capacity
            | ErrorClass::Conflict
            | ErrorClass::Invalid
            | ErrorClass::NotFound
            | ErrorClass::NotYet
            | ErrorClass::Quota
            | ErrorClass::ServiceFault => Ok(()),
        },
        Ok(()) => Ok(()),
    }
}
