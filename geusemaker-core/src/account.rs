//! One AWS account in one region, and the identity of the caller.

use std::fmt;

use aws_config::{Region, SdkConfig};

use crate::aws::clients::{Reader, Writer};
use crate::aws::clock::Clock;
use crate::aws::clock_speed::ClockSpeed;
use crate::aws::error::AwsError;
use crate::error::Error;
use crate::progress::Progress;

/// One account in one region: its clients, its clock and its listener.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) clock: Clock,
    pub(crate) progress: Progress,
    pub(crate) region: String,
}

/// The identity of the caller.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) account: String,
}

impl Account {
    pub(crate) fn new(
        config: &SdkConfig,
        speed: ClockSpeed,
        progress: Progress,
        region: String,
    ) -> Self {
        let sdk_region = Some(Region::new(region.clone()));
        Self {
            reader: Reader::new(config, sdk_region.clone(), speed),
            writer: Writer::new(config, sdk_region),
            clock: Clock::of(config).at_speed(speed),
            progress,
            region,
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
            .map_err(Error::aws("finding out the account of the credentials"))?;
        Ok(Identity {
            account: reply.account.unwrap_or_default(),
        })
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
