//! A CDN is not in use before every edge location has it.

use geusemaker_core::{CdnPending, Deployment, Error};

pub async fn advance(deployment: Deployment<CdnPending>) -> Result<(), Error> {
    drop(deployment.wait_until_deployed().await?);
    Ok(())
}
