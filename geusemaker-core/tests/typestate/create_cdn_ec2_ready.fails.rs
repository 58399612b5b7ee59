//! A CDN needs a load balancer whose targets are healthy.

use geusemaker_core::{Deployment, Error, Ec2Ready};

pub async fn advance(deployment: Deployment<Ec2Ready>) -> Result<(), Error> {
    deployment.create_cdn().await?;
    Ok(())
}

fn main() {}
