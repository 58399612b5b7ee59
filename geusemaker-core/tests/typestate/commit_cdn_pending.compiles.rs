//! A CDN is not in use before every edge location has it.

use geusemaker_core::{Deployment, Error, CdnPending};

pub async fn advance(deployment: Deployment<CdnPending>) -> Result<(), Error> {
    deployment.deployed().await?;
    Ok(())
}

fn main() {}
