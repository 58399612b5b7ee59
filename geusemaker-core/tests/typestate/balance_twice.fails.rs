//! A stack has one load balancer.

use geusemaker_core::{Deployment, Error, AlbHealthy};

pub async fn advance(deployment: Deployment<AlbHealthy>) -> Result<(), Error> {
    deployment.balance().await?;
    Ok(())
}

fn main() {}
