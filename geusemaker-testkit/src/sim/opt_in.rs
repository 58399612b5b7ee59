//! The regions that the account has opted in to, and the refusal of calls in the others.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::regions::{self, Region};
use crate::wire::error_code::Code;
use crate::wire::{Service, ServiceError};

/// The names of the regions that the account has opted in to. The others that need it are closed to the account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct OptIns {
    names: BTreeSet<String>,
}

impl OptIns {
    /// Opts in to a region.
    ///
    /// # Panics
    /// Panics if there is no such region, or if every account has it, because nothing would change.
    pub(crate) fn add(&mut self, region: String) {
        assert!(
            regions::region(&region).is_some_and(|known| known.is_opt_in),
            "the simulator has no region {region} that an account has to opt in to"
        );
        self.names.insert(region);
    }

    /// Returns true if the account can use a region.
    pub(crate) fn allow(&self, region: &Region) -> bool {
        !region.is_opt_in || self.names.contains(&region.name)
    }
}

/// Returns the answer of a service in a region that the account has not opted in to: that the credentials are unknown,
/// in the service's own way.
pub(super) fn refusal(service: Service) -> ServiceError {
    let token = "The security token included in the request is invalid.";
    match service {
        Service::Ec2 => ServiceError::new(
            Code::AuthFailure,
            "AWS was not able to validate the provided access credentials",
        ),
        Service::ElasticLoadBalancing | Service::Iam | Service::Sts => {
            ServiceError::new(Code::InvalidClientTokenId, token)
        }
        Service::CloudFront | Service::Efs | Service::Route53 => {
            let mut refusal = ServiceError::new(Code::UnrecognizedClientException, token);
            // The REST services have this status for all refusals of credentials.
            refusal.status = 403;
            refusal
        }
        Service::Acm | Service::SecretsManager | Service::ServiceQuotas | Service::Ssm => {
            ServiceError::new(Code::UnrecognizedClientException, token)
        }
    }
}
