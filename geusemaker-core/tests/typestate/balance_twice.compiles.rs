//! A stack has one load balancer.

use geusemaker_core::{AlbHealthy, Deployment, Error};

pub async fn advance(deployment: Deployment<AlbHealthy>) -> Result<(), Error> {
    drop(deployment.create_cdn().await?);
    Ok(())
}
