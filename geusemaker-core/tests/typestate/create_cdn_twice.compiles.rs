//! A stack has one distribution.

use geusemaker_core::{Deployment, Error, CdnPending};

pub async fn advance(deployment: Deployment<CdnPending>) -> Result<(), Error> {
    deployment.deployed().await?;
    Ok(())
}

fn main() {}
