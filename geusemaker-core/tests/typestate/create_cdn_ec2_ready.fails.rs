//! A CDN needs a load balancer whose targets are healthy.

use geusemaker_core::{Deployment, Ec2Ready, Error};

pub async fn advance(deployment: Deployment<Ec2Ready>) -> Result<(), Error> {
    drop(deployment.create_cdn().await?);
    Ok(())
}

fn main() {}
