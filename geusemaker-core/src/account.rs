//! One AWS account in one region, and the identity of the caller.

use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;

use crate::aws::clients::{Reader, Writer};
use crate::aws::clock::Clock;
use crate::aws::clock_speed::ClockSpeed;
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::error::Error;
use crate::id::{AccountId, DeploymentId};
use crate::progress::{Listener, Progress};
use crate::spec::{Region, StackName};
use crate::wait::timeouts::Timeouts;

/// One account in one region: its clients, its clock and its listener.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) clock: Clock,
    pub(crate) progress: Progress,
    pub(crate) region: Region,
    pub(crate) timeouts: Timeouts,
}

/// The identity of the caller.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) account: AccountId,
}

impl Account {
    pub(crate) fn new(
        config: &SdkConfig,
        speed: ClockSpeed,
        listener: &Arc<dyn Listener>,
        region: Region,
    ) -> Self {
        let clock = Clock::of(config).at_speed(speed);
        let sdk_region = Some(aws_config::Region::new(region.to_string()));
        Self {
            reader: Reader::new(config, sdk_region.clone(), speed),
            writer: Writer::new(config, sdk_region),
            progress: Progress::new(Arc::clone(listener), clock.clone()),
            clock,
            region,
            timeouts: Timeouts::default(),
        }
    }

    /// Returns this account with the time limits of a session.
    pub(crate) fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// Returns this account, which reports progress of this stack.
    pub(crate) fn of_stack(self, stack: &StackName) -> Self {
        Self {
            progress: self.progress.of_stack(stack),
            ..self
        }
    }

    /// Returns this account, which reports progress of this deployment.
    pub(crate) fn of_deployment(self, stack: &StackName, deployment: &DeploymentId) -> Self {
        Self {
            progress: self.progress.of_deployment(stack, deployment),
            ..self
        }
    }

    /// Returns the account that the credentials belong to.
    pub(crate) async fn identity(&self) -> Result<Identity, Error> {
        let reply = self
            .reader
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(AwsError::of("sts:GetCallerIdentity"))
            .map_err(|error| self.unidentified(error))?;
        let doing = Error::aws("finding out the account of the credentials");
        match reply.account {
            Some(account) => Ok(Identity {
                account: AccountId::from_aws(account),
            }),
            None => Err(doing(AwsError::incomplete(
                "sts:GetCallerIdentity",
                "account",
            ))),
        }
    }
}

impl Account {
    /// Returns the error of credentials that AWS does not accept. In a Region that the account has not enabled, AWS
    /// accepts none, and does not say why. In one that does not exist, nobody answers.
    fn unidentified(&self, error: AwsError) -> Error {
        let doing = "finding out the account of the credentials";
        let region = &self.region;
        if error.class == ErrorClass::Credentials && region.is_opt_in() {
            return Error::RegionNotEnabled {
                region: region.clone(),
                source: Box::new(error),
            };
        }
        if error.class == ErrorClass::Unreachable && error.is_from_nobody() && !region.is_known() {
            return Error::UnknownRegion {
                region: region.clone(),
                near: region.near_miss(),
                source: Box::new(error),
            };
        }
        Error::aws(doing)(error)
    }
}

/// Omits the clients, whose configurations fill pages.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
