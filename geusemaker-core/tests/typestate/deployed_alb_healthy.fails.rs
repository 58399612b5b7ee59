//! There is no distribution to wait for yet.

use geusemaker_core::{Deployment, Error, AlbHealthy};

pub async fn advance(deployment: Deployment<AlbHealthy>) -> Result<(), Error> {
    deployment.deployed().await?;
    Ok(())
}

fn main() {}
