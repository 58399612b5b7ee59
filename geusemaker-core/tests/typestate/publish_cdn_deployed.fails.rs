//! A published stack cannot be published again.

use geusemaker_core::{CdnDeployed, Deployment, Error};

pub async fn advance(deployment: Deployment<CdnDeployed>) -> Result<(), Error> {
    drop(deployment.publish().await?);
    Ok(())
}

fn main() {}
